from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from f5serve.catalogue import Catalogue, load_catalogue
from f5serve.errors import ConfigurationError
from scripts.archive import file_digest
from scripts.lock import read_lock
from scripts.package import CATALOGUE, ROOT, Workplace, main, package
from scripts.shards import FILE as PLACEMENTS
from scripts.shards import load_placement, placed
from scripts.sources import files_of
from scripts.store import chosen_placement
from scripts.verify import verify_store

FRENCH = ("f5_fr",)


@pytest.fixture
def place(repository: Path, tmp_path: Path) -> Workplace:
    return Workplace(root=repository, store=tmp_path / "store", build=tmp_path / "build")


@pytest.fixture
def catalogue(repository: Path) -> Catalogue:
    return load_catalogue(repository / CATALOGUE)


def test_packaging_builds_what_changed_and_nothing_else(
    place: Workplace, catalogue: Catalogue
) -> None:
    first = package(place, catalogue, FRENCH, "demo")
    digest = file_digest(place.store / "f5_fr.mar")

    assert first == ("f5_fr", "tts")
    assert package(place, catalogue, FRENCH, "demo") == ()
    assert package(place, catalogue, FRENCH, "demo", force=True) == ("f5_fr", "tts")
    assert file_digest(place.store / "f5_fr.mar") == digest
    assert list(place.build.iterdir()) == []


def test_the_lock_tells_what_an_archive_is(place: Workplace, catalogue: Catalogue) -> None:
    package(place, catalogue, FRENCH, "demo")

    entry, archive = read_lock(place.store).archives["f5_fr"], place.store / "f5_fr.mar"
    assert (entry.bytes, entry.sha256) == (archive.stat().st_size, file_digest(archive))
    assert (entry.profile, entry.architecture, entry.licence) == ("demo", "demo", "MIT")
    assert entry.files[0].path == "config/demo/f5_fr/model.safetensors"
    assert entry.golden_rel_l2 is not None
    assert entry.golden_rel_l2 < 1e-3
    assert read_lock(place.store).archives["tts"].models == FRENCH


def test_a_failed_build_leaves_the_former_archive_in_place(
    place: Workplace, catalogue: Catalogue
) -> None:
    package(place, catalogue, FRENCH, "demo")
    before = file_digest(place.store / "f5_fr.mar")
    change_one_weight(place.root / "config/demo/f5_fr/model.safetensors")

    with pytest.raises(ConfigurationError, match="away from the recorded one"):
        package(place, catalogue, FRENCH, "demo")

    assert file_digest(place.store / "f5_fr.mar") == before
    assert verify_store(place.store) == []
    assert list(place.build.iterdir()) == []
    assert not list(place.store.glob(".*.partial"))


def test_a_store_that_was_tampered_with_is_told(place: Workplace, catalogue: Catalogue) -> None:
    package(place, catalogue, FRENCH, "demo")
    with (place.store / "tts.mar").open("ab") as archive:
        archive.write(b"x")
    (place.store / "f5_fr.mar").unlink()

    missing, changed = verify_store(place.store)

    assert "f5_fr.mar: missing" in missing
    assert "tts.mar: not the archive that was verified" in changed


def test_a_checkpoint_that_was_not_fetched_names_its_place_and_where_it_comes_from(
    place: Workplace, catalogue: Catalogue
) -> None:
    path = "models/SWivid_F5-TTS/F5TTS_v1_Base/model_1250000.safetensors"
    remedy = 'fetch it: make fetch LANGUAGES="en zh"'
    origin = "F5TTS_v1_Base/model_1250000.safetensors of the hub repository SWivid/F5-TTS, revision"

    with pytest.raises(
        ConfigurationError, match=rf"{path}: the checkpoint is missing; {remedy}\. .*put {origin}"
    ):
        package(place, catalogue, ("f5_en_zh",), "full")


def test_a_missing_demo_file_names_the_task_that_makes_it(
    repository: Path, catalogue: Catalogue
) -> None:
    (repository / "config/demo/vocab.txt").unlink()

    with pytest.raises(ConfigurationError, match=r"the vocabulary is missing; .*make train-demo"):
        files_of(repository, catalogue, catalogue.models["f5_fr"].profiles["demo"])


def test_a_missing_voice_clip_is_named(place: Workplace, catalogue: Catalogue) -> None:
    clip = next((place.root / "config/demo/voices").glob("*.wav"))
    clip.unlink()

    with pytest.raises(ConfigurationError, match=clip.name):
        package(place, catalogue, FRENCH, "demo")


def change_one_weight(path: Path) -> None:
    tensors = load_file(path)
    name = next(name for name in tensors if name.endswith("proj_out.bias"))
    tensors[name] = torch.zeros_like(tensors[name])
    save_file(tensors, path)


def test_an_own_voice_is_packaged_into_every_archive_and_a_bad_one_changes_none(
    place: Workplace, catalogue: Catalogue
) -> None:
    own = place.root / "config/voices/anna"
    shutil.rmtree(own.parent, ignore_errors=True)
    own.mkdir(parents=True)
    shutil.copy(place.root / "config/demo/voices/fr.wav", own / "clip.wav")
    card = {"language": "fr", "transcript": "Le train du matin part à sept heures et demie."}
    (own / "voice.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")

    package(place, catalogue, FRENCH, "demo")

    for name in ("f5_fr", "tts"):
        with zipfile.ZipFile(place.store / f"{name}.mar") as archive:
            config = yaml.safe_load(archive.read("model-config.yaml"))
            assert config["handler"]["voices"][-1]["name"] == "anna"
            assert ("voices/own-anna.wav" in archive.namelist()) == (name == "f5_fr")
    before = file_digest(place.store / "tts.mar")
    (own / "clip.wav").write_bytes(b"RIFF")
    with pytest.raises(ConfigurationError, match="config/voices/anna"):
        package(place, catalogue, FRENCH, "demo")
    assert file_digest(place.store / "tts.mar") == before


def test_a_placement_is_written_into_the_archives_and_kept(repository: Path) -> None:
    catalogue = load_catalogue(repository / CATALOGUE)
    place = Workplace(root=repository, store=repository / "store", build=repository / "build")
    shards = load_placement(repository / PLACEMENTS, catalogue, "four-gpus")
    by_placement = placed(catalogue, shards)

    package(place, by_placement, ("f5_fi",), "demo", placement="four-gpus")
    again = package(place, by_placement, ("f5_fi",), "demo", placement="four-gpus")

    with zipfile.ZipFile(place.store / "f5_fi.mar") as archive:
        config = yaml.safe_load(archive.read("model-config.yaml"))
    assert (config["deviceType"], config["deviceIds"]) == ("gpu", [3])
    assert again == ()
    assert chosen_placement(place.store, None) == "four-gpus"
    assert chosen_placement(place.store, "") == "four-gpus"
    assert chosen_placement(place.store, "catalogue") is None
    assert chosen_placement(place.store, "laptop") == "laptop"


def test_an_invalid_gpu_is_refused_before_anything_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "placement.yaml"
    text = (ROOT / PLACEMENTS).read_text(encoding="utf-8")
    wrong.write_text(
        text.replace("{device_ids: [0, 1], workers: 2}", "{device_ids: [0, 4]}"), "utf-8"
    )
    monkeypatch.setattr("scripts.shards.FILE", wrong)

    code = main(["--placement", "four-gpus", "--store", str(tmp_path / "store")])

    assert code == 1
    assert "4 is not a GPU of a pod with 4" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()
