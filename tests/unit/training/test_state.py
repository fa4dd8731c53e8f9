from pathlib import Path

import torch
from safetensors.torch import save_file

from scripts.training.model import MovingAverage
from scripts.training.progress import Budget, Progress
from scripts.training.state import (
    EMA_PREFIX,
    TRAINING_RECORD,
    RunState,
    Training,
    read_history,
    read_parameters,
)

_EARLIER = Training(run="base", steps=10, minutes=1.0, loss=0.9)


def _state(folder: Path, *, steps: int) -> RunState:
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


def test_an_exported_checkpoint_is_read_with_its_history(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    save_file({f"{EMA_PREFIX}weight": torch.ones(2, dtype=torch.float16)}, weights)
    row = '[{"run": "base", "steps": 10, "minutes": 1.0, "loss": 0.9, "readings": null}]'
    (tmp_path / TRAINING_RECORD).write_text(row, encoding="utf-8")

    assert read_history(weights) == [_EARLIER]
    assert read_parameters(weights)["weight"].dtype == torch.float32
