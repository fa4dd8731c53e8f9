"""When a benchmark is recorded, and when it is not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from f5serve.errors import ServeError
from loadtests.bench import band, engine, gpu, overhead, schedules, serving
from loadtests.bench.contestants import HALF, OURS, PADDED, STATUS_QUO, STREAMED, Server
from loadtests.bench.serving import void_because

GOOD: Mapping[str, Mapping[str, Any]] = {
    OURS: {"texts": 8, "median": 2e-4, "worst": 9e-4},
    HALF: {"texts": 8, "median": 2e-4, "worst": 1e-2},
    PADDED: {"texts": 8, "median": 0.4, "worst": 0.6},
}
Records = list[Mapping[str, Any]]


@contextlib.contextmanager
def nothing(*told: object, **named: object) -> Iterator[dict[str, str]]:
    yield {}


def row(server: str, errors: int = 0) -> dict[str, object]:
    return {
        "callers": 8,
        "server": server,
        "n": 24,
        "errors": errors,
        "audio_s_per_s": 2.0,
        "p95_s": 3.0,
    }


def overhead_row(errors: int) -> overhead.Row:
    return overhead.Row(
        way="router", cost_ms=0, callers=1, n=20, errors=errors, added_p50_ms=1.0, added_p95_ms=2.0, requests_per_s=9.0
    )  # fmt: skip


def faked(monkeypatch: pytest.MonkeyPatch, module: ModuleType, began: Callable[[], None]) -> None:
    """Let a benchmark find something at once, in place of measuring it."""

    def measures(found: object) -> Callable[..., object]:
        def measure(*told: object, **named: object) -> object:
            began()
            return found

        return measure

    if module is engine:
        monkeypatch.setattr(engine, "run", measures({"models": []}))
        monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    elif module is overhead:
        monkeypatch.setattr(overhead, "measure", measures([overhead_row(0)]))
    elif module is schedules:
        monkeypatch.setattr(schedules, "servers", nothing)
        monkeypatch.setattr(schedules, "measure", measures({"rows": []}))
    else:
        monkeypatch.setattr(serving, "peers_python", lambda: Path("python"))
        monkeypatch.setattr(serving, "versions", lambda python: {"litserve": "0.2.19"})
        monkeypatch.setattr(serving, "compare", measures((GOOD, [row(OURS), row(STATUS_QUO)])))
        monkeypatch.setattr(serving, "draw", lambda rows, path: None)


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Records:
    kept: Records = []

    def keep(path: Path, result: Mapping[str, Any], *, measured: Mapping[str, Any]) -> None:
        kept.append({"circumstances": measured, **result})

    monkeypatch.setattr(band, "write_record", keep)
    return kept


@pytest.mark.parametrize("bench", [engine, gpu, overhead, schedules, serving])
def test_a_quick_run_cannot_be_recorded(
    bench: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(["--quick", "--record"])

    assert ended.value.code == 2
    assert "--quick measures too little to be recorded" in capsys.readouterr().err


@pytest.mark.parametrize("bench", [engine, overhead, schedules, serving])
def test_a_record_tells_the_commit_on_which_the_run_began(
    bench: ModuleType, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = ["at the start"]
    monkeypatch.setattr(bench, "circumstances", lambda: {"commit": commits[-1]})
    faked(monkeypatch, bench, began=lambda: commits.append("made meanwhile"))

    assert bench.main(["--record"]) == 0

    assert commits[-1] == "made meanwhile"
    assert records[0]["circumstances"] == {"commit": "at the start"}


def test_a_record_of_the_comparison_names_the_peers_versions(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    faked(monkeypatch, serving, began=lambda: None)

    assert serving.main(["--record"]) == 0

    assert records[0]["versions"] == {"litserve": "0.2.19"}
    assert set(records[0]["over_status_quo"]) == {OURS, HALF}


def test_errors_of_the_server_itself_are_not_recorded(
    records: Records, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(overhead, "measure", lambda *told: [overhead_row(0), overhead_row(2)])

    assert overhead.main(["--record"]) == 1

    assert records == []
    assert "void: 2 requests had no speech" in capsys.readouterr().err


@pytest.mark.parametrize("name", [OURS, STREAMED, HALF])
def test_a_request_that_ours_fails_makes_a_run_void(name: str) -> None:
    assert void_because(GOOD, [row(name, errors=3)]) == [
        f"{name} failed 3 of 24 requests with 8 callers"
    ]


def test_what_peers_fail_or_say_wrongly_in_company_is_a_result() -> None:
    assert void_because(GOOD, [row(OURS), row(STATUS_QUO, errors=3), row(PADDED, errors=24)]) == []


@pytest.mark.parametrize(
    ("name", "worst"), [(OURS, 1.1e-3), (OURS, float("nan")), (HALF, 6e-2), (HALF, 1.0)]
)
def test_ours_that_says_something_else_in_company_makes_a_run_void(name: str, worst: float) -> None:
    (reason,) = void_because({**GOOD, name: {**GOOD[name], "worst": worst}})

    assert reason.startswith(f"{name} in company")


class Contest:
    """Servers that are not there; what they are found to do is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.company: dict[str, Mapping[str, Any]] = dict(GOOD)
        self.rows = [row(OURS), row(STATUS_QUO)]
        self.loaded = False
        monkeypatch.setattr(serving, "has_bfloat16_units", lambda device: False)
        monkeypatch.setattr(serving, "peers_python", lambda: Path("python"))
        monkeypatch.setattr(serving, "versions", lambda python: {})
        monkeypatch.setattr(serving, "texts_of", lambda *told: [])
        monkeypatch.setattr(serving, "draw", lambda rows, path: None)
        monkeypatch.setattr(serving, "ours", self._server(OURS))
        monkeypatch.setattr(serving, "peer", lambda name, *told: self._server(name)())
        monkeypatch.setattr(serving, "in_company", lambda server, texts: self.company[server.name])
        monkeypatch.setattr(serving, "measure", self._measure)

    def _server(self, name: str) -> Callable[..., contextlib.AbstractContextManager[Server]]:
        return lambda *told: contextlib.nullcontext(Server(name, "", 1))

    def _measure(self, *told: object) -> list[dict[str, object]]:
        self.loaded = True
        return self.rows


