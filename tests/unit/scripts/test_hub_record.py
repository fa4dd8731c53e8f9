"""What is recorded of fetched files, and what the catalogue asks the hub for."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from f5serve.catalogue import Catalogue, load_catalogue
from f5serve.errors import ConfigurationError
from scripts.fetch import CATALOGUE, ROOT
from scripts.hub.record import (
    FILE_NAME,
    PLACE_VARIABLE,
    Pinned,
    Recorded,
    read_hub_lock,
    write_pinned,
)
from scripts.hub.wanted import Wanted, chosen_models, wanted_repositories

COMMIT = "a" * 40


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / CATALOGUE)


def test_what_was_written_is_read_again_in_order(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    file = Recorded(bytes=1, sha256="b" * 64)
    write_pinned(tmp_path, "b/b", Pinned(revision=COMMIT, files={"z": file, "a": file}))
    write_pinned(tmp_path, "a/a", Pinned(revision=COMMIT, asked="main", licence="mit"))

    text = (tmp_path / FILE_NAME).read_text(encoding="utf-8")
    assert [*json.loads(text)["repositories"]] == ["a/a", "b/b"]
    assert [*json.loads(text)["repositories"]["b/b"]["files"]] == ["a", "z"]
    assert read_hub_lock(tmp_path).repositories["a/a"].asked == "main"
    assert [path.name for path in (tmp_path / "config").iterdir()] == ["hub.lock.json"]


def test_nothing_fetched_yet_is_an_empty_record(tmp_path: Path) -> None:
    assert read_hub_lock(tmp_path).repositories == {}


def test_where_config_is_only_read_the_record_goes_on_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").mkdir()
    write_pinned(tmp_path, "a/a", Pinned(revision=COMMIT))
    as_shipped = (tmp_path / FILE_NAME).read_bytes()
    (tmp_path / "config").chmod(0o500)
    monkeypatch.setenv(PLACE_VARIABLE, str(tmp_path / "hub.lock.json"))

    assert read_hub_lock(tmp_path).repositories.keys() == {"a/a"}
    write_pinned(tmp_path, "b/b", Pinned(revision=COMMIT))

    assert read_hub_lock(tmp_path).repositories.keys() == {"a/a", "b/b"}
    assert (tmp_path / FILE_NAME).read_bytes() == as_shipped


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 2}', '{"other": 1}', "\xff"])
def test_a_damaged_record_is_told_with_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / FILE_NAME).write_bytes(content.encode("latin-1"))

    with pytest.raises(ConfigurationError, match=r"hub\.lock\.json: damaged .*git checkout"):
        read_hub_lock(tmp_path)


def test_the_record_of_this_repository_can_be_read() -> None:
    for pinned in read_hub_lock(ROOT).repositories.values():
        assert len(pinned.revision) == 40


def test_eight_checkpoints_and_one_vocoder_are_wanted(catalogue: Catalogue) -> None:
    wanted = {
        one.repository: one for one in wanted_repositories(catalogue, chosen_models(catalogue, []))
    }

    assert len(wanted) == 9
    assert wanted["charactr/vocos-mel-24khz"].files == ("config.yaml", "pytorch_model.bin")
    assert set(wanted["charactr/vocos-mel-24khz"].languages) == set(catalogue.languages())
    assert wanted["Jmica/F5TTS"].revision == "6bed3f318d92e37b97164ece0e2f90153b09a4e5"
    free = {name for name, one in wanted.items() if one.commercial_use}
    assert free == {"SPRINGLab/F5-Hindi-24KHz", "charactr/vocos-mel-24khz"}


def test_a_tenth_language_of_the_catalogue_is_wanted_too(catalogue: Catalogue) -> None:
    french = catalogue.models["f5_fr"]
    source = msgspec.structs.replace(
        french.profiles["full"], repository="someone/F5-Dutch", revision=COMMIT
    )
    dutch = msgspec.structs.replace(french, languages=("nl",), profiles={"full": source})
    ten = msgspec.structs.replace(catalogue, models={**catalogue.models, "f5_nl": dutch})

    (checkpoint, _) = wanted_repositories(ten, chosen_models(ten, ["nl"]))

    assert checkpoint == Wanted(
        repository="someone/F5-Dutch",
        revision=COMMIT,
        licence="cc-by-nc-4.0",
        commercial_use=False,
        files=("model_last_reduced.pt", "vocab.txt"),
        languages=("nl",),
    )


def test_a_model_without_published_checkpoint_is_left_out_unless_asked_for(
    catalogue: Catalogue,
) -> None:
    french = catalogue.models["f5_fr"]
    demo = msgspec.structs.replace(french, profiles={"demo": french.profiles["demo"]})
    changed = msgspec.structs.replace(catalogue, models={**catalogue.models, "f5_fr": demo})

    assert "f5_fr" not in chosen_models(changed, [])
    with pytest.raises(ConfigurationError, match=r"f5_fr\.profiles: there is no 'full'"):
        wanted_repositories(changed, chosen_models(changed, ["fr"]))


def test_two_pins_of_one_repository_are_refused(catalogue: Catalogue) -> None:
    italian = catalogue.models["f5_it"]
    source = msgspec.structs.replace(
        italian.profiles["full"], repository="Jmica/F5TTS", revision=None
    )
    changed = msgspec.structs.replace(
        catalogue,
        models={
            **catalogue.models,
            "f5_it": msgspec.structs.replace(italian, profiles={"full": source}),
        },
    )

    with pytest.raises(ConfigurationError, match=r"Jmica/F5TTS is pinned to .* one revision"):
        wanted_repositories(changed, ("f5_it", "f5_ja"))
