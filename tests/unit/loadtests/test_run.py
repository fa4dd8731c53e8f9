"""The command itself, with Locust, against a stand-in for the server: what it finds and how it ends."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml

from f5serve import encoding
from loadtests.profile import FOLDER
from loadtests.run import RESULTS, thinned
from loadtests.watch import Holding
from loadtests.workload import ROOT, expected_s
from scripts.guards import alone

Reply = tuple[int, dict[str, str], bytes]


def spoken(request: dict[str, Any]) -> Reply:
    """Speech as long as the text, in the format asked for; for a bad request what the server says."""
    text = request["text"] if "text" in request else request["input"]
    seconds = expected_s(text)
    response_format = request["response_format"]
    samples = np.random.default_rng(1).normal(0.0, 0.1, int(seconds * 24_000)).astype(np.float32)
    headers = {
        "Content-Type": encoding.CONTENT_TYPES[response_format],
        "X-Language": request.get("language", "fr"),
        "X-Model": "f5_fr",
        "X-Queue-Ms": "1.0",
        "X-Audio-Seconds": f"{seconds:.3f}",
    }
    return 200, headers, encoding.encode(samples, response_format)


class StandIn:
    """Answers every request by a function of its number and what is asked."""

    def __init__(self, answer: Callable[[int, dict[str, Any]], Reply | None]) -> None:
        self.asked = 0
        lock, self_ = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    self_.asked += 1
                    number = self_.asked
                reply = answer(number, json.loads(body))
                if reply is None:
                    return
                status, headers, content = reply
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Callers that have gone are what this is about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """Three seconds of two callers, no bad requests."""
    told = yaml.safe_load((FOLDER / "smoke.yaml").read_text(encoding="utf-8"))
    told.update(
        stages=[{"name": "two", "seconds": 3, "users": 2}],
        warm_up_s=0,
        deadline_s=4,
        think_s=0.1,
        mix={**told["mix"], "bad_share": 0.0},
        limits={"min_spoken": 1},
    )
    path = tmp_path / f"stand_in_{tmp_path.name}.yaml"
    path.write_text(yaml.safe_dump(told), encoding="utf-8")
    return path


def loadtest(profile: Path, url: str, folder: Path, *more: str) -> tuple[int, dict[str, Any], str]:
    """Run the command; answer its exit status, its result and all that it printed."""
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-m", "loadtests.run", str(profile), "--url", url, "--out", str(folder), *more],
        cwd=ROOT,
        env={"PYTHONPATH": "handlers:.", "PATH": "/usr/bin:/bin", "MPLCONFIGDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    result = folder / profile.stem / "result.json"
    found = msgspec.json.decode(result.read_bytes()) if result.is_file() else {}
    return done.returncode, found, done.stdout + done.stderr


def test_a_good_server_keeps_the_profile_with_one_generator_and_with_two(
    profile: Path, tmp_path: Path
) -> None:
    for generators in ("1", "2"):
        with StandIn(lambda _, request: spoken(request)) as server:
            status, found, told = loadtest(
                profile, server.url, tmp_path / generators, "--generators", generators
            )

        assert status == 0, told
        assert found["conservation"]["sent"] == found["conservation"]["spoken"] == server.asked
        assert found["headers_ms"]["queue_ms"]["p50"] == 1.0
        assert found["circumstances"]["commit"]
        assert (tmp_path / generators / profile.stem / "report.html").is_file()


def test_arrivals_that_wait_for_nobody_are_counted_from_when_they_were_due(
    profile: Path, tmp_path: Path
) -> None:
    told = yaml.safe_load(profile.read_text(encoding="utf-8"))
    told["stages"] = [{"name": "open", "seconds": 3, "rate_per_s": 10.0}]
    profile.write_text(yaml.safe_dump(told), encoding="utf-8")

    def answer(number: int, request: dict[str, Any]) -> Reply:
        time.sleep(1.0)
        return spoken(request)

    started = time.monotonic()
    with StandIn(answer) as server:
        status, found, said = loadtest(profile, server.url, tmp_path / "out")

    # One caller who waits could have asked three times.
    assert status == 0, said
    assert found["conservation"]["spoken"] == server.asked > 10
    assert found["total"]["whole"]["p50_s"] > 1.0
    assert time.monotonic() - started < 40.0


def test_answers_that_come_long_after_the_end_are_waited_for_by_every_generator(
    profile: Path, tmp_path: Path
) -> None:
    told = yaml.safe_load(profile.read_text(encoding="utf-8"))
    told["deadline_s"] = 30
    profile.write_text(yaml.safe_dump(told), encoding="utf-8")

    def answer(_: int, request: dict[str, Any]) -> Reply:
        time.sleep(7.0)  # Locust's master gives its workers three seconds to end
        return spoken(request)

    with StandIn(answer) as server:
        status, found, said = loadtest(profile, server.url, tmp_path / "out", "--generators", "2")

    assert status == 0, said
    assert found["conservation"]["sent"] == found["conservation"]["spoken"] == server.asked > 0


def test_answers_that_hang_break_off_or_are_wrong_are_found_and_decide_the_exit_status(
    profile: Path, tmp_path: Path
) -> None:
    def answer(number: int, request: dict[str, Any]) -> Reply | None:
        if number == 2:
            time.sleep(20.0)
        if number == 3:
            return None
        if number == 4:
            return 200, {"Content-Type": "text/html"}, b"<html>"
        if number == 5:
            return 503, {"Retry-After": "1"}, b'{"type":"about:blank","code":"x","request_id":"y"}'
        return spoken(request)

    with StandIn(answer) as server:
        status, found, told = loadtest(profile, server.url, tmp_path / "out")

    kept = found["conservation"]
    assert status == 1, told
    assert (kept["hung"], kept["broken"], kept["wrong"], kept["shed"]) == (1, 1, 1, 1), told
    assert kept["sent"] == kept["spoken"] + 4, told
    assert "hung 1" in told


def test_what_a_profile_allows_may_still_miss_the_objectives_of_the_service(
    profile: Path, tmp_path: Path
) -> None:
    told = yaml.safe_load(profile.read_text(encoding="utf-8"))
    told["limits"] |= {"max_shed_share": 0.9}
    profile.write_text(yaml.safe_dump(told), encoding="utf-8")

    def answer(number: int, request: dict[str, Any]) -> Reply:
        if number % 3 == 0:
            return 503, {"Retry-After": "1"}, b'{"type":"about:blank","code":"x","request_id":"y"}'
        return spoken(request)

    with StandIn(answer) as server:
        kept, _, said = loadtest(profile, server.url, tmp_path / "profile")
    with StandIn(answer) as server:
        missed, found, _ = loadtest(profile, server.url, tmp_path / "slo", "--slo")

    assert kept == 0, said
    assert missed == 1
    for told_of in (
        "requests shed; 2% are allowed",
        "good requests got no speech; 0.5% are allowed",
    ):
        assert any(told_of in violation for violation in found["violations"]), told_of


def test_a_profile_that_is_not_there_is_told_and_is_no_verdict(tmp_path: Path) -> None:
    status, _, told = loadtest(Path("nothing"), "http://127.0.0.1:9", tmp_path)

    assert status == 2
    assert "there is no profile 'nothing'" in told


def test_a_second_run_in_the_same_folder_says_so_and_touches_nothing(
    profile: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    mine = folder / profile.stem / "samples.jsonl"
    mine.parent.mkdir(parents=True)
    mine.write_text("of the first run", encoding="utf-8")

    with alone(folder / profile.stem):
        status, _, told = loadtest(profile, "http://127.0.0.1:9", folder)

    assert status == 2
    assert "another run uses" in told
    assert mine.read_text(encoding="utf-8") == "of the first run"


def test_a_run_of_another_length_is_recorded_as_what_it_was(profile: Path, tmp_path: Path) -> None:
    with StandIn(lambda _, request: spoken(request)) as server:
        status, found, told = loadtest(profile, server.url, tmp_path / "out", "--minutes", "0.025")

    assert status == 0, told
    assert found["load"]["stages"][0]["seconds"] == 1.5
    assert found["total"]["seconds"] == 1.5

    status, again, told = loadtest(profile, "", tmp_path / "out", "--judge")

    assert status == 0, told
    assert again["load"] == found["load"], "judged as what was run, and not as the profile is now"
    assert (again["circumstances"], again["url"]) == (found["circumstances"], server.url)


def test_only_what_asked_the_demo_on_this_machine_is_recorded(
    profile: Path, tmp_path: Path
) -> None:
    with StandIn(lambda _, request: spoken(request)) as server:
        early, _, said = loadtest(profile, server.url, tmp_path / "out", "--record")
        assert server.asked == 0
        loadtest(profile, server.url, tmp_path / "out", "--minutes", "0.025")
    late, _, told = loadtest(profile, "", tmp_path / "out", "--judge", "--record")

    assert (early, late) == (2, 2)
    assert "leave out --url" in said
    assert "only what asked the demo on this machine is recorded" in told
    assert not (RESULTS / f"{profile.stem}.json").exists()


@pytest.mark.parametrize(("looks", "most", "kept"), [(200, 20, 20), (41, 20, 14), (7, 20, 7)])
def test_a_record_keeps_looks_that_are_evenly_spread_and_the_last(
    looks: int, most: int, kept: int
) -> None:
    held = [
        Holding(at_s=n, processes=1, rss_bytes=1, own_bytes=1, kinds={}, descriptors=1, threads=1, files=1)
        for n in range(looks)
    ]  # fmt: skip

    told = [int(look.at_s) for look in thinned(held, most)]

    assert len(told) == kept
    assert told[-1] == looks - 1
    assert len({later - sooner for sooner, later in itertools.pairwise(told)}) == 1
    assert thinned([]) == []