@pytest.fixture
def contest(monkeypatch: pytest.MonkeyPatch) -> Contest:
    return Contest(monkeypatch)


def test_a_run_that_counts_is_recorded(contest: Contest, records: Records) -> None:
    assert serving.main(["--record"]) == 0

    assert [found["server"] for found in records[0]["rows"]] == [OURS, STATUS_QUO]
    assert set(records[0]["in_company"]) == {OURS, PADDED}


def test_a_run_that_is_not_recorded_is_held_against_the_record(
    contest: Contest, records: Records, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serving.main([]) == 0

    told = capsys.readouterr().out.splitlines()
    assert told[-1].startswith("0 of 1 ratios lie within the recorded band")
    assert f"  {OURS}, 8 callers: 1.00x" in "\n".join(told)


def test_a_quick_run_is_not(
    contest: Contest, records: Records, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serving.main(["--quick"]) == 0

    assert "band" not in capsys.readouterr().out


def test_a_run_in_which_ours_failed_is_not_recorded_and_says_why(
    contest: Contest, records: Records, capsys: pytest.CaptureFixture[str]
) -> None:
    contest.rows = [row(OURS, errors=1), row(STATUS_QUO)]

    assert serving.main(["--record"]) == 1

    assert records == []
    assert "void: ours failed 1 of 24 requests" in capsys.readouterr().err


def test_a_run_in_which_ours_is_wrong_in_company_ends_before_any_load(
    contest: Contest, records: Records, capsys: pytest.CaptureFixture[str]
) -> None:
    contest.company[OURS] = {"texts": 8, "median": 2e-4, "worst": 2e-3}

    assert serving.main(["--record"]) == 1

    assert records == []
    assert not contest.loaded
    assert "void: ours in company is 2.0e-03 from what it says alone" in capsys.readouterr().err


@pytest.mark.parametrize("bench", [overhead, schedules, serving])
def test_a_server_that_ends_under_load_is_told_in_one_line_and_nothing_is_recorded(
    bench: ModuleType, records: Records, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    def ends() -> None:
        raise ServeError("no answer")

    faked(monkeypatch, bench, began=ends)

    assert bench.main(["--record"]) == 1

    assert records == []
    assert capsys.readouterr().err == "bench: no answer\n"
