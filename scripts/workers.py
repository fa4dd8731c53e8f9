"""How many workers each language model gets, where a server is told so and not only its archives.

TorchServe 0.12 starts as many as an archive says, whatever its own properties say. The rest is asked for by its
management API once it knows the model, whenever it does: a server that was started again is asked again.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import urllib3
import yaml

from f5serve.errors import ConfigurationError
from scripts.archive import MODEL_CONFIG
from scripts.management import ANSWER_DEADLINE_S, ModelState, describe

LANGUAGE_MODELS: Final = "f5_"
LONGEST_REASON: Final = 200


def is_language_model(name: str) -> bool:
    """Tell whether a model speaks; the router does not."""
    return name.startswith(LANGUAGE_MODELS)


def require_scalable(archives: Iterable[Path], workers: int) -> None:
    """Refuse several workers for a model that works step by step: TorchServe 0.12 locks up (docs/adr/0015).

    Raises:
        ConfigurationError: If there is one; names it.
    """
    if workers <= 1:
        return
    stepping = [
        archive.stem
        for archive in archives
        if is_language_model(archive.stem) and config_of(archive).get("continuousBatching")
    ]
    if stepping:
        raise ConfigurationError(
            f"{', '.join(stepping)}: a model that is served step by step (batching.continuous) has to have one worker,"
            f" not {workers}. Leave WORKERS (F5SERVE_WORKERS) out, or take batching.continuous out of"
            " config/catalogue.yaml and run make package"
        )


def config_of(archive: Path) -> dict[str, Any]:
    """Answer an archive's ``model-config.yaml``."""
    with zipfile.ZipFile(archive) as content:
        config: dict[str, Any] = yaml.safe_load(content.read(MODEL_CONFIG))
    return config


def look(
    management_url: str, name: str, workers: int, timeout_s: float = ANSWER_DEADLINE_S
) -> ModelState | None:
    """Ask for one model, and for its workers where it is to have another number of them.

    Args:
        management_url: Where the management API is.
        name: The model.
        workers: Workers of each language model; 0 leaves what the archive says.
        timeout_s: How long to wait for an answer.

    Returns:
        Its state, with the workers that it is to have; None while the server does not answer, or knows no such
        model.
    """
    state = describe(management_url, name, timeout_s)
    if state is None or not workers or not is_language_model(name) or state.min_workers == workers:
        return state
    # What has loaded already is no measure: TorchServe is only beginning to start, or end, the others.
    return replace(
        state,
        min_workers=workers,
        ready_workers=min(state.ready_workers, workers - 1),
        refusal=_ask_for(management_url, name, workers, timeout_s),
    )


def _ask_for(management_url: str, name: str, workers: int, timeout_s: float) -> str:
    """Ask for workers; answer why TorchServe refuses them, or nothing if it does not, or is asked again."""
    url = f"{management_url}/models/{name}?min_worker={workers}&max_worker={workers}"
    try:
        answer = urllib3.request("PUT", url, timeout=timeout_s, retries=False)
    except urllib3.exceptions.HTTPError:
        return ""
    if answer.status in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
        return ""
    said = answer.data[:LONGEST_REASON].decode(errors="replace").strip()
    return f"TorchServe gives {name} no {workers} workers: {answer.status} {said}"
