"""The stand-in is held to the real client: what this downloads from it by itself is right."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi, hf_hub_download, hf_hub_url, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import get_hf_file_metadata
from huggingface_hub.hf_api import RepoFile

from scripts.archive import file_digest
from scripts.fetch import ROOT
from tests.hub.conftest import FREE, Scene

WEIGHTS = "model_2500000.safetensors"
TOKEN = "hf_good"  # noqa: S105  # the stand-in's


def test_the_client_s_own_download_gets_a_large_file_from_another_origin_without_the_token(
    scene: Scene, tmp_path: Path
) -> None:
    path = hf_hub_download(
        FREE, WEIGHTS, endpoint=scene.hub.endpoint, local_dir=tmp_path / "got", token=TOKEN
    )

    assert file_digest(Path(path)) == file_digest(scene.hub.folder / FREE / WEIGHTS)
    assert scene.hub.asked("HEAD", WEIGHTS)[0].headers["authorization"] == "Bearer hf_good"
    (content,) = scene.hub.asked("GET", "/content/")
    assert "authorization" not in content.headers


def test_the_client_s_snapshot_holds_every_file(scene: Scene, tmp_path: Path) -> None:
    folder = Path(snapshot_download(FREE, endpoint=scene.hub.endpoint, local_dir=tmp_path / "got"))

    source = scene.hub.folder / FREE
    names = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    assert len(names) == 4
    assert all((folder / name).read_bytes() == (source / name).read_bytes() for name in names)


def test_metadata_tell_commit_digest_and_size(scene: Scene) -> None:
    url = hf_hub_url(FREE, WEIGHTS, endpoint=scene.hub.endpoint)

    told = get_hf_file_metadata(url)

    source = scene.hub.folder / FREE / WEIGHTS
    assert told.commit_hash == scene.hub.commit(FREE)
    assert (told.etag, told.size) == (file_digest(source), source.stat().st_size)
    assert told.xet_file_data is None


def test_the_list_of_files_is_the_same_by_both_ways(scene: Scene) -> None:
    api = HfApi(endpoint=scene.hub.endpoint)

    info = api.model_info(FREE, files_metadata=True)
    (told,) = api.get_paths_info(FREE, [WEIGHTS, "absent.txt"])

    (sibling,) = [one for one in info.siblings or [] if one.rfilename == WEIGHTS]
    assert isinstance(told, RepoFile)
    assert told.lfs is not None
    assert sibling.lfs is not None
    assert (told.lfs.sha256, told.lfs.size) == (sibling.lfs.sha256, sibling.lfs.size)
    assert info.card_data is not None
    assert info.card_data.get("license") == "cc-by-4.0"


def test_as_a_program_it_serves_a_folder_until_it_is_ended(scene: Scene) -> None:
    command = [sys.executable, "-m", "tests.hub.stand_in", "--port", "0", "--folder"]
    with subprocess.Popen(  # noqa: S603  # our own program
        [*command, str(scene.hub.folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "handlers"), str(ROOT)])},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            endpoint = told.split("HF_ENDPOINT=")[1].split()[0]
            assert HfApi(endpoint=endpoint).model_info(FREE).sha == scene.hub.commit(FREE)
        finally:
            process.terminate()


def test_what_is_not_there_is_an_error_of_the_client_s(scene: Scene, tmp_path: Path) -> None:
    scene.hub.gated = frozenset({FREE})
    api = HfApi(endpoint=scene.hub.endpoint)

    with pytest.raises(RepositoryNotFoundError):
        api.model_info("nobody/nothing")
    with pytest.raises(RevisionNotFoundError):
        api.model_info(FREE, revision="0" * 40)
    with pytest.raises(GatedRepoError):
        hf_hub_download(FREE, WEIGHTS, endpoint=scene.hub.endpoint, local_dir=tmp_path)
    with pytest.raises(RemoteEntryNotFoundError):
        hf_hub_download(
            FREE, "absent.pt", endpoint=scene.hub.endpoint, local_dir=tmp_path, token=TOKEN
        )
