from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from f5serve.errors import ConfigurationError
from scripts.training.model import MovingAverage
from scripts.training.progress import Budget, Progress
from scripts.training.state import (
    EMA_PREFIX,
    TRAINING_RECORD,
    RunState,
    Training,
    read_history,
    read_parameters,
    require_start,
)

_EARLIER = Training(run="base", steps=10, minutes=1.0, loss=0.9)


def _state(folder: Path, *, steps: int, start: str | None = "f5_es") -> RunState:
    model = torch.nn.Linear(2, 2)
    progress = Progress(
        name="f5_es", budget=Budget(steps=100), log=folder / "log.jsonl", step=steps
    )
    return RunState(
        path=folder / "f5_es.pt",
        model=model,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        average=MovingAverage(model, decay=0.9),
        progress=progress,
        readings=1500,
        earlier=[_EARLIER],
        start=start,
    )


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    saved = _state(tmp_path, steps=40)
    saved.save()
    fresh = _state(tmp_path, steps=0)

    assert fresh.restore("cpu")

    assert fresh.progress.step == 40
    torch.testing.assert_close(fresh.model.state_dict(), saved.model.state_dict())


def test_a_run_remembers_the_runs_before_it(tmp_path: Path) -> None:
    _state(tmp_path, steps=40).save()

    first, own = read_history(tmp_path / "f5_es.pt")

    assert first == _EARLIER
    assert (own.run, own.steps, own.readings) == ("f5_es", 40, 1500)


def test_a_resumed_run_keeps_its_history_its_start_and_the_mean_of_its_last_losses(
    tmp_path: Path,
) -> None:
    first = _state(tmp_path, steps=39)
    first.progress.count(0.8)
    first.save()
    resumed = _state(tmp_path, steps=0, start="f5_fr")
    resumed.earlier = [_EARLIER, _EARLIER]

    resumed.restore("cpu")
    resumed.progress.count(0.6)
    resumed.save()

    earlier, own = read_history(tmp_path / "f5_es.pt")
    assert earlier == _EARLIER
    assert own.steps == 41
    assert own.loss == pytest.approx((19 * 0.8 + 0.6) / 20, abs=1e-3)
    require_start(tmp_path / "f5_es.pt", tmp_path / "f5_es" / "model.safetensors", "--start")


def test_a_run_is_gone_on_with_from_its_own_start_alone(tmp_path: Path) -> None:
    path = tmp_path / "f5_es.pt"
    exported, other = (tmp_path / name / "model.safetensors" for name in ("f5_es", "f5_fr"))
    require_start(path, other, "--start")  # a new run may begin anyhow
    _state(tmp_path, steps=40).save()

    require_start(path, exported, "--start")
    for start in (other, tmp_path / "base.pt"):
        with pytest.raises(ConfigurationError, match="began from f5_es, not from"):
            require_start(path, start, "--start")


def test_a_state_that_does_not_tell_how_it_began_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "f5_es.pt"
    _state(tmp_path, steps=40).save()
    saved = torch.load(path, weights_only=True)
    del saved["start"]
    torch.save(saved, path)

    require_start(path, tmp_path / "f5_fr" / "model.safetensors", "--start")

    assert _state(tmp_path, steps=0).restore("cpu")


def test_an_exported_checkpoint_is_read_with_its_history(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    save_file({f"{EMA_PREFIX}weight": torch.ones(2, dtype=torch.float16)}, weights)
    row = '[{"run": "base", "steps": 10, "minutes": 1.0, "loss": 0.9, "readings": null}]'
    (tmp_path / TRAINING_RECORD).write_text(row, encoding="utf-8")

    assert read_history(weights) == [_EARLIER]
    assert read_parameters(weights)["weight"].dtype == torch.float32
