import pytest
import torch
from f5_tts.model.cfm import CFM

from scripts.training.model import (
    Architecture,
    MovingAverage,
    build_model,
    plain_parameters,
    share_pinyin_parts,
    start_from_mean,
    with_tokens_of,
)

_TINY = Architecture(dim=64, depth=1, heads=1, text_dim=16, conv_layers=1)


_TOKENS = [" ", "a", "zhang3", "zhang1", "ba1"]


def _embeddings(model: CFM) -> torch.Tensor:
    weight: torch.Tensor = model.transformer.text_embed.text_embed.weight
    return weight[1:].detach().clone()  # row 0 is upstream's filler


def test_a_rare_syllable_learns_from_those_that_share_a_part() -> None:
    model = build_model(_TINY, len(_TOKENS))
    share_pinyin_parts(model, _TOKENS, fresh=True)
    before = _embeddings(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    model.transformer.text_embed.text_embed.weight[1 + _TOKENS.index("zhang3")].sum().backward()
    optimizer.step()

    moved = (before - _embeddings(model))[:, 0]
    assert moved[2] > moved[3] > 0
    assert moved[[0, 1, 4]].tolist() == pytest.approx([0, 0, 0])


def test_what_was_learned_stays_when_training_goes_on() -> None:
    model = build_model(_TINY, len(_TOKENS))
    before = _embeddings(model)

    share_pinyin_parts(model, _TOKENS, fresh=False)

    torch.testing.assert_close(_embeddings(model), before)


def test_exported_parameters_bear_upstreams_names_and_the_sum_of_the_parts() -> None:
    model = build_model(_TINY, len(_TOKENS))
    names = [name for name, _ in model.named_parameters()]
    share_pinyin_parts(model, _TOKENS, fresh=True)

    plain = plain_parameters(MovingAverage(model, decay=0.9).state_dict())

    assert sorted(plain) == sorted(names)
    exported = plain["transformer.text_embed.text_embed.weight"][1:]
    torch.testing.assert_close(exported, _embeddings(model))


def test_a_model_started_from_another_keeps_the_tokens_that_both_have() -> None:
    name = "transformer.text_embed.text_embed.weight"
    few, many = build_model(_TINY, 3), build_model(_TINY, 5)
    learned = few.state_dict() | {name: few.state_dict()[name] * 7}

    grown = with_tokens_of(many.state_dict(), learned)
    shrunk = with_tokens_of(few.state_dict(), many.state_dict())

    torch.testing.assert_close(grown[name][:4], learned[name])  # and row 0, upstream's filler
    assert grown[name].shape[0] == 6
    assert grown[name][4:].std() == pytest.approx(learned[name].std().item(), rel=0.5)
    torch.testing.assert_close(shrunk[name], many.state_dict()[name][:4])
    few.load_state_dict(shrunk)


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
