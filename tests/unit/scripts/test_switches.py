from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from f5serve.catalogue import load_catalogue
from f5serve.engine.arch import DiTConfig
from f5serve.engine.checkpoint import load_transformer, read_vocab
from f5serve.engine.dit import DiT
from f5serve.engine.tokenizer import Vocabulary
from f5serve.engine.weights import parameter_shapes
from f5serve.errors import ConfigurationError
from f5serve.settings import ModelSettings, read_settings
from f5serve.text.frontend import tokens
from scripts.make_stand_ins import drawn
from scripts.package import CATALOGUE, ROOT
from scripts.sources import VOICES, model_config, read_voices
from scripts.switches import flow_loss, other_generation, trivial_loss
from scripts.upstream import judge
from scripts.upstream_check import voice_of

CATALOGUE_PATH = ROOT / CATALOGUE


class _Demo:
    """The English demo checkpoint, which has learned to speak, and its voice."""

    def __init__(self) -> None:
        catalogue = load_catalogue(CATALOGUE_PATH)
        source = catalogue.models["f5_en_zh"].profiles["demo"]
        voices = read_voices(ROOT / VOICES)
        config = model_config(
            catalogue, "f5_en_zh", "demo", ROOT / "config/demo/vocos/config.yaml", voices
        )
        settings = read_settings(config["handler"], ModelSettings)
        vocab = read_vocab(ROOT / source.vocabulary)
        self.architecture: Mapping[str, object] = settings.architecture
        self.vocab_size = len(vocab)
        self.state = load_transformer(ROOT / source.checkpoint)
        # Within the repository the clips lie where the demo's files are.
        _, reference = voice_of(settings, ROOT / "config/demo")
        self.mel: Tensor = reference.mel
        self.ids = Vocabulary(vocab).ids(tokens(reference.transcript, settings.frontend))

    def loss(self, architecture: Mapping[str, object], state: Mapping[str, Tensor]) -> float:
        config = DiTConfig.from_mapping(architecture, vocab_size=self.vocab_size)
        model = DiT(config, state, device=torch.device("cpu"), dtype=torch.float32)
        return flow_loss(model, self.mel, self.ids)


@pytest.fixture(scope="module")
def demo() -> _Demo:
    return _Demo()


def test_a_trained_checkpoint_is_confirmed_under_its_own_switches_and_refused_under_others(
    demo: _Demo,
) -> None:
    own = demo.loss(demo.architecture, demo.state)
    other = demo.loss(other_generation(demo.architecture), demo.state)
    trivial = trivial_loss(demo.mel)

    assert own < trivial / 2
    assert judge(own, other, trivial, "f5_en_zh").verdict == "confirmed"
    with pytest.raises(ConfigurationError, match="Pin the other architecture"):
        judge(other, own, trivial, "f5_en_zh")


def test_weights_of_noise_predict_nothing_and_tell_nothing(demo: _Demo) -> None:
    config = DiTConfig.from_mapping(demo.architecture, vocab_size=demo.vocab_size)
    noise = drawn(parameter_shapes(config), seed=3)

    own = demo.loss(demo.architecture, noise)
    other = demo.loss(other_generation(demo.architecture), noise)
    trivial = trivial_loss(demo.mel)

    assert min(own, other) > trivial
    assert judge(own, other, trivial, "f5_en_zh").verdict == "untold"


def test_the_other_generation_of_v0_is_v1_and_the_reverse() -> None:
    known = load_catalogue(CATALOGUE_PATH).architectures

    assert other_generation(known["v0_base"]) == known["v1_base"]
    assert other_generation(known["v1_base"]) == known["v0_base"]
    assert other_generation(known["v0_small"]) == {
        **known["v0_small"],
        "text_mask_padding": True,
        "pe_attn_head": None,
    }
