"""After many requests, a fifth of them bad, the server holds no more than before."""

from __future__ import annotations

import pytest

from loadtests.bounds import run, violations
from loadtests.run import Target
from tests.server.harness import DEMO_ROUTER_WORKERS, Server

pytestmark = pytest.mark.server

REQUESTS = 160
"""As many as a check of every commit has time for; ``make bounds`` sends more, and records what it finds."""


def test_descriptors_threads_and_files_stay_and_every_answer_is_as_it_should_be(
    server: Server,
) -> None:
    outcomes, reasons, held = run(Target(url=server.inference_url, server=server), REQUESTS)

    assert outcomes["spoken"] > REQUESTS / 2, reasons
    assert outcomes["refused"] > REQUESTS / 10, reasons
    assert (
        violations(outcomes, held) == []
    )  # memory, still being filled after so few, is not judged
    assert {name: kind.processes for name, kind in held[-1].kinds.items()} == {
        "java": 1, "language": 8, "router": DEMO_ROUTER_WORKERS,
    }  # fmt: skip
