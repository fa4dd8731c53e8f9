"""A folder of voices: each appears whole, is there for whoever looks, and goes with its clip."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f5serve.errors import ConflictError, StoreError, ValueRefusedError
from f5serve.voice_store import (
    FOLDER_VARIABLE,
    LEFT_BEHIND_S,
    MOST_CLIP_BYTES,
    Card,
    VoiceStore,
    store_of_this_server,
)

CARD = Card(language="fr", transcript="Bonjour à tous.", consent="Anna, in writing")
OTHER = Card(language="fi", transcript="Hyvää huomenta.", licence="CC0-1.0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "voices"


def test_an_added_voice_is_there_at_once_for_whoever_has_the_folder(folder: Path) -> None:
    looking = VoiceStore(folder)
    assert (looking.names(), looking.find("anna"), looking.read("anna")) == ((), None, None)

    VoiceStore(folder).add("anna", CARD, b"RIFF")

    found = looking.read("anna")
    assert found is not None
    assert (found.clip, found.voice) == (b"RIFF", looking.find("anna"))
    assert (found.voice.name, found.voice.language, found.voice.licence) == (
        "anna",
        "fr",
        "LicenseRef-private",
    )
    assert [voice.name for voice in looking.all()] == ["anna"]


def test_a_removed_voice_is_gone_with_its_clip(folder: Path) -> None:
    store, other = VoiceStore(folder), VoiceStore(folder)
    store.add("anna", CARD, b"RIFF")
    assert other.find("anna") is not None

    assert store.remove("anna")

    assert other.find("anna") is None
    assert not store.remove("anna")
    assert list(folder.iterdir()) == []


def test_a_voice_in_the_place_of_a_removed_one_is_the_new_one(folder: Path) -> None:
    store, other = VoiceStore(folder), VoiceStore(folder)
    store.add("anna", CARD, b"first")
    assert other.find("anna") is not None
    store.remove("anna")
    store.add("anna", OTHER, b"second")

    found = other.read("anna")

    assert found is not None
    assert (found.clip, found.voice.language) == (b"second", "fi")


def test_a_name_is_taken_once_and_what_is_there_stays(folder: Path) -> None:
    store = VoiceStore(folder)
    store.add("anna", CARD, b"first")

    with pytest.raises(ConflictError, match="'anna'") as caught:
        store.add("anna", OTHER, b"second")

    assert (caught.value.status, caught.value.code, caught.value.field) == (
        409,
        "voice_exists",
        "name",
    )
    found = store.read("anna")
    assert found is not None
    assert found.clip == b"first"
    assert [place.name for place in folder.iterdir()] == ["anna"]


def test_of_many_that_take_a_name_at_once_one_gets_it_whole(folder: Path) -> None:
    won: list[bytes] = []
    start = threading.Barrier(8)

    def add(clip: bytes) -> None:
        start.wait()
        try:
            VoiceStore(folder).add("anna", CARD, clip)
        except ConflictError:
            return
        won.append(clip)

    threads = [threading.Thread(target=add, args=(bytes([at]) * 100_000,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = VoiceStore(folder).read("anna")
    assert found is not None
    assert [found.clip] == won
    assert [place.name for place in folder.iterdir()] == ["anna"]


def test_who_reads_while_voices_come_and_go_gets_one_voice_or_none(folder: Path) -> None:
    ended = threading.Event()

    def change() -> None:
        store = VoiceStore(folder)
        try:
            for _ in range(25):
                store.add("anna", CARD, b"fr")
                store.remove("anna")
                store.add("anna", OTHER, b"fi")
                store.remove("anna")
        finally:
            ended.set()

    thread = threading.Thread(target=change)
    thread.start()
    seen = set()
    store = VoiceStore(folder)
    while not ended.is_set():
        found = store.read("anna")
        seen.add((found.voice.language, found.clip) if found else None)
    thread.join()

    assert seen <= {None, ("fr", b"fr"), ("fi", b"fi")}
    assert len(seen) > 1


def test_no_more_voices_are_taken_than_there_may_be(folder: Path) -> None:
    store = VoiceStore(folder, most=2)
    store.add("anna", CARD, b"")
    store.add("bob", CARD, b"")

    with pytest.raises(ConflictError, match="remove one") as caught:
        store.add("cleo", CARD, b"")

    assert caught.value.code == "voice_store_full"
    store.remove("anna")
    store.add("cleo", CARD, b"")
    assert store.names() == ("bob", "cleo")


@pytest.mark.parametrize("name", ["../anna", "a/b", ".", "..", "", "A", "a" * 65, "uploaded", "é"])
def test_what_is_no_voices_name_is_looked_for_nowhere(folder: Path, name: str) -> None:
    folder.mkdir()
    (folder.parent / "anna").mkdir()
    store = VoiceStore(folder)

    assert store.find(name) is None
    assert store.read(name) is None
    assert not store.remove(name)
    assert (folder.parent / "anna").is_dir()


def test_a_voice_that_was_made_with_make_voice_can_be_copied_here(folder: Path) -> None:
    place = folder / "anna"
    place.mkdir(parents=True)
    (place / "clip.flac").write_bytes(b"fLaC")
    (place / "voice.yaml").write_text("language: fr\ntranscript: Bonjour.\n", encoding="utf-8")

    found = VoiceStore(folder).read("anna")

    assert found is not None
    assert (found.clip, found.voice.transcript) == (b"fLaC", "Bonjour.")


@pytest.mark.parametrize(
    "card",
    [
        *(b"language: [", b"\xff", b"language: fr", b"a: 1\nlanguage: fr\ntranscript: x", b""),
        b"language: fr\ntranscript: x\nconsent: " + b"[" * 5000,
        b"language: fr\ntranscript: " + b"x" * 20_000,
    ],
    ids=range(7),
)
def test_a_voice_whose_card_cannot_be_used_is_none_and_the_others_are_there(
    folder: Path, card: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store = VoiceStore(folder)
    store.add("anna", CARD, b"RIFF")
    (folder / "bad").mkdir()
    (folder / "bad" / "voice.yaml").write_bytes(card)

    assert store.find("bad") is None
    assert [voice.name for voice in store.all()] == ["anna"]
    assert "voice" in caplog.text


def test_a_voice_without_a_clip_is_none(folder: Path) -> None:
    store = VoiceStore(folder)
    store.add("anna", CARD, b"RIFF")
    (folder / "anna" / "clip.wav").unlink()

    assert store.read("anna") is None


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
def test_whatever_is_said_and_noted_is_read_as_it_was_written(transcript: str, source: str) -> None:
    folder = Path("/dev/shm") / f"f5serve-test-{os.getpid()}"  # noqa: S108 - removed below
    try:
        VoiceStore(folder).add(
            "anna", Card(language="fr", transcript=transcript, source=source), b""
        )
        found = VoiceStore(folder).find("anna")
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    assert found is not None
    assert (found.transcript, found.source) == (transcript, source)


def test_a_folder_that_cannot_be_made_is_told_as_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    store = VoiceStore(tmp_path / "file" / "voices")

    with pytest.raises(StoreError) as caught:
        store.add("anna", CARD, b"")

    assert (caught.value.status, caught.value.code) == (503, "voice_store_failed")


def test_what_a_process_left_half_way_is_removed_with_the_next_voice(folder: Path) -> None:
    store = VoiceStore(folder)
    for name in (".new-old", ".gone-old", ".new-fresh"):
        (folder / name).mkdir(parents=True)
    long_ago = os.stat(folder / ".new-old").st_mtime - LEFT_BEHIND_S - 60  # noqa: PTH116
    os.utime(folder / ".new-old", (long_ago, long_ago))
    os.utime(folder / ".gone-old", (long_ago, long_ago))

    store.add("anna", CARD, b"")

    assert sorted(place.name for place in folder.iterdir()) == [".new-fresh", "anna"]
    assert store.names() == ("anna",)


def test_a_server_has_the_store_that_its_environment_names(tmp_path: Path) -> None:
    assert store_of_this_server({}) is None
    assert store_of_this_server({FOLDER_VARIABLE: ""}) is None
    store = store_of_this_server({FOLDER_VARIABLE: str(tmp_path)})
    assert store is not None
    store.add("anna", CARD, b"")
    assert (tmp_path / "anna").is_dir()


def test_a_date_in_a_note_is_text(folder: Path) -> None:
    (folder / "anna").mkdir(parents=True)
    card = "language: fr\ntranscript: Bonjour.\nconsent: 2024-99-99\nsource: 2024-05-01\n"
    (folder / "anna" / "voice.yaml").write_text(card, encoding="utf-8")

    found = VoiceStore(folder).find("anna")

    assert found is not None
    assert found.source == "2024-05-01"


def test_a_voice_that_cannot_be_read_hides_no_other(folder: Path) -> None:
    store = VoiceStore(folder)
    store.add("anna", CARD, b"RIFF")
    (folder / "bad" / "voice.yaml").mkdir(parents=True)

    assert [voice.name for voice in store.all()] == ["anna"]
    with pytest.raises(StoreError):
        store.find("bad")


def test_a_clip_that_is_larger_than_any_is_not_read(folder: Path) -> None:
    store = VoiceStore(folder)
    store.add("anna", CARD, b"RIFF")
    with (folder / "anna" / "clip.wav").open("wb") as file:
        file.truncate(MOST_CLIP_BYTES + 1)

    assert store.read("anna") is None


def test_who_may_look_into_the_folder_may_look_at_its_voices(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o770)

    VoiceStore(folder).add("anna", CARD, b"RIFF")

    assert (folder / "anna").stat().st_mode & 0o777 == 0o770


def test_a_clip_that_could_not_be_removed_at_once_goes_with_the_next_change(folder: Path) -> None:
    store = VoiceStore(folder)
    store.add("anna", CARD, b"RIFF")
    (folder / ".gone-left").mkdir()
    (folder / ".gone-left" / "clip.wav").write_bytes(b"RIFF")

    store.remove("anna")

    assert list(folder.iterdir()) == []


def test_no_voice_is_written_under_what_is_no_name(folder: Path) -> None:
    with pytest.raises(ValueRefusedError):
        VoiceStore(folder).add("anna\n", CARD, b"RIFF")

    assert not folder.exists()
