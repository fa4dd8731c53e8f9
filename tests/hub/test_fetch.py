"""What is fetched, from which revision, under which licence, and what is left alone."""

from __future__ import annotations

import threading
from pathlib import Path

import huggingface_hub
import pytest

from f5serve.errors import ConfigurationError
from scripts import fetch as command
from scripts.archive import file_digest
from scripts.hub.record import FILE_NAME, Pinned, read_hub_lock, write_pinned
from scripts.hub.trouble import FetchError
from scripts.sources import files_of
from scripts.store import exclusive
from tests.hub.conftest import FREE, SPANISH, VOCODER, Scene, store

WEIGHTS = "model_2500000.safetensors"


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("everything")
def test_all_that_the_catalogue_names_is_fetched_and_nothing_else(scene: Scene) -> None:
    rows = scene.fetch()

    assert len({row.repository for row in rows}) == 9
    for row in rows:
        source = scene.hub.folder / row.repository / row.path
        assert (scene.models / row.where).read_bytes() == source.read_bytes()
        assert (row.sha256, row.state) == (file_digest(source), "fetched")
    taken = names(scene.models)
    assert not {path for path in taken if path.endswith("model_0.pt")}
    assert len(taken - {".lock"}) == len(rows)
    assert scene.left_over() == []


@pytest.mark.usefixtures("everything")
def test_packaging_finds_what_was_fetched(scene: Scene) -> None:
    scene.fetch()

    catalogue = scene.catalogue()
    for model in catalogue.models.values():
        files = files_of(scene.root, catalogue, model.profiles["full"])
        assert all(path.is_file() for path in files.all().values())


def test_a_language_takes_its_checkpoint_and_the_vocoder(scene: Scene) -> None:
    rows = scene.fetch("hi")

    assert {(row.repository, row.path) for row in rows} == {
        (FREE, WEIGHTS),
        (FREE, "vocab.txt"),
        (FREE, "README.md"),
        (VOCODER, "config.yaml"),
        (VOCODER, "pytorch_model.bin"),
        (VOCODER, "README.md"),
    }


def test_what_is_here_is_not_asked_for_again(scene: Scene) -> None:
    scene.fetch("hi")
    scene.hub.requests.clear()

    rows = scene.fetch("hi")

    assert scene.hub.requests == []
    assert {row.state for row in rows} == {"here"}


def test_files_copied_by_hand_are_compared_and_recorded_without_a_download(scene: Scene) -> None:
    for repository, paths in {
        FREE: (WEIGHTS, "vocab.txt", "README.md"),
        VOCODER: ("config.yaml", "pytorch_model.bin", "README.md"),
    }.items():
        for path in paths:
            target = scene.models / repository.replace("/", "_") / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((scene.hub.folder / repository / path).read_bytes())

    rows = scene.fetch("hi")

    assert {row.state for row in rows} == {"here"}
    assert scene.hub.asked("GET", "/resolve/") == []
    assert WEIGHTS in read_hub_lock(scene.root).repositories[FREE].files


def test_the_first_fetch_pins_and_later_ones_keep_to_it(scene: Scene) -> None:
    scene.fetch("hi")
    pinned = read_hub_lock(scene.root).repositories[FREE]
    store(scene.hub.folder / FREE / "vocab_new.txt")
    (scene.models / "SPRINGLab_F5-Hindi-24KHz" / WEIGHTS).unlink()

    assert pinned.revision != scene.hub.commit(FREE)
    assert pinned.licence == "cc-by-4.0"
    with pytest.raises(
        FetchError, match=rf"no revision {pinned.revision}; .*same command with UPDATE=1"
    ):
        scene.fetch("hi")

    scene.fetch("hi", update=True)
    assert read_hub_lock(scene.root).repositories[FREE].revision == scene.hub.commit(FREE)


def test_an_update_takes_new_bytes_and_leaves_unchanged_ones(scene: Scene) -> None:
    scene.fetch("hi")
    (scene.hub.folder / FREE / WEIGHTS).write_bytes(b"new weights")

    rows = {row.path: row for row in scene.fetch("hi", update=True) if row.repository == FREE}

    assert (rows[WEIGHTS].state, rows["vocab.txt"].state) == ("fetched", "here")
    assert (scene.models / rows[WEIGHTS].where).read_bytes() == b"new weights"
    assert scene.left_over() == []


