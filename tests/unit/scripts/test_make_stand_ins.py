from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
import yaml
from safetensors import safe_open

from f5serve.catalogue import Catalogue
from f5serve.engine.checkpoint import read_vocab
from scripts.make_stand_ins import main, make_model
from scripts.package import CATALOGUE, ROOT
from scripts.published import read_transformer
from tests.packaging.full_support import shrink

pytest.importorskip("f5_tts", reason="f5-tts is not installed (make setup-dev)")


@pytest.fixture
def catalogue() -> Catalogue:
    document: dict[str, Any] = yaml.safe_load((ROOT / CATALOGUE).read_text(encoding="utf-8"))
    shrink(document)
    return msgspec.convert(document, Catalogue)


def test_every_model_s_repository_has_the_files_that_the_catalogue_names(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    for name, model in catalogue.models.items():
        make_model(catalogue, name, tmp_path, lean=True)
        source = model.profiles["full"]
        folder = tmp_path / str(source.repository)
        state, weights = read_transformer(folder / source.checkpoint)
        vocab = read_vocab(folder / source.vocabulary)
        assert weights == "averaged"
        assert state["text_embed.text_embed.weight"].shape[0] == len(vocab) + 1
        assert vocab[" "] == 0

    sizes = {
        name: len(
            read_vocab(
                tmp_path / str(m.profiles["full"].repository) / m.profiles["full"].vocabulary
            )
        )
        for name, m in catalogue.models.items()
    }
    assert sizes == dict.fromkeys(sizes, 2545) | {"f5_hi": 73, "f5_ja": 2976}


def test_the_same_seed_gives_the_same_files_and_another_one_others(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    contents = []
    for folder, seed in (("a", 0), ("b", 0), ("c", 1)):
        checkpoint = make_model(catalogue, "f5_fi", tmp_path / folder, seed=seed)[0]
        contents.append(checkpoint.read_bytes())

    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def test_a_training_dump_holds_what_upstream_s_trainer_writes(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    dump = torch.load(make_model(catalogue, "f5_ja", tmp_path)[0], weights_only=True)

    assert {
        "model_state_dict",
        "ema_model_state_dict",
        "optimizer_state_dict",
        "step",
    } <= dump.keys()
    names = [name for name in dump["model_state_dict"] if name.startswith("transformer.")]
    assert {f"ema_model.{name}" for name in names} <= dump["ema_model_state_dict"].keys()
    assert {"initted", "step"} <= dump["ema_model_state_dict"].keys()
    assert len(dump["optimizer_state_dict"]["state"]) == len(names)


def test_a_safetensors_stand_in_carries_prefix_and_counters(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    checkpoint = make_model(catalogue, "f5_en_zh", tmp_path)[0]

    with safe_open(str(checkpoint), framework="pt") as content:
        names = set(content.keys())
    assert {"initted", "step", "ema_model.transformer.rotary_embed.inv_freq"} <= names
    assert all(name.startswith("ema_model.transformer.") for name in names - {"initted", "step"})


def test_an_unknown_language_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--languages", "de", "--out", str(tmp_path)]) == 1
    assert "no model speaks de" in capsys.readouterr().err
