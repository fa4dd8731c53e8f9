"""What is packaged where nothing is asked for, and that two runs do not meet in one store."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from f5serve.catalogue import Catalogue, ProfileName, load_catalogue
from f5serve.errors import ConfigurationError
from scripts import demo
from scripts.lock import Entry, write_entry
from scripts.package import CATALOGUE, ROOT
from scripts.store import chosen, exclusive, require_profile


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / CATALOGUE)


def packaged(store: Path, profile: ProfileName, *models: str) -> Path:
    """A store as packaging leaves it, less the content of its archives."""
    for name in (*models, "tts"):
        (store / f"{name}.mar").touch()
        calls = models if name == "tts" else ()
        entry = Entry(
            bytes=0, sha256="", inputs="", profile=profile, licence="MIT", models=tuple(calls)
        )
        write_entry(store, name, entry)
    return store


def test_an_empty_store_gets_the_demo_in_all_languages(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    assert chosen(tmp_path, catalogue, None, []) == (catalogue.select([]), "demo")


def test_without_a_wish_the_store_s_own_profile_and_models_are_refreshed(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    store = packaged(tmp_path, "full", "f5_fi", "f5_fr")

    assert chosen(store, catalogue, None, []) == (("f5_fi", "f5_fr"), "full")


def test_a_wish_comes_before_what_is_there(tmp_path: Path, catalogue: Catalogue) -> None:
    store = packaged(tmp_path, "full", "f5_fr")

    assert chosen(store, catalogue, "demo", []) == (catalogue.select([]), "demo")
    assert chosen(store, catalogue, None, ["fi"]) == (("f5_fi",), "full")


def test_archives_that_were_removed_are_not_packaged_any_more(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    store = packaged(tmp_path, "full", "f5_fr")
    (store / "tts.mar").unlink()

    assert chosen(store, catalogue, None, []) == (catalogue.select([]), "demo")


def test_a_model_that_left_the_catalogue_is_left_out(tmp_path: Path, catalogue: Catalogue) -> None:
    store = packaged(tmp_path, "demo", "f5_fr", "f5_xx")

    assert chosen(store, catalogue, None, []) == (("f5_fr",), "demo")


def test_archives_of_another_profile_are_not_replaced_unasked(tmp_path: Path) -> None:
    store = packaged(tmp_path, "full", "f5_fr")

    with pytest.raises(ConfigurationError, match=r"profile full.*make package PROFILE=demo"):
        require_profile(store, "demo")
    require_profile(store, "full")


def test_the_demo_refuses_a_store_of_the_full_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "STORE", packaged(tmp_path, "full", "f5_fr"))

    assert demo.main(["--out", str(tmp_path / "out")]) == 1
    assert "make package PROFILE=demo" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_second_run_says_that_it_waits_and_goes_on_when_the_first_has_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = []

    def second() -> None:
        with exclusive(tmp_path):
            steps.append("second")

    with exclusive(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
        steps.append("first")
    waiting.join(10)

    assert steps == ["first", "second"]
    assert "waiting" in capsys.readouterr().out