def test_a_revision_of_the_catalogue_comes_before_the_recorded_one(scene: Scene) -> None:
    scene.fetch("hi")
    (scene.hub.folder / FREE / "vocab.txt").write_text("c\n", encoding="utf-8")
    commit = scene.hub.commit(FREE)
    pin_hindi(scene, commit)

    scene.fetch("hi")

    assert read_hub_lock(scene.root).repositories[FREE].revision == commit
    assert scene.hub.asked("GET", f"/revision/{commit}")


def test_a_branch_of_the_catalogue_is_resolved_once(scene: Scene) -> None:
    pin_hindi(scene, "main")
    scene.fetch("hi")
    scene.hub.requests.clear()

    scene.fetch("hi")

    pinned = read_hub_lock(scene.root).repositories[FREE]
    assert (pinned.asked, pinned.revision) == ("main", scene.hub.commit(FREE))
    assert scene.hub.requests == []


def pin_hindi(scene: Scene, revision: str) -> None:
    named = f"repository: {FREE}\n"
    scene.change_catalogue(named, f'{named}        revision: "{revision}"\n')


def test_a_damaged_file_is_told_and_fetched_again(scene: Scene) -> None:
    (row, *_) = (row for row in scene.fetch("hi") if row.path == WEIGHTS)
    where = scene.models / row.where
    where.write_bytes(b"x" * row.bytes)

    rows = scene.fetch("hi")

    assert any(f"{where}: not as it was first fetched" in line for line in scene.lines)
    assert row in rows
    assert file_digest(where) == row.sha256


def test_another_content_under_the_recorded_revision_is_not_taken(scene: Scene) -> None:
    scene.fetch("hi")
    pinned = read_hub_lock(scene.root).repositories[FREE]
    files = {path: file for path, file in pinned.files.items() if path != WEIGHTS}
    other = Pinned(revision=pinned.revision, files={**files, WEIGHTS: pinned.files["vocab.txt"]})
    write_pinned(scene.root, FREE, other)

    with pytest.raises(FetchError, match=rf"lists {WEIGHTS} with sha256 .* do not trust it"):
        scene.fetch("hi")


def test_a_licence_is_shown_and_must_be_accepted_before_anything_is_asked_for(scene: Scene) -> None:
    with pytest.raises(FetchError) as caught:
        scene.fetch("es", "hi", accept=False)

    told = caught.value.detail
    assert f"{SPANISH}: cc-by-nc-4.0 (the authors must be credited, commercial use is for" in told
    assert f"{scene.hub.endpoint}/{SPANISH}" in told
    assert "the same command with ACCEPT_LICENCE=1" in told
    assert FREE not in told
    assert scene.hub.requests == []
    assert not scene.models.exists() or names(scene.models) == {".lock"}


def test_a_free_licence_needs_no_consent_and_is_shown(scene: Scene) -> None:
    scene.fetch("hi", accept=False)

    assert any(f"licence of {FREE}: cc-by-4.0 (the auth" in line for line in scene.lines)


def test_a_card_that_is_stricter_than_the_catalogue_needs_consent_all_the_same(
    scene: Scene,
) -> None:
    card = scene.hub.folder / FREE / "README.md"
    card.write_text("---\nlicense: cc-by-nc-4.0\n---\n", encoding="utf-8")

    with pytest.raises(FetchError, match="commercial use is forbidden"):
        scene.fetch("hi", accept=False)

    assert any("its card says cc-by-nc-4.0" in line for line in scene.lines)


def test_a_card_cannot_write_to_the_terminal_or_the_record(scene: Scene) -> None:
    card = scene.hub.folder / FREE / "README.md"
    card.write_text('---\nlicense: "cc-by-4.0\\e[31m\\n"\n---\n', encoding="utf-8")

    scene.fetch("hi")

    assert read_hub_lock(scene.root).repositories[FREE].licence == "cc-by-4.031m"
    assert "\x1b" not in "".join(scene.lines)


def test_what_was_accepted_once_and_is_here_is_not_asked_about_again(scene: Scene) -> None:
    scene.fetch("es")

    assert {row.state for row in scene.fetch("es", accept=False)} == {"here"}


def test_a_dry_run_lists_sizes_and_writes_nothing(scene: Scene) -> None:
    rows = scene.fetch("es", accept=False, dry_run=True)

    assert {row.state for row in rows} == {"to fetch"}
    assert [row.bytes for row in rows if row.path.endswith(".safetensors")] == [40_000]
    assert not scene.models.exists()
    assert not (scene.root / FILE_NAME).exists()
    assert scene.hub.asked("GET", "/resolve/") == []


