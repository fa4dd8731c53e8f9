"""Simple mistakes at the command line of training: told in a line, before anything is written."""

from pathlib import Path

import pytest
import torch

from scripts import train_demo
from scripts.guards import alone


@pytest.fixture(autouse=True)
def _alike_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a GPU and with espeak-ng; the threads of the other tests stay theirs."""
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(train_demo, "require_espeak", lambda: None)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "runs"
    folder.mkdir(parents=True)
    return folder


def call(tmp_path: Path, *arguments: str) -> int:
    places = ["--work", str(tmp_path / "work"), "--output", str(tmp_path / "out")]
    return train_demo.main([*arguments, *places])


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--steps", "0", "one at least"),
        ("--minutes", "0", "more than nothing"),
        ("--minutes", "nan", "more than nothing"),
        ("--device", "cuda", "torch finds no GPU"),
    ],
)
def test_an_option_that_no_run_can_have_is_refused(
    option: str, value: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        call(tmp_path, "base", option, value)

    assert reason in capsys.readouterr().err


def test_a_vocoder_without_recordings_asks_for_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tmp_path, "vocoder") == 1

    assert "run `data`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "began", "reason"),
    [
        (["finetune", "--models", "f5_fi", "f5_fr", "--start", "f5_es"], "base", "out --start"),
        (["vocoder", "--further"], "nothing", "out --further"),
    ],
)
def test_a_run_that_began_otherwise_than_asked_is_not_gone_on_with(
    arguments: list[str],
    began: str,
    reason: str,
    tmp_path: Path,
    runs: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("f5_fr", "vocoder"):
        torch.save({"start": began}, runs / f"{name}.pt")

    assert call(tmp_path, *arguments) == 1

    told = capsys.readouterr().err
    assert f"began from {began}" in told
    assert reason in told
    assert "remove the file" in told


@pytest.mark.parametrize("stage", ["vocoder", "base", "finetune"])
def test_a_run_that_another_process_trains_is_left_to_it(
    stage: str, tmp_path: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "f5_es" if stage == "finetune" else stage

    with alone(runs / name):
        assert call(tmp_path, stage, "--models", "f5_es") == 1

    assert "another run uses" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("trained", "remedy"), [(["f5_es"], "--models"), (["f5_es", "f5_fi"], "run `data`")]
)
def test_an_export_that_lacks_a_state_or_a_voice_writes_nothing(
    trained: list[str],
    remedy: str,
    tmp_path: Path,
    runs: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in trained:
        (runs / f"{name}.pt").touch()

    assert call(tmp_path, "export", "--models", "f5_es", "f5_fi") == 1

    assert remedy in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
