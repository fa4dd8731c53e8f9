from __future__ import annotations

import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from scripts.archive import (
    MANIFEST,
    ArchiveSpec,
    expected_members,
    file_digest,
    package_files,
    rewrite_with,
    unpack,
)
from scripts.jobs import model_job
from scripts.package import CATALOGUE, ROOT, Job
from scripts.sources import VOICES, read_voices
from scripts.verify import inspect, verify_archive
from tests.packaging.conftest import Build


def names_of(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as content:
        return content.namelist()


def test_the_same_input_gives_the_same_bytes(tiny_spec: ArchiveSpec, build: Build) -> None:
    first = build(tiny_spec)
    for path in (tiny_spec.handler, *tiny_spec.package.iterdir()):
        os.utime(path, (1_000_000_000, 1_000_000_000))

    assert file_digest(build(tiny_spec)) == file_digest(first)


def test_other_settings_give_other_bytes(tiny_spec: ArchiveSpec, build: Build) -> None:
    other = replace(tiny_spec, model_config={"minWorkers": 2})

    assert file_digest(build(other)) != file_digest(build(tiny_spec))


def test_everything_lies_uncompressed_sorted_and_without_a_clock(
    tiny_spec: ArchiveSpec, build: Build
) -> None:
    with zipfile.ZipFile(build(tiny_spec)) as content:
        entries = content.infolist()
        manifest = json.loads(content.read(MANIFEST))

    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert manifest["createdOn"] == "01/01/1980 00:00:00"


def test_the_package_is_one_folder_and_nothing_else_lies_loose(router: Job, build: Build) -> None:
    top = {name.split("/")[0] for name in names_of(build(router.spec))}

    assert top == {"MAR-INF", "f5serve", "model-config.yaml", "router_handler.py", "torch.py"}


def test_a_model_s_archive_holds_what_its_settings_name(model: Job) -> None:
    names = expected_members(model.spec).keys()

    top = {name.split("/")[0] for name in names}
    assert top == {
        "f5_handler.py",
        "f5serve",
        "golden.safetensors",
        "model-config.yaml",
        "vocab.txt",
        "voices",
    }
    section = yaml.safe_load(yaml.safe_dump(dict(model.spec.model_config)))["handler"]
    assert {voice["file"] for voice in section["voices"]} <= names


def test_caches_and_hidden_files_stay_out(tiny_spec: ArchiveSpec, build: Build) -> None:
    for name in ("__pycache__/base.cpython-311.pyc", ".hidden/secret.txt", "base.pyc"):
        path = tiny_spec.package / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")

    assert names_of(build(tiny_spec)) == [
        MANIFEST,
        "f5serve/__init__.py",
        "f5serve/base.py",
        "model-config.yaml",
        "tiny_handler.py",
    ]


def test_the_router_carries_no_engine_and_loads_no_torch(
    router: Job, build: Build, tmp_path: Path
) -> None:
    archive = build(router.spec)

    assert not [name for name in names_of(archive) if name.startswith("f5serve/engine")]
    seen = inspect(unpack(archive, tmp_path / "unpacked"), "router_handler")
    assert not seen.real_torch
    assert len(seen.classes) == 1


def test_the_stub_for_torch_lies_in_the_router_alone(model: Job, router: Job) -> None:
    assert "torch.py" in expected_members(router.spec)
    assert "torch.py" not in expected_members(model.spec)


def test_the_tables_of_language_detection_lie_in_the_router_alone(model: Job, router: Job) -> None:
    tables = {f"f5serve/language/data/{name}" for name in ("README.md", "han.table", "words.table")}

    assert tables <= expected_members(router.spec).keys()
    assert not tables & expected_members(model.spec).keys()


def test_what_reads_texts_out_lies_in_the_models_alone(model: Job, router: Job) -> None:
    readers = {f"f5serve/text/spoken/{name}.py" for name in ("__init__", "marks", "en", "fi")}

    assert readers <= expected_members(model.spec).keys()
    assert not readers & expected_members(router.spec).keys()
    assert "f5serve/text/markup.py" in expected_members(router.spec)


def test_the_pronouncing_dictionary_lies_with_the_model_that_reads_phonemes_alone(
    model: Job, router: Job
) -> None:
    name = "f5serve/text/data/cmudict.txt.xz"
    english = model_job(
        ROOT, load_catalogue(ROOT / CATALOGUE), "f5_en_zh", "demo", read_voices(ROOT / VOICES)
    )

    assert name in expected_members(english.spec)
    assert name not in expected_members(model.spec).keys() | expected_members(router.spec).keys()


def test_the_words_of_typed_hindi_lie_with_the_router_and_the_model_that_speaks_it(
    model: Job, router: Job
) -> None:
    name = "f5serve/romanised/data/hindi.txt.xz"
    hindi = model_job(
        ROOT, load_catalogue(ROOT / CATALOGUE), "f5_hi", "demo", read_voices(ROOT / VOICES)
    )

    assert name in expected_members(hindi.spec).keys() & expected_members(router.spec).keys()
    assert name not in expected_members(model.spec)
    assert "f5serve/romanised/data/english.txt.xz" not in expected_members(router.spec)
    assert "f5serve/romanised/lexicon.py" in expected_members(model.spec)


def test_the_pages_lie_in_the_router_alone(model: Job, router: Job) -> None:
    names = ("__init__.py", "openapi.yaml", "playground.html", "reference.html")
    pages = {f"f5serve/pages/{name}" for name in names}

    assert pages <= expected_members(router.spec).keys()
    assert not pages & expected_members(model.spec).keys()


def test_a_model_s_handler_imports_from_its_archive_alone(
    model: Job, build: Build, tmp_path: Path
) -> None:
    folder = unpack(build(model.spec), tmp_path / "unpacked")

    seen = inspect(folder, "f5_handler")

    assert len(seen.classes) == 1
    assert Path(seen.package).is_relative_to(folder)


def test_a_missing_file_is_named_with_its_place(tiny_spec: ArchiveSpec, build: Build) -> None:
    spec = replace(tiny_spec, files={"vocab.txt": tiny_spec.package / "nowhere.txt"})

    with pytest.raises(ConfigurationError, match=r"nowhere\.txt is missing; .* needs it as vocab"):
        build(spec)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/outside.txt"])
def test_a_path_out_of_the_archive_is_refused(
    tiny_spec: ArchiveSpec, build: Build, name: str
) -> None:
    with pytest.raises(ConfigurationError, match="leaves the archive"):
        build(replace(tiny_spec, texts={name: "x"}))


def test_a_language_code_that_yaml_takes_for_a_truth_value_survives(
    tiny_spec: ArchiveSpec, build: Build
) -> None:
    with zipfile.ZipFile(build(tiny_spec)) as content:
        config = yaml.safe_load(content.read("model-config.yaml"))

    assert config == tiny_spec.model_config


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"f5serve/base.py": "class Base:\n    evil = True\n"}, "different"),
        ({"sitecustomize.py": "print('evil')\n"}, "foreign"),
    ],
    ids=["changed", "added"],
)
def test_an_archive_that_was_tampered_with_is_refused(
    tiny_spec: ArchiveSpec, build: Build, tmp_path: Path, change: dict[str, str], problem: str
) -> None:
    (tmp_path / "tampered").mkdir()
    tampered = tmp_path / "tampered" / "tiny.mar"
    rewrite_with(build(tiny_spec), tampered, change)

    with pytest.raises(
        ConfigurationError, match=f"{problem} within the archive: {next(iter(change))}"
    ):
        verify_archive(
            tampered, expected_members(tiny_spec), tmp_path / "unpacked", torch_allowed=False
        )


