from __future__ import annotations

import pytest

from f5serve.engine.arch import V0_BASE, V0_SMALL, V1_BASE, DiTConfig, VocosConfig
from f5serve.errors import ConfigurationError

V1_SECTION = {
    "dim": 1024,
    "depth": 22,
    "heads": 16,
    "ff_mult": 2,
    "text_dim": 512,
    "text_mask_padding": True,
    "qk_norm": None,
    "conv_layers": 4,
    "pe_attn_head": None,
    "attn_backend": "torch",
    "attn_mask_enabled": False,
    "checkpoint_activations": False,
}
V0_SECTION = {
    "dim": 1024,
    "depth": 22,
    "heads": 16,
    "ff_mult": 2,
    "text_dim": 512,
    "text_mask_padding": False,
    "conv_layers": 4,
    "pe_attn_head": 1,
}
MEL_VOCOS = {
    "feature_extractor": {
        "class_path": "vocos.feature_extractors.MelSpectrogramFeatures",
        "init_args": {
            "sample_rate": 24000,
            "n_fft": 1024,
            "hop_length": 256,
            "n_mels": 100,
            "padding": "center",
        },
    },
    "backbone": {
        "class_path": "vocos.models.VocosBackbone",
        "init_args": {"input_channels": 100, "dim": 512, "intermediate_dim": 1536, "num_layers": 8},
    },
    "head": {
        "class_path": "vocos.heads.ISTFTHead",
        "init_args": {"dim": 512, "n_fft": 1024, "hop_length": 256, "padding": "center"},
    },
}


@pytest.mark.parametrize(
    ("section", "preset"),
    [
        (V1_SECTION, V1_BASE),
        (V0_SECTION, V0_BASE),
        ({**V0_SECTION, "dim": 768, "depth": 18, "heads": 12}, V0_SMALL),
    ],
    ids=["v1-base", "v0-base", "v0-small"],
)
def test_upstreams_sections_give_the_presets(section: dict[str, object], preset: DiTConfig) -> None:
    assert DiTConfig.from_mapping(section, vocab_size=2545) == preset


def test_upstreams_name_of_upsampling_is_understood() -> None:
    section = {**V1_SECTION, "text_embedding_average_upsampling": True}

    assert DiTConfig.from_mapping(section, vocab_size=10).average_upsampling


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dropuot": 0.1}, "unknown keys .'dropuot'."),
        ({"qk_norm": "rms_norm"}, "qk_norm 'rms_norm' is not supported"),
        ({"dim": "1024"}, "dim is '1024'; a whole number"),
        ({"depth": True}, "depth is True; a whole number"),
        ({"text_mask_padding": 1}, "text_mask_padding is 1; true or false"),
        ({"dim": 1000}, "multiple of 16"),
        ({"heads": 0}, "heads is 0"),
        ({"conv_layers": -1}, "conv_layers is -1"),
        ({"pe_attn_head": 17}, "pe_attn_head is 17; 1 to 16"),
        (
            {"text_mask_padding": False, "text_embedding_average_upsampling": True},
            "needs text_mask_padding",
        ),
    ],
)
def test_a_section_that_no_checkpoint_can_have_is_refused(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        DiTConfig.from_mapping({**V1_SECTION, **change}, vocab_size=10)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"missing keys \['depth', 'heads'\]"):
        DiTConfig.from_mapping({"dim": 64}, vocab_size=10)


def test_the_published_vocoder_is_understood() -> None:
    assert VocosConfig.from_mapping(MEL_VOCOS) == VocosConfig()


@pytest.mark.parametrize(
    ("part", "section", "message"),
    [
        ("head", None, "the part 'head' is missing"),
        (
            "head",
            {"class_path": "vocos.heads.IMDCTCosHead", "init_args": {}},
            "IMDCTCosHead' is not supported",
        ),
        (
            "head",
            {"init_args": {"dim": 512, "n_fft": 1024, "hop_length": 256, "padding": "valid"}},
            "center or same",
        ),
        (
            "head",
            {"init_args": {"dim": 256, "n_fft": 1024, "hop_length": 256}},
            "dim is 512 in one part and 256",
        ),
        ("backbone", {"init_args": {"dim": 512}}, "missing keys"),
        ("feature_extractor", {"init_args": {"sample_rate": "24k"}}, "sample_rate is '24k'"),
        ("feature_extractor", {"init_args": ["24000"]}, "init_args is not a mapping"),
    ],
)
def test_another_vocoder_is_refused_by_name(part: str, section: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        VocosConfig.from_mapping({**MEL_VOCOS, part: section})