def test_the_name_users_know_leads_to_its_folder_of_the_repository(scene: Scene) -> None:
    old = "SWivid/F5-TTS\n        checkpoint: F5TTS_v1_Base/model_1250000.safetensors"
    new = "SWivid/F5-TTS_v1\n        checkpoint: model_1250000.safetensors"
    scene.change_catalogue(old, new)

    rows = scene.fetch("en")

    fetched = {row.where for row in rows}
    assert "SWivid_F5-TTS/F5TTS_v1_Base/model_1250000.safetensors" in fetched
    assert "SWivid_F5-TTS/F5TTS_v1_Base/vocab.txt" in fetched
    assert not any("F5-TTS_v1/" in one.path for one in scene.hub.requests)


def test_without_the_network_complete_files_are_enough(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.fetch("hi")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    assert {row.state for row in scene.fetch("hi")} == {"here"}
    with pytest.raises(FetchError, match="leave UPDATE out"):
        scene.fetch("hi", update=True)
    with pytest.raises(FetchError, match=r"jpgallegoar_F5-Spanish/\S+: missing, and HF_HUB_OFF"):
        scene.fetch("es")


def test_without_the_network_files_that_were_never_recorded_are_taken_and_told_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.fetch("hi")
    (scene.root / FILE_NAME).unlink()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    assert {row.state for row in scene.fetch("hi")} == {"unrecorded"}
    assert not (scene.root / FILE_NAME).exists()


def test_without_the_network_a_damaged_file_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.fetch("hi")
    (scene.models / "SPRINGLab_F5-Hindi-24KHz" / WEIGHTS).write_bytes(b"x")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    with pytest.raises(FetchError, match=rf"{WEIGHTS}: not as recorded"):
        scene.fetch("hi")


def test_two_runs_at_once_take_turns_and_the_second_downloads_nothing(scene: Scene) -> None:
    done: list[str] = []

    def second() -> None:
        done.extend(row.state for row in scene.fetch("hi"))

    scene.models.mkdir()
    with exclusive(scene.models):
        waiting = [threading.Thread(target=second) for _ in range(2)]
        for one in waiting:
            one.start()
        waiting[0].join(0.2)
        assert done == []
        assert scene.hub.requests == []
    for one in waiting:
        one.join(20)

    assert sorted(done) == ["fetched"] * 6 + ["here"] * 4
    assert len(scene.hub.asked("GET", f"/content/{FREE}/{WEIGHTS}")) == 1


def test_one_folder_is_never_shared_by_two_repositories(scene: Scene) -> None:
    scene.change_catalogue(SPANISH, "SPRINGLab_F5-Hindi/24KHz")
    scene.change_catalogue(FREE, "SPRINGLab/F5-Hindi_24KHz")

    with pytest.raises(ConfigurationError, match="would share the folder"):
        scene.fetch()


@pytest.mark.parametrize("path", ["../../config/catalogue.yaml", "/etc/passwd", "a/../../b.pt"])
def test_a_path_that_leads_out_of_the_repository_is_refused(scene: Scene, path: str) -> None:
    scene.change_catalogue(WEIGHTS, path)

    with pytest.raises(ConfigurationError, match="no path within a repository"):
        scene.fetch("hi")


def test_the_command_prints_a_table_of_what_is_there(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", scene.hub.endpoint)
    monkeypatch.setenv("F5SERVE_ACCEPT_LICENCE", "1")

    assert command.main(["--root", str(scene.root), "--languages", "hi,es"]) == 0

    out = capsys.readouterr().out
    line = next(one for one in out.splitlines() if one.startswith(WEIGHTS))
    digest = file_digest(scene.hub.folder / FREE / WEIGHTS)[:12]
    where = f"models/SPRINGLab_F5-Hindi-24KHz/{WEIGHTS}"
    assert line.split()[1:] == ["40.00", "kB", digest, "cc-by-4.0", "fetched", where]
    assert "fetch: 9 files" in out


@pytest.mark.parametrize("value", ["", "0", "no"])
def test_the_command_refuses_without_consent_in_lines_and_with_a_status(
    scene: Scene,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", scene.hub.endpoint)
    monkeypatch.setenv("F5SERVE_ACCEPT_LICENCE", value)

    assert command.main(["--root", str(scene.root), "--languages", "es"]) == 1

    error = capsys.readouterr().err
    assert all(line.startswith("fetch: ") for line in error.splitlines())
    assert "ACCEPT_LICENCE=1" in error
