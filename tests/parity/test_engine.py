from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from f5serve.engine.checkpoint import save_ema_safetensors
from f5serve.engine.engine import EngineFiles, F5Engine
from f5serve.engine.sampler import sample
from f5serve.errors import ServeError
from scripts.published import read_transformer
from tests.parity.cases import (
    ARCHITECTURES,
    V1_BASE_ARCHITECTURE,
    VOCODER_CONFIG,
    Case,
    item_of,
    our_model,
    relative_l2,
    upstream_load,
    upstream_mel,
    upstream_model,
    upstream_vocoder,
    write_pickle,
    write_safetensors,
)

pytestmark = pytest.mark.parity

FULL_VOCAB_SIZE = 2545


def test_the_engine_speaks_what_upstream_and_vocos_speak(tmp_path: Path) -> None:
    model, vocoder = upstream_model(ARCHITECTURES["v1"]), upstream_vocoder()
    engine = F5Engine.load(
        _files(tmp_path, write_safetensors(model, tmp_path / "m.safetensors"), vocoder.state_dict())
    )
    items = [
        item_of(Case(architecture="v1", steps=7, frames=frames), seed=frames)
        for frames in (150, 90, 110)
    ]

    waves, stats = engine.synthesize(items)

    for item, wave in zip(items, waves, strict=True):
        expected = vocoder.decode(upstream_mel(model, item).T.unsqueeze(0))[0]
        assert isinstance(wave, np.ndarray)
        assert relative_l2(torch.from_numpy(wave), expected) < 1e-3
    assert stats.frames == 350


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32], ids=str)
def test_a_checkpoint_we_write_is_read_by_upstream(dtype: torch.dtype, tmp_path: Path) -> None:
    model = upstream_model(ARCHITECTURES["v0"])
    state, _ = read_transformer(write_pickle(model, tmp_path / "m.pt"))
    save_ema_safetensors(tmp_path / "written.safetensors", state, dtype)
    fresh = upstream_load(
        upstream_model(ARCHITECTURES["v0"], seed=9), tmp_path / "written.safetensors"
    )
    ours = our_model(ARCHITECTURES["v0"], tmp_path / "written.safetensors")
    item = item_of(Case(architecture="v0", steps=7))

    assert relative_l2(sample(ours, [item])[0], upstream_mel(fresh, item)) < 1e-5


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_stays_near_upstreams_float32(dtype: str, tmp_path: Path) -> None:
    model = upstream_model(ARCHITECTURES["v1"])
    path = write_safetensors(model, tmp_path / "m.safetensors")
    engine = F5Engine.load(_files(tmp_path, path, upstream_vocoder().state_dict()), dtype=dtype)
    item = item_of(Case(architecture="v1", frames=90, steps=7))

    mel = engine.mels([item])[0][0]

    assert not isinstance(mel, ServeError)
    assert relative_l2(mel, upstream_mel(model, item)) < 0.02


@pytest.mark.full_size
def test_the_full_model_loads_and_equals_upstream(tmp_path: Path) -> None:
    model = upstream_model(V1_BASE_ARCHITECTURE, vocab_size=FULL_VOCAB_SIZE)
    item = item_of(
        Case(architecture="v1", frames=120, reference_frames=60, tokens=40, steps=7),
        vocab_size=FULL_VOCAB_SIZE,
    )
    expected = upstream_mel(model, item)
    checkpoint = write_safetensors(model, tmp_path / "model.safetensors")
    del model

    files = _files(
        tmp_path, checkpoint, upstream_vocoder().state_dict(), vocab_size=FULL_VOCAB_SIZE
    )
    engine = F5Engine.load(replace(files, architecture=V1_BASE_ARCHITECTURE))
    mel, wave = engine.mels([item])[0][0], engine.synthesize([item])[0][0]

    assert isinstance(mel, torch.Tensor)
    assert relative_l2(mel, expected) < 1e-3
    assert isinstance(wave, np.ndarray)
    assert wave.shape == ((item.new_frames - 1) * 256,)


def _files(
    folder: Path, checkpoint: Path, vocoder_state: dict[str, torch.Tensor], *, vocab_size: int = 60
) -> EngineFiles:
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text(
        "".join(f"{token}\n" for token in [" ", *map(str, range(1, vocab_size))]), encoding="utf-8"
    )
    save_file(vocoder_state, folder / "vocoder.safetensors")
    return EngineFiles(
        checkpoint=checkpoint,
        vocabulary=vocabulary,
        architecture=ARCHITECTURES["v1"],
        vocoder=folder / "vocoder.safetensors",
        vocoder_config=VOCODER_CONFIG,
    )
