"""What a running TorchServe tells about its models, by its management API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import urllib3

ANSWER_DEADLINE_S: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """One model as the server describes it.

    Attributes:
        name: The model.
        min_workers: Workers that it is to have.
        ready_workers: Workers that have loaded.
        pending_requests: Requests that wait in its queue.
        pids: Process ids of its workers.
        refusal: Why it does not get the workers that it is to have; empty if it does.
    """

    name: str
    min_workers: int
    ready_workers: int
    pending_requests: int
    pids: tuple[int, ...]
    refusal: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether every worker has loaded."""
        return 0 < self.min_workers <= self.ready_workers


def describe(
    management_url: str, name: str, timeout_s: float = ANSWER_DEADLINE_S
) -> ModelState | None:
    """Ask for one model.

    Args:
        management_url: Where the management API is.
        name: The model.
        timeout_s: How long to wait for an answer.

    Returns:
        Its state; None while the server does not answer, or knows no such model.
    """
    try:
        answer = urllib3.request(
            "GET", f"{management_url}/models/{name}", timeout=timeout_s, retries=False
        )
        described: Any = answer.json() if answer.status == HTTPStatus.OK else None
    except (urllib3.exceptions.HTTPError, ValueError):
        return None
    if not isinstance(described, list) or not described:
        return None
    model = described[0]
    workers = model.get("workers", [])
    return ModelState(
        name=name,
        min_workers=int(model.get("minWorkers", 0)),
        ready_workers=sum(worker.get("status") == "READY" for worker in workers),
        pending_requests=int(model.get("jobQueueStatus", {}).get("pendingRequests", 0)),
        pids=tuple(int(worker["pid"]) for worker in workers if worker.get("pid")),
    )


def describe_all(management_url: str, names: Sequence[str]) -> dict[str, ModelState]:
    """Ask for several models; those that give no answer are left out."""
    states = {name: describe(management_url, name) for name in names}
    return {name: state for name, state in states.items() if state is not None}
