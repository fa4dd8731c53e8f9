import pytest
import torch

from scripts.training.model import (
    Architecture,
    MovingAverage,
    build_model,
    share_pinyin_gradients,
    start_from_mean,
)

_TINY = Architecture(dim=64, depth=1, heads=1, text_dim=16, conv_layers=1)


def test_a_rare_syllable_learns_from_those_that_share_a_part() -> None:
    tokens = [" ", "a", "zhang3", "zhang1", "ba1"]
    model = build_model(_TINY, len(tokens))
    share_pinyin_gradients(model, tokens)
    weight = model.transformer.text_embed.text_embed.weight

    weight[1 + tokens.index("zhang3")].sum().backward()

    slopes = weight.grad[1:, 0]
    assert slopes[2] > slopes[3] > 0
    assert slopes[[0, 1, 4]].tolist() == [0, 0, 0]


def test_an_untrained_model_predicts_the_mean_spectrum() -> None:
    model = build_model(_TINY, 5)

    start_from_mean(model, torch.linspace(-5, 5, 100))

    flow = model.transformer(
        x=torch.randn(1, 20, 100),
        cond=torch.zeros(1, 20, 100),
        text=torch.tensor([[1, 2]]),
        time=torch.tensor(0.5),
    )
    assert flow[0, 3].tolist() == pytest.approx(torch.linspace(-5, 5, 100).tolist(), abs=1e-5)


def test_the_moving_average_follows_at_once_and_then_slowly() -> None:
    layer = torch.nn.Linear(1, 1, bias=False)
    average = MovingAverage(layer, decay=0.9)
    with torch.no_grad():
        layer.weight.fill_(1.0)

    for step in range(200):
        average.update(layer.parameters(), step)

    assert average.state_dict()["weight"].item() == pytest.approx(1.0, abs=1e-3)
