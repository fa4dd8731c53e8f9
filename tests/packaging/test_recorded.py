"""What is packaged of a recorded repository is what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from f5serve.catalogue import Catalogue
from f5serve.errors import ConfigurationError
from scripts.archive import file_digest
from scripts.hub.record import Pinned, Recorded, write_pinned
from scripts.jobs import Job, model_job
from scripts.sources import VOICES, files_of, hub_folder, read_voices
from tests.packaging.full_support import edit_catalogue, place_stand_ins, shrink

NAME = "f5_fi"
COMMIT = "a" * 40


def shrunk_and_pinned(document: dict[str, Any]) -> None:
    shrink(document)
    document["models"][NAME]["profiles"]["full"]["revision"] = COMMIT


@pytest.fixture
def catalogue(repository: Path) -> Catalogue:
    """The catalogue in small sizes, with the files of a model."""
    catalogue = edit_catalogue(repository, shrunk_and_pinned)
    place_stand_ins(repository, catalogue, NAME, lean=True)
    return catalogue


def job(root: Path, catalogue: Catalogue) -> Job:
    return model_job(root, catalogue, NAME, "full", read_voices(root / VOICES))


def record(root: Path, catalogue: Catalogue, *leave_out: Path) -> Path:
    """Record the model's repository as it is, less some files; answer its checkpoint."""
    source = catalogue.models[NAME].profiles["full"]
    assert source.repository is not None
    files = files_of(root, catalogue, source)
    folder = root / "models" / hub_folder(source.repository)
    recorded = {
        path.relative_to(folder).as_posix(): Recorded(
            bytes=path.stat().st_size, sha256=file_digest(path)
        )
        for path in (files.checkpoint, files.vocabulary)
        if path not in leave_out
    }
    write_pinned(root, source.repository, Pinned(revision=COMMIT, files=recorded))
    return files.checkpoint


def test_what_is_as_recorded_is_packaged_with_its_revision(
    repository: Path, catalogue: Catalogue
) -> None:
    record(repository, catalogue)

    assert job(repository, catalogue).entry.revision == COMMIT


def test_what_was_never_recorded_may_be_of_another_revision_than_the_catalogues(
    repository: Path, catalogue: Catalogue
) -> None:
    assert job(repository, catalogue).entry.revision is None


def test_a_file_that_is_another_than_recorded_is_refused_with_the_remedy(
    repository: Path, catalogue: Catalogue
) -> None:
    checkpoint = record(repository, catalogue)
    with checkpoint.open("ab") as file:
        file.write(b"x")

    with pytest.raises(
        ConfigurationError,
        match=rf"{checkpoint.name}: not as config/hub.lock.json records it .*make fetch LANGUAGES=\"fi\"",
    ):
        job(repository, catalogue)


def test_a_checkpoint_of_before_an_update_that_was_interrupted_is_refused(
    repository: Path, catalogue: Catalogue
) -> None:
    checkpoint = record(repository, catalogue)

    record(repository, catalogue, checkpoint)

    with pytest.raises(ConfigurationError, match=r"not as .* records it"):
        job(repository, catalogue)
