"""A catalogue with a mistake is refused with file, place and remedy."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError

REAL = Path("config/catalogue.yaml")
NINE = {"en", "zh", "fi", "fr", "hi", "it", "ja", "ru", "es"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(REAL.read_text(encoding="utf-8"))
    return loaded


def refusal(
    document: dict[str, Any], change: Callable[[dict[str, Any]], object], folder: Path
) -> str:
    changed = copy.deepcopy(document)
    change(changed)
    path = folder / "catalogue.yaml"
    path.write_text(yaml.safe_dump(changed), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_catalogue(path)
    assert str(path) in caught.value.detail
    return caught.value.detail


def test_the_catalogue_speaks_nine_languages_with_eight_models() -> None:
    catalogue = load_catalogue(REAL)

    assert set(catalogue.languages()) == NINE
    assert len(catalogue.models) == 8
    assert catalogue.languages()["en"] == catalogue.languages()["zh"] == "f5_en_zh"


def test_every_model_has_both_profiles() -> None:
    assert all(
        set(model.profiles) == {"demo", "full"} for model in load_catalogue(REAL).models.values()
    )


@pytest.mark.parametrize("folder", ["", "F5TTS_v1_Base/"])
def test_a_name_users_know_is_read_as_a_folder_of_its_repository(
    document: dict[str, Any], folder: str, tmp_path: Path
) -> None:
    changed = copy.deepcopy(document)
    changed["models"]["f5_en_zh"]["profiles"]["full"] |= {
        "repository": "SWivid/F5-TTS_v1",
        "checkpoint": f"{folder}model_1250000.safetensors",
        "vocabulary": f"{folder}vocab.txt",
    }
    path = tmp_path / "catalogue.yaml"
    path.write_text(yaml.safe_dump(changed), encoding="utf-8")

    assert load_catalogue(path) == load_catalogue(REAL)


def test_one_language_holds_at_most_half_of_the_routers_slots() -> None:
    catalogue = load_catalogue(REAL)

    held = {
        name: m.batching.batch_size + m.batching.job_queue_size
        for name, m in catalogue.models.items()
    }

    assert max(held.values()) <= catalogue.router.workers / 2, held


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.update(colour="red"), ["`colour`", "Remove the key"]),
        (lambda d: d["models"]["f5_fr"].update(langauges=["fr"]), ["langauges", "Remove the key"]),
        (lambda d: d["models"]["f5_fr"].pop("languages"), ["languages", "$.models[...]", "Add the key"]),
        (lambda d: d["models"]["f5_fr"].update(languages=["fr", "es"]), ["'es'", "2 times", "one model only"]),
        (lambda d: d["models"]["f5_fr"].update(languages=[False]), ["languages[0]", "Quote the value"]),
        (lambda d: d["models"]["f5_fr"].update(placement={"device_ids": [-1]}), ["device_ids[0]", ">= 0"]),
        (lambda d: d["models"]["f5_fr"].update(placement={"device_ids": [1, 1]}), ["stands twice", "f5_fr"]),
        (lambda d: d["models"]["f5_fr"].update(placement={"device": "cpu", "device_ids": [0]}), ["remove one"]),
        (lambda d: d["models"]["f5_fr"].update(batching={"max_batch_delay_ms": 0}), ["max_batch_delay_ms", ">= 1"]),
        (
            lambda d: d["models"]["f5_fr"].update(batching={"continuous": {}}, placement={"workers": 2}),
            ["f5_fr", "keep one"],
        ),
        (lambda d: d["models"]["f5_fr"]["profiles"]["full"].update(architecture="v9"), ["'v9'", "v1_base"]),
        (lambda d: d["models"]["f5_fr"]["profiles"]["full"].update(vocoder="x"), ["'x'", "vocos_mel_24khz"]),
        (lambda d: d["models"]["f5_fr"]["profiles"]["full"].pop("repository"), ["repository", "owner/name"]),
        (lambda d: d["router"].update(default_language="de"), ["default_language", "'de'"]),
        (lambda d: d["models"].update({"French": d["models"].pop("f5_fr")}), ["models"]),
    ],
    ids=[
        "top-key", "model-key", "missing", "duplicate-language", "unquoted-no", "device", "device-twice",
        "cpu-with-gpus", "zero-delay", "continuous-workers", "architecture", "vocoder", "repository", "default", "name",
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_place_and_remedy(
    document: dict[str, Any],
    change: Callable[[dict[str, Any]], object],
    told: list[str],
    tmp_path: Path,
) -> None:
    message = refusal(document, change, tmp_path)

    assert all(part in message for part in told), message


def test_a_missing_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yaml: cannot be read"):
        load_catalogue(tmp_path / "none.yaml")


def test_broken_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("models: [", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="line 1"):
        load_catalogue(path)


def test_models_are_chosen_by_language() -> None:
    catalogue = load_catalogue(REAL)

    assert catalogue.select(["zh", "fr"]) == ("f5_en_zh", "f5_fr")
    assert catalogue.select([]) == tuple(catalogue.models)


def test_a_language_that_no_model_speaks_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no model speaks de"):
        load_catalogue(REAL).select(["de"])
