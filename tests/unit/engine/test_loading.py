from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from f5serve.engine.checkpoint import save_ema_safetensors
from f5serve.engine.engine import EngineFiles, F5Engine
from f5serve.engine.vocos import vocoder_shapes
from f5serve.engine.weights import parameter_shapes
from f5serve.errors import ConfigurationError
from tests.unit.engine.models import CONFIG, VOCOS_CONFIG, engine, item, random_state, vocoder

VOCODER_SECTION: dict[str, dict[str, dict[str, object]]] = {
    "feature_extractor": {
        "init_args": {"sample_rate": 24000, "n_fft": 1024, "hop_length": 256, "n_mels": 100}
    },
    "backbone": {
        "init_args": {"input_channels": 100, "dim": 16, "intermediate_dim": 32, "num_layers": 2}
    },
    "head": {"init_args": {"dim": 16, "n_fft": 1024, "hop_length": 256, "padding": "center"}},
}


@pytest.fixture
def files(tmp_path: Path) -> EngineFiles:
    save_ema_safetensors(
        tmp_path / "m.safetensors", random_state(parameter_shapes(CONFIG)), torch.float32
    )
    state = random_state(vocoder_shapes(VOCOS_CONFIG))
    # Published vocoders carry these beside their weights.
    state["head.istft.window"] = torch.zeros(1024)
    state["feature_extractor.mel_spec.mel_scale.fb"] = torch.zeros(513, 100)
    save_file(state, tmp_path / "vocoder.safetensors")
    (tmp_path / "vocab.txt").write_text(
        "".join(f"{token}\n" for token in " abcdefghijklmnopqrs"), encoding="utf-8"
    )
    return EngineFiles(
        checkpoint=tmp_path / "m.safetensors",
        vocabulary=tmp_path / "vocab.txt",
        architecture={
            "dim": 32,
            "depth": 2,
            "heads": 2,
            "dim_head": 16,
            "ff_mult": 2,
            "text_dim": 16,
            "conv_layers": 1,
        },
        vocoder=tmp_path / "vocoder.safetensors",
        vocoder_config=VOCODER_SECTION,
    )


def test_a_loaded_engine_speaks_as_one_built_from_the_same_tensors(files: EngineFiles) -> None:
    loaded = F5Engine.load(files)

    wave, expected = loaded.synthesize([item()])[0][0], engine().synthesize([item()])[0][0]

    assert isinstance(wave, np.ndarray)
    assert isinstance(expected, np.ndarray)
    np.testing.assert_array_equal(wave, expected)
    assert loaded.vocabulary.ids(["b", "?"]) == (2, 0)
    assert (loaded.config, loaded.sample_rate_hz, loaded.hop_samples) == (CONFIG, 24_000, 256)


def test_a_vocabulary_of_another_checkpoint_is_refused(files: EngineFiles) -> None:
    files.vocabulary.write_text(" \na\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="needs 3 rows; the checkpoint has 21"):
        F5Engine.load(files)


def test_an_architecture_of_another_checkpoint_is_refused(files: EngineFiles) -> None:
    with pytest.raises(ConfigurationError, match="does the architecture belong to this checkpoint"):
        F5Engine.load(replace(files, architecture={**files.architecture, "depth": 3}))


def test_a_vocoder_of_another_sample_rate_is_refused(files: EngineFiles) -> None:
    features = {
        "init_args": {"sample_rate": 22_050, "n_fft": 1024, "hop_length": 256, "n_mels": 100}
    }

    with pytest.raises(
        ConfigurationError, match=r"rate, hop and mel channels are \(22050, 256, 100\)"
    ):
        F5Engine.load(
            replace(files, vocoder_config={**VOCODER_SECTION, "feature_extractor": features})
        )


def test_a_vocoder_of_other_sizes_is_refused(files: EngineFiles) -> None:
    backbone = {
        "init_args": {"input_channels": 100, "dim": 16, "intermediate_dim": 32, "num_layers": 3}
    }

    with pytest.raises(ConfigurationError, match="vocoder: 9 tensors are missing"):
        F5Engine.load(replace(files, vocoder_config={**VOCODER_SECTION, "backbone": backbone}))


def test_a_mel_of_a_batch_gives_the_samples_it_gives_alone() -> None:
    speaker = vocoder()
    mels = [
        torch.randn(frames, 100, generator=torch.Generator().manual_seed(frames))
        for frames in (9, 30, 1, 17)
    ]

    for mel, wave in zip(mels, speaker.decode(mels), strict=True):
        assert wave.shape == (speaker.samples(mel.shape[0]),)
        torch.testing.assert_close(wave, speaker.decode([mel])[0], rtol=0, atol=1e-5)


def test_no_mels_give_no_waves() -> None:
    assert vocoder().decode([]) == []


@pytest.mark.skipif(not Path("/proc/self/maps").is_file(), reason="no /proc")
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_loaded_engine_keeps_no_file_mapped(dtype: str, files: EngineFiles) -> None:
    loaded = F5Engine.load(files, dtype=dtype)

    assert loaded.config.depth == 2
    assert str(files.checkpoint.parent) not in Path("/proc/self/maps").read_text(encoding="utf-8")
