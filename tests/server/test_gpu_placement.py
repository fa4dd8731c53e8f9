"""Each worker gets the GPU that the placement says, on a machine whose ``nvidia-smi`` tells of four.

There is no GPU here: a stand-in ``nvidia-smi`` tells TorchServe of four, the archives carry the keys that
packaging writes for the placement ``four-gpus``, and their handler answers which GPU it was given, without
touching one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import urllib3

from f5serve.catalogue import load_catalogue
from scripts.archive import TORCH_STUB, ArchiveSpec, build_archive
from scripts.package import CATALOGUE, ROOT
from scripts.server import TorchServe
from scripts.shards import FILE, load_placement, placed
from scripts.sources import VOICES, files_of, model_config, read_voices, source_of
from tests.server.harness import serve_archives

NVIDIA_SMI = """#!/bin/sh
# Stands in for the real one: four cards, idle.
case "$*" in
    *query-gpu=index*) printf 'index\\n0\\n1\\n2\\n3\\n' ;;
    *query-gpu=*) printf 'utilization.gpu [%%], utilization.memory [%%], memory.used [MiB]\\n0 %%, 0 %%, 0 MiB\\n' ;;
    *) printf 'GPU 0: stand-in\\n' ;;
esac
"""
HANDLER = """
import json
import os


class Base:
    def initialize(self, context):
        self.gpu = context.system_properties.get("gpu_id")

    def handle(self, data, context):
        return [json.dumps({"gpu": self.gpu, "pid": os.getpid()}) for _ in data]
"""
EXPECTED = {
    "f5_en_zh": {0, 1},
    "f5_fr": {2},
    "f5_es": {2},
    "f5_fi": {3},
    "f5_ja": {3},
}
"""What config/placement.yaml says of some models; one of them twice, so that nothing is handed round."""


def torchserve_keys(name: str) -> dict[str, object]:
    """What packaging writes into an archive for TorchServe itself."""
    catalogue = load_catalogue(ROOT / CATALOGUE)
    catalogue = placed(catalogue, load_placement(ROOT / FILE, catalogue, "four-gpus"))
    _, source = source_of(catalogue, name, "demo")
    vocoder = files_of(ROOT, catalogue, source).vocoder_config
    config = model_config(catalogue, name, "demo", vocoder, read_voices(ROOT / VOICES))
    return {key: value for key, value in config.items() if key != "handler"}


def gpu_archive(name: str, folder: Path, keys: Mapping[str, object]) -> Path:
    """An archive that answers which GPU its worker was given; it needs no torch."""
    package = folder / name / "f5serve"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "base.py").write_text(HANDLER, encoding="utf-8")
    handler = folder / name / "tiny_handler.py"
    handler.write_text(
        "from f5serve.base import Base\n\n\nclass Tiny(Base):\n    pass\n", encoding="utf-8"
    )
    workspace = folder / name / "workspace"
    workspace.mkdir()
    built = build_archive(
        ArchiveSpec(
            name=name,
            handler=handler,
            package=package,
            without=frozenset(),
            model_config={**keys, "batchSize": 1, "maxBatchDelay": 1},
            texts={"torch.py": TORCH_STUB},
        ),
        workspace,
    )
    return Path(shutil.move(built, folder / built.name))


@pytest.fixture(scope="module")
def four_gpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TorchServe]:
    """A server that believes in four GPUs."""
    folder = tmp_path_factory.mktemp("gpus")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "nvidia-smi").write_text(NVIDIA_SMI, encoding="utf-8")
    (programs / "nvidia-smi").chmod(0o755)
    archives = [gpu_archive(name, folder, torchserve_keys(name)) for name in EXPECTED]
    # What TorchServe does with an id that is none: the reason why packaging refuses it.
    wrong: dict[str, object] = {**torchserve_keys("f5_fr"), "deviceIds": [1, 9]}
    archives.append(gpu_archive("wrong", folder, {**wrong, "minWorkers": 2, "maxWorkers": 2}))
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    with serve_archives(archives, folder / "server", environment=environment) as server:
        yield server


def gpus_of(server: TorchServe, model: str, workers: int) -> set[int | None]:
    """Ask until every worker of a model has told its GPU."""
    found: dict[int, int | None] = {}
    for _ in range(200):
        answer = urllib3.request("POST", f"{server.inference_url}/predictions/{model}", body=b"x")
        told = json.loads(answer.data)
        found[told["pid"]] = told["gpu"]
        if len(found) == workers:
            break
    assert len(found) == workers, found
    return set(found.values())


@pytest.mark.parametrize("model", EXPECTED)
def test_each_worker_gets_the_gpu_of_the_placement(model: str, four_gpus: TorchServe) -> None:
    expected = EXPECTED[model]

    assert gpus_of(four_gpus, model, len(expected)) == expected


def test_torchserve_drops_a_whole_list_for_one_wrong_id(four_gpus: TorchServe) -> None:
    """It warns and hands the GPUs round; that is why packaging refuses such a list."""
    assert gpus_of(four_gpus, "wrong", 2) != {1, 9}
    assert "Invalid deviceId:9, ignore deviceIds list" in four_gpus.logs()
