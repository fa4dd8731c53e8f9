"""What was logged, as it would stand in a worker's log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from f5serve.log import JsonLines


def logged(caplog: pytest.LogCaptureFixture, *messages: str) -> list[dict[str, Any]]:
    """Answer the lines that were logged, in order; those with one of some messages alone, where some are given."""
    form = JsonLines("a-worker")
    lines: list[dict[str, Any]] = [json.loads(form.format(record)) for record in caplog.records]
    return [line for line in lines if not messages or line["message"] in messages]
