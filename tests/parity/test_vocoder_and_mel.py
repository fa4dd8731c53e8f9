from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from f5serve.engine.arch import VocosConfig
from f5serve.engine.checkpoint import load_tensors
from f5serve.engine.mel import LogMel
from f5serve.engine.vocos import Vocos
from scripts.published import read_published
from tests.parity.cases import VOCODER_CONFIG, relative_l2, upstream_log_mel, upstream_vocoder

pytestmark = pytest.mark.parity

CPU = torch.device("cpu")
MAX_DIFFERENCE = 1e-4
LENGTHS = (90, 7, 33, 90, 2, 61, 128, 15)


def _mels() -> list[Tensor]:
    generator = torch.Generator().manual_seed(2)
    return [-4.0 + 2.0 * torch.randn(frames, 100, generator=generator) for frames in LENGTHS]


def _same_padding() -> Mapping[str, Mapping[str, object]]:
    config = {part: dict(section) for part, section in VOCODER_CONFIG.items()}
    config["head"]["init_args"] = {"dim": 64, "n_fft": 1024, "hop_length": 256, "padding": "same"}
    return config


@pytest.mark.parametrize("config", [VOCODER_CONFIG, _same_padding()], ids=["center", "same"])
def test_a_waveform_equals_that_of_the_vocos_package(
    config: Mapping[str, Mapping[str, object]], tmp_path: Path
) -> None:
    upstream = upstream_vocoder(config)
    torch.save(upstream.state_dict(), tmp_path / "pytorch_model.bin")
    ours = Vocos(
        VocosConfig.from_mapping(config),
        read_published(tmp_path / "pytorch_model.bin").tensors,
        device=CPU,
    )

    for mel in _mels():
        expected = upstream.decode(mel.T.unsqueeze(0))[0]
        wave = ours.decode([mel])[0]
        assert expected.std() > 0.01
        assert wave.shape == expected.shape
        assert float((wave - expected).abs().max() / expected.abs().max()) < MAX_DIFFERENCE


@pytest.mark.parametrize("config", [VOCODER_CONFIG, _same_padding()], ids=["center", "same"])
def test_every_mel_of_a_batch_gives_the_waveform_it_gives_alone(
    config: Mapping[str, Mapping[str, object]], tmp_path: Path
) -> None:
    save_file(upstream_vocoder(config).state_dict(), tmp_path / "vocoder.safetensors")
    ours = Vocos(
        VocosConfig.from_mapping(config), load_tensors(tmp_path / "vocoder.safetensors"), device=CPU
    )

    together = ours.decode(_mels())

    for mel, wave in zip(_mels(), together, strict=True):
        alone = ours.decode([mel])[0]
        assert wave.shape == alone.shape == (ours.samples(mel.shape[0]),)
        assert float((wave - alone).abs().max() / alone.abs().max()) < MAX_DIFFERENCE


@pytest.mark.parametrize("samples", [513, 4_096, 24_000, 50_001])
def test_the_mel_front_end_equals_upstreams(samples: int) -> None:
    generator = torch.Generator().manual_seed(4)
    wave = 0.1 * torch.randn(samples, generator=generator) * torch.linspace(0, 1, samples)

    expected = upstream_log_mel(wave)
    mel = LogMel(CPU)(wave)

    assert mel.shape == (samples // 256 + 1, 100)
    assert float((mel - expected).abs().max()) < MAX_DIFFERENCE
    assert relative_l2(mel, expected) < 1e-6
