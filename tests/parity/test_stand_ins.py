"""Stand-in checkpoints have the names and shapes of upstream's own models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

from f5serve.catalogue import load_catalogue
from f5serve.engine.arch import VocosConfig
from f5serve.engine.vocos import Vocos
from scripts.make_stand_ins import make_vocoder, transformer_state
from scripts.package import CATALOGUE, ROOT
from scripts.published import read_published
from tests.packaging.full_support import SIZES
from tests.parity.cases import MEL_CHANNELS, upstream_model, upstream_vocoder

pytestmark = pytest.mark.parity

VOCAB_SIZE = 100


@pytest.mark.parametrize("name", SIZES)
def test_a_transformer_s_tensors_are_those_of_upstream_s_model(name: str) -> None:
    architecture = {**load_catalogue(ROOT / CATALOGUE).architectures[name], **SIZES[name]}
    upstream = upstream_model(architecture, vocab_size=VOCAB_SIZE).transformer

    state = transformer_state(architecture, VOCAB_SIZE, seed=0)

    expected = upstream.state_dict()
    assert {key: value.shape for key, value in state.items()} == {
        key: value.shape for key, value in expected.items()
    }
    rotary = "rotary_embed.inv_freq"
    assert torch.equal(state[rotary], expected[rotary])


def test_a_vocoder_s_tensors_are_those_of_the_vocos_package_and_speak(tmp_path: Path) -> None:
    vocoder = load_catalogue(ROOT / CATALOGUE).vocoders["vocos_mel_24khz"]

    weights, config = make_vocoder(vocoder, tmp_path, seed=0)

    section = yaml.safe_load(config.read_text(encoding="utf-8"))
    tensors = read_published(weights).tensors
    expected = upstream_vocoder(section).state_dict()
    assert {key: value.shape for key, value in tensors.items()} == {
        key: value.shape for key, value in expected.items()
    }
    ours = Vocos(VocosConfig.from_mapping(section), tensors, device=torch.device("cpu"))
    (wave,) = ours.decode([torch.full((20, MEL_CHANNELS), -4.0)])
    assert bool(torch.isfinite(wave).all())
