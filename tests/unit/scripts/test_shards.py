"""A placement decides where models run; a mistake in it is refused before anything is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from f5serve.catalogue import Catalogue, load_catalogue
from f5serve.errors import ConfigurationError
from scripts.render_shards import CATALOGUE, ROOT
from scripts.shards import FILE, load_placement, models_of, placed, read_placements
from scripts.sources import VOICES, files_of, model_config, read_voices, source_of

NINE = ["en", "zh", "fi", "fr", "hi", "it", "ja", "ru", "es"]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / CATALOGUE)


def loaded(folder: Path, catalogue: Catalogue, *shards: dict[str, Any]) -> Any:
    path = folder / "placement.yaml"
    path.write_text(yaml.safe_dump({"some": list(shards)}), encoding="utf-8")
    return load_placement(path, catalogue, "some")


def all_languages(**keys: Any) -> dict[str, Any]:
    return {"name": "all", "languages": NINE, **keys}


@pytest.mark.parametrize("name", read_placements(ROOT / FILE))
def test_the_placements_of_the_repository_fit_its_catalogue(
    name: str, catalogue: Catalogue
) -> None:
    shards = load_placement(ROOT / FILE, catalogue, name)

    hosted = [model for shard in shards for model in models_of(shard, catalogue)]
    assert sorted(hosted) == sorted(catalogue.models)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"gpus": 4, "device_ids": [4]}, "4 is not a GPU of a pod with 4, which are 0 to 3"),
        ({"gpus": 4, "device_ids": [-1]}, ">= 0"),
        ({"gpus": 4, "device_ids": ["0"]}, "got `str`"),
        ({"gpus": 4, "device_ids": [True]}, "got `bool`"),
        ({"gpus": 4, "device_ids": [0.5]}, "got `float`"),
        ({"gpus": 4, "device_ids": [1, 1]}, "stands twice"),
        ({"device_ids": [0]}, "has no GPU"),
        (
            {"gpus": 2, "models": {"f5_fr": {"device_ids": [2]}}},
            "models.f5_fr.device_ids: 2 is not",
        ),
        ({"gpus": 2, "models": {"f5_fr": {"device_ids": [0, 0]}}}, "stands twice"),
        ({"gpus": 2, "models": {"f5_no": {"device_ids": [0]}}}, "f5_no speaks none"),
        ({"gpus": 2, "models": {"f5_fr": {"workers": 0}}}, ">= 1"),
        ({"languages": NINE[1:]}, "'en' is in no shard"),
        ({"languages": [*NINE, "fr"]}, "'fr' stands 2 times"),
        ({"languages": [*NINE, "de"]}, "'de': no model speaks it"),
        ({"languages": [*NINE, False]}, "got `bool`"),
        ({"replicas": 3, "max_replicas": 2}, "max_replicas 2 is less than replicas 3"),
        ({"name": "Über"}, "name"),
        ({"cards": 2}, "cards"),
    ],
)
def test_a_mistake_is_refused_with_its_place(
    keys: dict[str, Any], told: str, tmp_path: Path, catalogue: Catalogue
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, catalogue, all_languages(**keys))

    assert told in caught.value.detail


def test_languages_of_one_model_are_not_parted(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(ConfigurationError, match="f5_en_zh speaks zh too"):
        loaded(
            tmp_path,
            catalogue,
            {"name": "a", "languages": ["en"]},
            {"name": "b", "languages": NINE[1:]},
        )


def test_two_shards_of_one_name_are_refused(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(ConfigurationError, match="2 shards are named 'a'"):
        loaded(
            tmp_path,
            catalogue,
            {"name": "a", "languages": NINE[:2]},
            {"name": "a", "languages": NINE[2:]},
        )


def test_an_unknown_placement_is_refused_with_those_that_are_there(catalogue: Catalogue) -> None:
    with pytest.raises(ConfigurationError, match=r"'fleet'.*laptop.*production"):
        load_placement(ROOT / FILE, catalogue, "fleet")


def test_a_missing_file_is_told(tmp_path: Path, catalogue: Catalogue) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_placement(tmp_path / "none.yaml", catalogue, "laptop")


def config_of(catalogue: Catalogue, name: str) -> dict[str, object]:
    """What packaging writes for a model of the demo profile."""
    _, source = source_of(catalogue, name, "demo")
    vocoder = files_of(ROOT, catalogue, source).vocoder_config
    return model_config(catalogue, name, "demo", vocoder, read_voices(ROOT / VOICES))


def test_the_archives_are_told_the_gpus_of_the_placement(catalogue: Catalogue) -> None:
    four = placed(catalogue, load_placement(ROOT / FILE, catalogue, "four-gpus"))

    english, french = config_of(four, "f5_en_zh"), config_of(four, "f5_fr")

    assert (english["deviceType"], english["deviceIds"], english["minWorkers"]) == (
        "gpu",
        [0, 1],
        2,
    )
    assert (french["deviceType"], french["deviceIds"], french["minWorkers"]) == ("gpu", [2], 1)


def test_the_laptop_is_told_to_use_its_cores(catalogue: Catalogue) -> None:
    laptop = placed(catalogue, load_placement(ROOT / FILE, catalogue, "laptop"))

    assert config_of(laptop, "f5_fr")["deviceType"] == "cpu"
    assert "deviceIds" not in config_of(laptop, "f5_fr")