def test_an_archive_with_a_broken_byte_is_refused(
    tiny_spec: ArchiveSpec, build: Build, tmp_path: Path
) -> None:
    archive = build(tiny_spec)
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"Nothing", b"Nothign"))

    with pytest.raises(ConfigurationError, match="damaged"):
        verify_archive(
            archive, expected_members(tiny_spec), tmp_path / "unpacked", torch_allowed=False
        )


def test_a_handler_with_two_classes_is_refused(
    tiny_spec: ArchiveSpec, build: Build, tmp_path: Path
) -> None:
    with tiny_spec.handler.open("a", encoding="utf-8") as handler:
        handler.write("\n\nclass Second:\n    pass\n")

    with pytest.raises(ConfigurationError, match="defines 2 classes"):
        verify_archive(
            build(tiny_spec),
            expected_members(tiny_spec),
            tmp_path / "unpacked",
            torch_allowed=False,
        )


def test_a_handler_that_needs_what_the_archive_lacks_is_refused(
    tiny_spec: ArchiveSpec, build: Build, tmp_path: Path
) -> None:
    spec = replace(tiny_spec, without=frozenset({"base.py"}))

    with pytest.raises(ConfigurationError, match=r"No module named 'f5serve\.base'"):
        verify_archive(
            build(spec), expected_members(spec), tmp_path / "unpacked", torch_allowed=False
        )


def test_a_folder_of_the_package_can_be_left_out(tiny_spec: ArchiveSpec) -> None:
    (tiny_spec.package / "engine").mkdir()
    (tiny_spec.package / "engine" / "dit.py").write_text("", encoding="utf-8")

    kept = [name for name, _ in package_files(replace(tiny_spec, without=frozenset({"engine"})))]

    assert kept == ["f5serve/__init__.py", "f5serve/base.py"]
