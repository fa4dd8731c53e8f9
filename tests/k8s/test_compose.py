"""The compose files run the image as hardened as the manifests do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from scripts.manifests.policies import STOP_S
from scripts.pod import PodSettings, read_pod
from scripts.render_shards import ROOT


class _Loader(yaml.SafeLoader):
    """Reads compose's own tags, such as ``!override``, as what stands behind them."""


_Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_sequence(node))


@pytest.fixture
def speech() -> Any:
    return service("compose.yaml")


def document_of(name: str) -> Any:
    text = (ROOT / name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader with one tag more


def service(name: str) -> Any:
    return document_of(name)["services"]["speech"]


def schema_problems(document: Any, folder: Path) -> str:
    """What the schema of the Compose specification has against a document; empty if nothing."""
    path = folder / "compose.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(  # noqa: S603  # a file of our own
        [*checker, path], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}"


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_the_files_keep_to_the_compose_specification(name: str, tmp_path: Path) -> None:
    # The tag !override, which is the merger's and not the schema's, is left out.
    assert schema_problems(document_of(name), tmp_path) == ""


def test_a_misspelt_key_would_be_found(tmp_path: Path) -> None:
    document = document_of("compose.yaml")
    document["services"]["speech"]["mem_limt"] = "8g"

    assert "mem_limt" in schema_problems(document, tmp_path)


def test_it_runs_without_rights_over_a_root_that_is_only_read(speech: Any) -> None:
    assert speech["read_only"] is True
    assert speech["cap_drop"] == ["ALL"]
    assert speech["security_opt"] == ["no-new-privileges:true"]
    assert speech["user"] == "10001:10001"


def test_only_the_edge_is_published_and_on_loopback(speech: Any) -> None:
    assert speech["ports"] == ["127.0.0.1:8000:8000"]


def test_the_stop_waits_for_the_drain(speech: Any) -> None:
    variables = speech["environment"]
    drain = float(variables["F5SERVE_DRAIN_DELAY_S"]) + float(variables["F5SERVE_DRAIN_S"])

    assert float(speech["stop_grace_period"].removesuffix("s")) > drain + STOP_S


@pytest.mark.parametrize("name", ["compose.yaml", "compose.gpu.yaml"])
def test_every_setting_is_one_that_the_supervisor_reads(name: str) -> None:
    variables = service(name).get("environment", {})

    unknown = {
        variable
        for variable in variables
        if variable.startswith("F5SERVE_") and variable not in field_names(PodSettings)
    }
    assert unknown == set()
    read_pod({name: str(value) for name, value in variables.items()})


def test_the_published_port_is_the_edge_s(speech: Any) -> None:
    given = {name: str(value) for name, value in speech["environment"].items()}

    assert speech["ports"][0].rsplit(":", 1)[1] == str(read_pod(given).edge_port)


def field_names(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


def test_the_only_folder_to_write_is_the_users(speech: Any) -> None:
    (run,) = speech["tmpfs"]

    assert run.startswith("/opt/f5serve/run:uid=10001,gid=10001")
    assert service("compose.gpu.yaml")["volumes"][0].endswith(":ro")


def test_the_image_is_the_target_that_carries_the_demo(speech: Any) -> None:
    stages = re.findall(
        r"^FROM .* AS (\w+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE
    )

    assert speech["build"]["target"] == "demo"
    assert {"serve", "demo"} <= set(stages)


def test_what_the_dockerfile_copies_is_sent_to_the_builder() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = {
        word.split("/")[0]
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE)
        for word in line.split()[:-1]
    }

    assert {f"!{name}" for name in copied} == {line for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)


def test_the_gpu_file_replaces_the_folder_in_memory() -> None:
    assert service("compose.gpu.yaml")["tmpfs"] == []
    assert service("compose.gpu.yaml")["gpus"] == "all"


def test_keys_of_the_machine_that_builds_are_not_sent_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert ignored.index("config/edge/keys") > ignored.index("!config")
    assert "config/edge/.keys.*" in ignored
