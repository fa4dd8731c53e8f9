"""The load test of every commit: Locust's callers against the demo, each answer opened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.package import ROOT
from tests.server.harness import Server

pytestmark = pytest.mark.server


def test_the_smoke_profile_is_kept(server: Server, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-m", "loadtests.run", "smoke", "--url", server.inference_url, "--out", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "handlers:."},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads((tmp_path / "smoke" / "result.json").read_text(encoding="utf-8"))
    kept = found["conservation"]
    assert kept["sent"] == kept["spoken"] + kept["refused"] + kept["shed"]
    assert found["violations"] == []
