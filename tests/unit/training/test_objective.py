"""The training objective, on a stand-in for the transformer whose error is known."""

import pytest
import torch
from f5_tts.model.cfm import CFM

from scripts.training.data import Batch
from scripts.training.model import Architecture, build_model
from scripts.training.objective import flow_errors, flow_loss

_TINY = Architecture(dim=64, depth=1, heads=1, text_dim=16, conv_layers=1)


class _Listener(torch.nn.Module):
    """Predicts no flow, and keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[torch.Tensor] = []
        self.with_text: list[bool] = []
        self.times: list[torch.Tensor] = []

    def forward(
        self, *, x: torch.Tensor, cond: torch.Tensor, time: torch.Tensor, drop_text: bool, **_: object
    ) -> torch.Tensor:  # fmt: skip
        self.heard.append((cond != 0).any(dim=-1))
        self.with_text.append(not drop_text)
        self.times.append(time)
        return torch.zeros_like(x)


def _batch() -> Batch:
    frames = torch.tensor([40, 60])
    mel = torch.full((2, 60, 100), 2.0) * (torch.arange(60) < frames[:, None])[..., None]
    return Batch(mel=mel, ids=torch.ones(2, 8, dtype=torch.long), frames=frames)


def _model() -> tuple[CFM, _Listener]:
    model, listener = build_model(_TINY, 9), _Listener()
    model.transformer = listener
    return model, listener


def test_the_error_of_a_frame_is_that_of_its_flow() -> None:
    model, _ = _model()
    batch = _batch()
    everywhere = torch.ones(2, 60, dtype=torch.bool)

    errors = flow_errors(model, batch, torch.rand(2), torch.ones_like(batch.mel), everywhere)

    assert errors[0, :40].tolist() == pytest.approx([1.0] * 40)  # speech 2, noise 1


def test_a_good_part_of_the_items_is_masked_wholly_and_the_rest_heard_outside_a_span() -> None:
    torch.manual_seed(0)
    model, listener = _model()

    for _ in range(200):
        flow_loss(model, _batch())

    heard = torch.cat(listener.heard).sum(dim=1)
    assert (heard == 0).float().mean().item() == pytest.approx(0.46, abs=0.08)
    assert heard.max() <= 0.3 * 60 + 1
    assert sum(listener.with_text) / 200 == pytest.approx(0.9, abs=0.07)


def test_without_text_nothing_is_heard_as_guidance_has_it() -> None:
    torch.manual_seed(0)
    model, listener = _model()

    for _ in range(100):
        flow_loss(model, _batch())

    silent = [
        heard for heard, told in zip(listener.heard, listener.with_text, strict=True) if not told
    ]
    assert silent
    assert not torch.stack(silent).any()


def test_times_near_noise_are_drawn_more_often() -> None:
    torch.manual_seed(0)
    model, listener = _model()

    for _ in range(500):
        flow_loss(model, _batch())

    times = torch.cat(listener.times)
    assert 0 <= times.min() < times.max() < 1
    assert times.mean().item() == pytest.approx(0.6 * 0.5 + 0.4 / 3, abs=0.03)


def test_a_real_model_learns_from_it() -> None:
    torch.manual_seed(0)
    model = build_model(_TINY, 9)

    loss = flow_loss(model, _batch())
    torch.autograd.backward(loss)

    assert loss.item() > 0
    assert model.transformer.proj_out.weight.grad.abs().sum() > 0
