from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from f5serve.engine.arch import V0_BASE, V1_BASE
from f5serve.engine.checkpoint import (
    check_state,
    check_vocab,
    load_tensors,
    load_transformer,
    read_vocab,
    save_ema_safetensors,
)
from f5serve.engine.dit import DiT
from f5serve.engine.weights import parameter_shapes
from f5serve.errors import ConfigurationError
from tests.unit.engine.models import CONFIG, CPU, random_state

EMBEDDING = "text_embed.text_embed.weight"


def _state() -> dict[str, Tensor]:
    return {
        "proj_out.weight": torch.ones(3, 2),
        "proj_out.bias": torch.zeros(3),
        EMBEDDING: torch.ones(4, 2),
    }


def _averaged() -> dict[str, Tensor]:
    named = {f"ema_model.transformer.{name}": tensor for name, tensor in _state().items()}
    named["ema_model.mel_spec.mel_stft.spectrogram.window"] = torch.zeros(8)
    return {**named, "initted": torch.tensor(True), "step": torch.tensor(5)}


@pytest.mark.parametrize("averaged", [True, False])
def test_a_checkpoint_gives_its_transformer_with_and_without_the_prefix(
    averaged: bool, tmp_path: Path
) -> None:
    plain = {f"transformer.{name}": tensor for name, tensor in _state().items()}
    save_file(_averaged() if averaged else plain, tmp_path / "model.safetensors")

    state = load_transformer(tmp_path / "model.safetensors")

    assert state.keys() == _state().keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in _state().items())


@pytest.mark.parametrize("name", ["model.pt", "pytorch_model.bin", "model.pth"])
def test_a_pickle_is_never_opened_by_the_engine(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"anything")

    with pytest.raises(ConfigurationError, match=rf"{name}: the engine reads safetensors only"):
        load_tensors(tmp_path / name)


@pytest.mark.parametrize("name", ["gone.safetensors", "text.safetensors"])
def test_a_file_that_is_no_checkpoint_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("version https://git-lfs.github.com/spec/v1")

    with pytest.raises(ConfigurationError, match=name):
        load_transformer(tmp_path / name)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    save_file({"vocoder.weight": torch.ones(1)}, tmp_path / "other.safetensors")

    with pytest.raises(ConfigurationError, match=r"other\.safetensors: 0 tensors of a transformer"):
        load_transformer(tmp_path / "other.safetensors")


def test_writing_and_reading_gives_the_tensors_rounded_once(tmp_path: Path) -> None:
    state = {
        **_state(),
        "proj_out.weight": torch.tensor([[0.1, 0.2]]),
        "rotary_embed.inv_freq": torch.tensor([0.1]),
    }

    save_ema_safetensors(tmp_path / "m.safetensors", state)
    read = load_transformer(tmp_path / "m.safetensors")

    assert torch.equal(read["proj_out.weight"], torch.tensor([[0.1, 0.2]], dtype=torch.float16))
    assert torch.equal(read["rotary_embed.inv_freq"], torch.tensor([0.1]))
    assert set(load_tensors(tmp_path / "m.safetensors")) == {
        f"ema_model.transformer.{name}" for name in state
    }


def test_equal_tensors_give_equal_bytes(tmp_path: Path) -> None:
    state = random_state(parameter_shapes(CONFIG))

    save_ema_safetensors(tmp_path / "a.safetensors", state)
    save_ema_safetensors(tmp_path / "b.safetensors", dict(reversed(state.items())))

    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_a_value_that_overflows_half_precision_is_refused_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationError, match=r"proj_out\.weight reaches 1e\+06; .* 65504"):
        save_ema_safetensors(tmp_path / "m.safetensors", {"proj_out.weight": torch.tensor([1e6])})

    assert list(tmp_path.iterdir()) == []


def test_a_vocabulary_is_read_as_upstream_reads_it(tmp_path: Path) -> None:
    # The space is a token, a token may be empty, the later of two equal lines counts, and the last line loses
    # its last character where its line break is missing.
    (tmp_path / "vocab.txt").write_text(" \n\nzh\na\nzh\ncut", encoding="utf-8")

    assert read_vocab(tmp_path / "vocab.txt") == {" ": 0, "": 1, "zh": 4, "a": 3, "cu": 5}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n"])
def test_a_file_that_is_no_vocabulary_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"vocab\.txt"):
        read_vocab(tmp_path / "vocab.txt")


def test_a_vocabulary_of_another_checkpoint_is_refused_with_both_numbers() -> None:
    check_vocab({" ": 0, "a": 1, "b": 2}, _state())

    with pytest.raises(
        ConfigurationError, match="2 tokens, so the embedding needs 3 rows; the checkpoint has 4"
    ):
        check_vocab({" ": 0, "a": 1}, _state())
    with pytest.raises(ConfigurationError, match="numbers a token 9"):
        check_vocab({" ": 0, "a": 1, "b": 9}, _state())
    with pytest.raises(ConfigurationError, match=EMBEDDING):
        check_vocab({" ": 0}, {})


def test_missing_unexpected_and_misshapen_tensors_are_named() -> None:
    expected = {"proj_out.weight": (3, 2), "proj_out.bias": (3,)}

    with pytest.raises(
        ConfigurationError,
        match=r"1 tensors are missing \['proj_out.bias'\].* 1 are unexpected \['x'\]",
    ):
        check_state(
            expected, {"proj_out.weight": torch.ones(3, 2), "x": torch.ones(1)}, "transformer"
        )
    with pytest.raises(
        ConfigurationError, match=r"proj_out\.weight has shape \(2, 3\); \(3, 2\) was expected"
    ):
        check_state(
            expected,
            {"proj_out.weight": torch.ones(2, 3), "proj_out.bias": torch.ones(3)},
            "transformer",
        )


def test_rotary_frequencies_in_a_checkpoint_are_passed_over() -> None:
    state = {**random_state(parameter_shapes(CONFIG)), "rotary_embed.inv_freq": torch.zeros(8)}

    DiT(CONFIG, state, device=CPU, dtype=torch.float32)


def test_the_base_model_has_the_published_number_of_parameters() -> None:
    for config in (V1_BASE, V0_BASE):
        total = sum(torch.Size(shape).numel() for shape in parameter_shapes(config).values())
        assert total == 337_096_804
