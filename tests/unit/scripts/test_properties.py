"""What hardens TorchServe stands in config/config.properties, and a start does not change it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from scripts.edge import max_body_bytes
from scripts.launch import (
    JVM_OPTIONS,
    ROOT,
    ServerOptions,
    child_environment,
    command_line,
    write_properties,
)
from scripts.ports import Ports

HARDENED: Final = {
    "inference_address": "http://127.0.0.1:8080",
    "management_address": "http://127.0.0.1:8081",
    "metrics_address": "http://127.0.0.1:8082",
    "grpc_inference_address": "127.0.0.1",
    "grpc_management_address": "127.0.0.1",
    "enable_model_api": "false",
    "allowed_urls": "file:///nothing/may/be/loaded",
    "use_env_allowed_urls": "false",
    "install_py_dep_per_model": "false",
    "disable_token_authorization": "true",
    "decode_input_request": "false",
    "max_request_size": "10000000",
    "max_response_size": "256000000",
    "job_queue_size": "32",
    "default_workers_per_model": "1",
    "metrics_mode": "prometheus",
    "model_metrics_auto_detect": "false",
    "disable_system_metrics": "true",
}
# Each would open something, or take settings from where an attacker may write.
ABSENT: Final = {
    "cors_allowed_origin",
    "cors_allowed_methods",
    "cors_allowed_headers",
    "enable_envvars_config",
    "workflow_store",
    "load_models",
    "plugins_path",
    "private_key_file",
    "certificate_file",
    "keystore",
    "blacklist_env_vars",
    "service_envelope",
    "model_snapshot",
}


def read(path: Path) -> dict[str, str]:
    """Answer the properties of a file; none may stand there twice, for the last one would win."""
    lines = [
        line.strip()
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    pairs = [tuple(line.split("=", 1)) for line in lines]
    assert all(len(pair) == 2 for pair in pairs)
    names = [pair[0] for pair in pairs]
    assert len(set(names)) == len(names)
    return {pair[0]: pair[1] for pair in pairs}


@pytest.fixture
def options(tmp_path: Path) -> ServerOptions:
    return ServerOptions(
        store=tmp_path / "store",
        models=("f5_fr", "tts"),
        ports=Ports.from_base(8080),
        logs=tmp_path / "logs",
    )


def test_every_key_that_hardens_is_set_in_the_file() -> None:
    properties = read(ROOT / "config" / "config.properties")

    assert {name: properties.get(name) for name in HARDENED} == HARDENED
    assert properties.keys() & ABSENT == set()


def test_every_key_that_hardens_is_set_where_torchserve_reads_it(
    options: ServerOptions, tmp_path: Path
) -> None:
    properties = read(write_properties(options, tmp_path))

    assert {name: properties.get(name) for name in HARDENED} == HARDENED
    assert properties.keys() & ABSENT == set()
    loopback = [value for name, value in properties.items() if name.endswith("_address")]
    assert len(loopback) == 5
    assert all(value.removeprefix("http://").startswith("127.0.0.1") for value in loopback)


def test_the_edge_takes_bodies_as_large_as_torchserve_does() -> None:
    assert max_body_bytes() == int(HARDENED["max_request_size"])


def test_nothing_is_taken_from_a_snapshot_and_models_are_named(
    options: ServerOptions, tmp_path: Path
) -> None:
    command = command_line(Path("java"), tmp_path / "config.properties", options, tmp_path)

    assert "-ncs" in command
    assert command[command.index("-m") + 1 :] == ["f5_fr=f5_fr.mar", "tts=tts.mar"]
    assert "-XX:+ExitOnOutOfMemoryError" in JVM_OPTIONS
    assert command[command.index("-cp") + 1].endswith("/ts/frontend/*")


def test_variables_that_would_change_torchserve_are_not_passed_on(
    options: ServerOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "TS_ALLOWED_URLS",
        "TS_ENABLE_MODEL_API",
        "PYTHONPATH",
        "JAVA_TOOL_OPTIONS",
        "F5SERVE_API_KEYS_FILE",
        "TS_OPEN_INFERENCE_PROTOCOL",
    ):
        monkeypatch.setenv(name, "x")

    told = child_environment(options, tmp_path)

    assert not {name for name in told if name.startswith("TS_")}
    assert told.keys().isdisjoint({"PYTHONPATH", "JAVA_TOOL_OPTIONS", "F5SERVE_API_KEYS_FILE"})
    assert os.environ["TS_ALLOWED_URLS"] == "x"
