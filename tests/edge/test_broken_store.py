"""Archives that are not what was built: refused before TorchServe, which would only log them, reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.edge.edges import TIMEOUT_S
from tests.edge.pods import STOP_DEADLINE_S, is_ready, pod, store_of, until
from tests.server.harness import tiny_archive

pytestmark = pytest.mark.server

QUICK = """
class Base:
    def initialize(self, context):
        pass

    def handle(self, data, context):
        return ["done"]
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two models, of which one is cut off after it was locked."""
    archives = []
    for name in ("f5_good", "f5_cut"):
        folder = tmp_path / name
        folder.mkdir()
        archives.append(tiny_archive(name, folder, QUICK))
    store = store_of(tmp_path, *archives)
    whole = archives[1].read_bytes()
    archives[1].write_bytes(whole[: len(whole) // 2])
    return store


def test_a_truncated_archive_is_refused_by_name_and_nothing_starts(
    tmp_path: Path, store: Path
) -> None:
    with pod(tmp_path, store, ROLE="shard") as running:
        assert running.process.wait(STOP_DEADLINE_S) == 1

        said = running.said()
        assert "f5_cut.mar: truncated" in said
        assert "F5SERVE_ALLOW_DEGRADED=1" in said
        assert "Traceback" not in said
        assert not (running.folder / "logs").exists()


def test_a_missing_archive_is_refused_by_name_and_nothing_starts(
    tmp_path: Path, store: Path
) -> None:
    (store / "f5_cut.mar").unlink()

    with pod(tmp_path, store, ROLE="shard") as running:
        assert running.process.wait(STOP_DEADLINE_S) == 1

        assert "f5_cut.mar: missing" in running.said()
        assert "Traceback" not in running.said()
        assert not (running.folder / "logs").exists()


def test_an_archive_of_the_right_size_with_another_content_is_refused_by_name(
    tmp_path: Path, store: Path
) -> None:
    cut, good = (tmp_path / name / f"{name}.mar" for name in ("f5_cut", "f5_good"))
    whole = bytearray(good.read_bytes())
    whole[len(whole) // 2] ^= 1
    good.write_bytes(whole)
    (store / cut.name).unlink()

    with pod(tmp_path, store, ROLE="shard", MODELS="f5_good") as running:
        assert running.process.wait(STOP_DEADLINE_S) == 1

        said = running.said()
        assert "f5_good.mar" in said
        assert "not the archive that was verified; make package" in said
        assert not (running.folder / "logs").exists()


def test_where_it_is_allowed_the_others_are_served_and_the_broken_one_is_named(
    tmp_path: Path, store: Path
) -> None:
    with pod(tmp_path, store, ROLE="shard", ALLOW_DEGRADED="1") as running:
        until(lambda: is_ready(running), running)

        told = running.readyz()
        assert told["status"] == "degraded"
        assert told["models"]["f5_good"] == {"state": "ready"}
        assert told["models"]["f5_cut"]["state"] == "broken"
        assert "truncated" in told["models"]["f5_cut"]["reason"]
        good, cut = (
            requests.post(f"{running.url}/predictions/{name}", data=b"x", timeout=TIMEOUT_S)
            for name in ("f5_good", "f5_cut")
        )
        assert good.status_code == 200
        assert (cut.status_code, cut.json()["code"]) == (404, "not_found")
