"""Runs of a model that are repeated, resumed and lengthened: what their states tell of them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save_file

from scripts.training.data import Utterance
from scripts.training.flow import FlowPlan, train_flow
from scripts.training.model import Architecture, build_model
from scripts.training.progress import Budget
from scripts.training.state import TRAINING_RECORD, Training, read_history

_TINY = Architecture(dim=64, depth=1, heads=1, text_dim=16, conv_layers=1)
_TOKENS = [" ", "a", "zhang3", "zhang1", "ba1"]
_BASE = Training(run="base", steps=10, minutes=1.0, loss=0.9)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A checkpoint that one run has led to."""
    weights = tmp_path / "out" / "f5_es" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    save_file(dict(build_model(_TINY, len(_TOKENS)).named_parameters()), weights)
    tell(weights, [_BASE])
    return weights


def tell(weights: Path, history: Sequence[Training]) -> None:
    text = json.dumps([asdict(run) for run in history])
    weights.with_name(TRAINING_RECORD).write_text(text, encoding="utf-8")


def train(folder: Path, start: Path, *, steps: int) -> Path:
    plan = FlowPlan(
        name="f5_es",
        folder=folder,
        architecture=_TINY,
        vocabulary=_TOKENS,
        budget=Budget(steps=steps),
        frames_per_batch=200,
        start=start,
    )
    mel = np.full((40, 100), 0.5, np.float16)
    train_flow(plan, [Utterance(language="es", speaker="plain", mel=mel, ids=(1, 2, 3))] * 8)
    return plan.state_path


def test_a_finished_run_that_is_repeated_leaves_its_state_as_it_was(
    tmp_path: Path, exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = train(tmp_path / "runs", exported, steps=2)
    before = state.read_bytes()
    tell(exported, read_history(state))

    train(tmp_path / "runs", exported, steps=2)

    assert state.read_bytes() == before
    told = capsys.readouterr().out
    assert "done at step 2, nothing is trained" in told
    assert f"remove {state} to begin anew" in told


def test_a_run_lengthened_after_its_export_is_listed_once(tmp_path: Path, exported: Path) -> None:
    state = train(tmp_path / "runs", exported, steps=2)
    tell(exported, read_history(state))

    train(tmp_path / "runs", exported, steps=3)

    base, own = read_history(state)
    assert base == _BASE
    assert (own.run, own.steps, own.readings) == ("f5_es", 3, 8)


def test_a_run_too_short_for_a_log_ends_without_a_curve(tmp_path: Path, exported: Path) -> None:
    state = train(tmp_path / "runs", exported, steps=2)

    assert read_history(state)[-1].loss > 0
    assert [path.name for path in state.parent.iterdir()] == ["f5_es.pt"]
