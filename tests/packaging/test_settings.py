from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from f5serve.catalogue import Catalogue, load_catalogue
from f5serve.settings import ModelSettings, RouterSettings, read_settings
from scripts.package import CATALOGUE, ROOT
from scripts.sources import VOICES, model_config, read_voices, router_config


@pytest.fixture
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / CATALOGUE).read_text(encoding="utf-8"))
    return loaded


def catalogue_of(document: dict[str, Any]) -> Catalogue:
    return msgspec.convert(document, Catalogue)


def french(document: dict[str, Any]) -> dict[str, Any]:
    vocoder = ROOT / "config/demo/vocos/config.yaml"
    voices = read_voices(ROOT / VOICES)
    return dict(model_config(catalogue_of(document), "f5_fr", "demo", vocoder, voices))


def test_a_worker_reads_back_what_packaging_wrote(document: dict[str, Any]) -> None:
    written = yaml.safe_load(yaml.safe_dump(french(document)))

    settings = read_settings(written["handler"], ModelSettings)

    assert settings.model == "f5_fr"
    assert settings.languages == ("fr",)
    assert settings.voices


def test_batching_and_timeouts_come_from_the_catalogue(document: dict[str, Any]) -> None:
    document["models"]["f5_fr"]["batching"] = {
        "batch_size": 3,
        "max_batch_delay_ms": 7,
        "job_queue_size": 5,
    }
    document["models"]["f5_fr"]["timeouts"] = {"response_s": 33, "startup_s": 44}

    written = french(document)

    keys = ("batchSize", "maxBatchDelay", "jobQueueSize", "responseTimeout", "startupTimeout")
    assert [written[key] for key in keys] == [3, 7, 5, 33, 44]


def test_continuous_batching_is_told_to_torchserve_and_to_the_worker(
    document: dict[str, Any],
) -> None:
    assert "continuousBatching" not in french(document)
    document["models"]["f5_fr"]["batching"] = {
        "batch_size": 8,
        "max_batch_delay_ms": 20,
        "continuous": {"turn_ms": 40},
    }

    written = french(document)

    assert (written["continuousBatching"], written["maxBatchDelay"]) == (True, 1)
    told = read_settings(written["handler"], ModelSettings).continuous
    assert told is not None
    assert (told.turn_ms, told.patience_s) == (40, 10.0)


@pytest.mark.parametrize(
    ("placement", "written"),
    [
        ({}, {}),
        ({"device": "cpu"}, {"deviceType": "cpu"}),
        ({"device": "gpu"}, {"deviceType": "gpu"}),
        ({"device_ids": [1, 0]}, {"deviceType": "gpu", "deviceIds": [1, 0]}),
    ],
    ids=["auto", "cpu", "gpu", "devices"],
)
def test_a_placement_becomes_torchserve_s_keys(
    document: dict[str, Any], placement: dict[str, Any], written: dict[str, Any]
) -> None:
    document["models"]["f5_fr"]["placement"] = placement

    config = french(document)

    assert {key: config[key] for key in ("deviceType", "deviceIds") if key in config} == written


def test_the_router_is_told_of_its_models_alone() -> None:
    catalogue = load_catalogue(ROOT / CATALOGUE)

    written = router_config(catalogue, ("f5_fr", "f5_fi"), "demo", read_voices(ROOT / VOICES))
    settings = read_settings(written["handler"], RouterSettings)

    assert [backend.url for backend in settings.backends] == [
        "http://127.0.0.1:8080/predictions/f5_fr",
        "http://127.0.0.1:8080/predictions/f5_fi",
    ]
    assert settings.default_language == "fr"
    assert written["deviceType"] == "cpu"
    assert int(str(written["responseTimeout"])) > catalogue.router.deadline_s


def test_every_property_is_explained_and_none_stands_twice() -> None:
    lines = Path(ROOT / "config/config.properties").read_text(encoding="utf-8").splitlines()
    filled = [line for line in lines if line]
    keys = [line.split("=")[0] for line in filled if not line.startswith("#")]

    assert len(keys) == len(set(keys))
    for before, line in itertools.pairwise(filled):
        assert line.startswith("#") or before.startswith("#"), f"no comment above {line}"


def test_uploads_and_the_guard_come_from_the_catalogue(document: dict[str, Any]) -> None:
    document["router"]["uploads"] = False
    document["models"]["f5_fr"]["guard"] = {"enabled": False}

    model = read_settings(french(document)["handler"], ModelSettings)
    routed = router_config(catalogue_of(document), ("f5_fr",), "demo", read_voices(ROOT / VOICES))
    router = read_settings(routed["handler"], RouterSettings)

    assert (model.limits.uploads, router.limits.uploads) == (False, False)
    assert not model.guard.enabled
