"""The demo listens with numbers, and is not content with silence or the wrong language."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from f5serve.encoding import encode
from f5serve.errors import ConfigurationError
from scripts import demo, readme
from scripts.client import Said
from scripts.demo import Line, measure, table
from scripts.picture import spectrogram_db
from scripts.server import TorchServe
from tests.unit.scripts.test_signals import not_ignored

HEADERS = {
    "X-Model": "f5_fr",
    "X-Voice": "anna",
    "X-Language": "fr",
    "X-Language-Confidence": "0.9",
}


def said(duration_s: float, level: float = 0.3, language: str = "fr") -> Said:
    time = np.arange(round(24_000 * duration_s)) / 24_000
    samples = (level * np.sin(2 * np.pi * 3_000 * time)).astype(np.float32)
    return Said(
        audio=encode(samples, "wav"), headers={**HEADERS, "X-Language": language}, elapsed_s=1.0
    )


def test_speech_of_the_right_language_has_no_problems_and_leaves_a_picture(tmp_path: Path) -> None:
    line = measure("fr", said(2.0), tmp_path)

    assert line.problems == ()
    assert (line.seconds, line.rtf) == (2.0, 0.5)
    assert line.dbfs == pytest.approx(20 * math.log10(0.3 / math.sqrt(2)), abs=0.1)
    assert (tmp_path / "fr.wav").read_bytes()[:4] == b"RIFF"
    assert (tmp_path / "fr.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (said(2.0, 0.0), "silent"),
        (said(0.5), "lasts 0.5 s"),
        (said(2.0, language="it"), "detected as it"),
    ],
    ids=["silence", "short", "language"],
)
def test_what_is_wrong_is_told(answer: Said, problem: str, tmp_path: Path) -> None:
    assert problem in "; ".join(measure("fr", answer, tmp_path).problems)


class Server:
    """A server that does not start, or whose demo is told to end; stopped in any case."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self.inference_url = ""
        self.is_stopped = False
        self._happens = happens

    def __enter__(self) -> Self:
        self._happens()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_stopped = True


def run_demo(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(demo, "STORE", folder / "store")
    monkeypatch.setattr(demo, "package", lambda _: 0)
    monkeypatch.setattr(TorchServe, "for_store", lambda *_, **__: server)
    return demo.main(["--out", str(folder / "out")])


def test_a_server_that_cannot_be_started_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise ConfigurationError("port 8080 (inference) is in use")

    assert run_demo(Server(refuse), tmp_path, monkeypatch) == 1

    assert capsys.readouterr().err == "demo: port 8080 (inference) is in use\n"


def test_an_interrupted_demo_ends_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    assert run_demo(Server(interrupt), tmp_path, monkeypatch) == 130

    assert capsys.readouterr().err == "\ndemo: stopped\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_told_to_end_or_loses_its_terminal_leaves_no_server(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(lambda: None)

    def told_to_end(*_: object) -> list[Line]:
        os.kill(os.getpid(), number)
        raise AssertionError("the demo went on")

    monkeypatch.setattr(demo, "speak_all", told_to_end)

    with not_ignored(number), pytest.raises(SystemExit) as ended:
        run_demo(server, tmp_path, monkeypatch)

    assert ended.value.code == 128 + number
    assert server.is_stopped


def test_a_spectrogram_shows_a_tone_where_it_is() -> None:
    time = np.arange(24_000) / 24_000

    picture = spectrogram_db(np.sin(2 * np.pi * 3_000 * time).astype(np.float32))

    assert picture[:, 10].argmax() == round(3_000 / (24_000 / 1024))
    assert (picture.min(), picture.max()) == (-80.0, pytest.approx(0.0, abs=0.1))


def test_the_table_has_a_row_for_each_sentence(tmp_path: Path) -> None:
    lines = [measure("fr", said(2.0), tmp_path)]

    assert table(lines).count("\n") == len(lines)


def test_the_readmes_table_is_made_from_the_record(tmp_path: Path) -> None:
    line: Line = measure("fr", said(2.0), tmp_path)
    record = {
        "circumstances": {
            "cores": 2,
            "cpu": "X",
            "torch": "2",
            "commit": "abc",
            "date": "2026-01-01",
        },
        "lines": [dataclasses.asdict(line)],
    }

    quality = {"languages": [{"language": "fr", "sentences": 12, "top_1": 0.833}]}

    made = readme.demo_table(record, quality)

    assert "| fr | fr 0.90 | `f5_fr` | 2.00 | 0.50 | 10 of 12, **not yet** |" in made
    block = readme.Block(path=Path("x"), begin=readme.BEGIN, end=readme.END, content=made)
    assert readme.with_block(f"a\n{readme.BEGIN}\nold\n{readme.END}\nb", block).count(made) == 1


def test_a_file_without_its_marks_is_an_error() -> None:
    block = readme.Block(path=Path("page.md"), begin="<b>", end="<e>", content="table")

    with pytest.raises(ValueError, match=r"page\.md: the marks"):
        readme.with_block("no marks", block)


def test_a_checkpoint_replaced_after_it_was_measured_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    weights = readme.CHECKPOINTS / "f5_fr" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    quality = {"languages": [{"model": "f5_fr", "checkpoint_sha256": digest}]}

    assert readme.outdated(quality) == []
    weights.write_bytes(b"others")
    assert readme.outdated(quality) == ["f5_fr"]


def test_a_missing_record_names_the_task_that_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert readme.main(["--check"]) == 1
    told = capsys.readouterr().err
    assert "run make demo-record" in told
    assert "run make quality" in told
