"""Cuts, refusals, wrong bytes and full disks: one clear line, and nothing half-written under a final name."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import httpx
import huggingface_hub
import pytest

from scripts import fetch as command
from scripts.archive import file_digest
from scripts.hub import disk
from scripts.hub.client import Hub, Remote
from scripts.hub.disk import partial_of
from scripts.hub.record import read_hub_lock
from scripts.hub.trouble import FetchError, explain
from tests.disks import only_read
from tests.hub.conftest import FREE, Scene, store
from tests.hub.stand_in import Fault

WEIGHTS = "model_2500000.safetensors"
LOCAL = "SPRINGLab_F5-Hindi-24KHz"


def fetched_well(scene: Scene) -> bool:
    got = scene.models / LOCAL / WEIGHTS
    return (
        file_digest(got) == file_digest(scene.hub.folder / FREE / WEIGHTS)
        and scene.left_over() == []
    )


def ranges(scene: Scene) -> list[str | None]:
    asked = scene.hub.asked("GET", f"/content/{FREE}/{WEIGHTS}")
    return [one.headers.get("range") for one in asked]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client writes what it got every 10 MB; the files here are smaller."""
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 1000)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("kind", ["cut", "truncate"])
def test_a_body_that_ends_early_is_gone_on_with_where_it_ended(scene: Scene, kind: str) -> None:
    scene.hub.faults += [Fault(kind=kind, path=WEIGHTS, at=25_000)]  # type: ignore[arg-type]

    scene.fetch("hi")

    assert ranges(scene) == [None, "bytes=25000-"]
    assert fetched_well(scene)


@pytest.mark.usefixtures("small_chunks")
def test_a_server_that_ignores_the_range_is_no_harm(scene: Scene) -> None:
    scene.hub.faults += [
        Fault(kind="truncate", path=WEIGHTS, at=25_000),
        Fault(kind="ignore_range", path=WEIGHTS),
    ]

    scene.fetch("hi")

    assert ranges(scene) == [None, "bytes=25000-"]
    assert fetched_well(scene)


@pytest.mark.usefixtures("small_chunks")
def test_a_body_that_never_comes_whole_is_given_up_and_gone_on_with_by_the_next_run(
    scene: Scene,
) -> None:
    scene.hub.faults += [Fault(kind="truncate", path=WEIGHTS, at=25_000, times=4)]

    with pytest.raises(FetchError, match=rf"{WEIGHTS} broke off .*run the same command again"):
        scene.fetch("hi")
    assert not (scene.models / LOCAL / WEIGHTS).exists()
    scene.hub.requests.clear()

    scene.fetch("hi")

    assert ranges(scene) == ["bytes=25000-"]
    assert fetched_well(scene)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_error_is_waited_out(scene: Scene, status: int) -> None:
    scene.hub.faults += [
        Fault(kind="status", path="", status=status, times=2),
        Fault(kind="status", path=WEIGHTS, status=status, times=2),
        Fault(kind="status", path=f"content:{WEIGHTS}", status=status),
    ]

    scene.fetch("hi")

    assert fetched_well(scene)
    assert any("trying again" in line for line in scene.lines)


def test_those_who_failed_together_do_not_come_back_together(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("scripts.hub.client.time.sleep", waited.append)
    scene.hub.faults += [Fault(kind="status", path="", status=503, times=100)]

    for _ in range(8):
        with pytest.raises(FetchError):
            Hub(endpoint=scene.hub.endpoint, say=scene.lines.append).listing(FREE, None)

    first, second, third = waited[0::3], waited[1::3], waited[2::3]
    for waits, least in ((first, 1.0), (second, 2.0), (third, 4.0)):
        assert all(least <= wait_s <= 1.5 * least for wait_s in waits)
    assert len(set(first)) > 4


def test_an_error_that_stays_is_told_after_a_few_tries(scene: Scene) -> None:
    scene.hub.faults += [Fault(kind="status", path=WEIGHTS, status=503, times=100)]

    with pytest.raises(FetchError, match=rf"answers 503 for {WEIGHTS} of {FREE}; .*later"):
        scene.fetch("hi")

    assert len(scene.hub.asked("GET", f"/resolve/{scene.hub.commit(FREE)}/{WEIGHTS}")) == 4
    assert not (scene.models / LOCAL / WEIGHTS).exists()


def test_wrong_bytes_are_thrown_away_and_fetched_once_more(scene: Scene) -> None:
    scene.hub.faults += [Fault(kind="corrupt", path=WEIGHTS, at=100)]

    scene.fetch("hi")

    assert ranges(scene) == [None, None]
    assert any(f"{WEIGHTS} came wrong (sha256" in line for line in scene.lines)
    assert fetched_well(scene)


@pytest.mark.parametrize("path", [WEIGHTS, "vocab.txt"])
def test_bytes_that_are_wrong_twice_are_refused(scene: Scene, path: str) -> None:
    scene.hub.faults += [Fault(kind="corrupt", path=path, at=1, times=2)]

    with pytest.raises(FetchError, match=rf"{path} came wrong 2 times .* was thrown away"):
        scene.fetch("hi")

    assert not (scene.models / LOCAL / path).exists()
    assert scene.left_over() == []
    assert path not in read_hub_lock(scene.root).repositories[FREE].files


def test_one_repository_s_failure_leaves_the_others_fetched(scene: Scene) -> None:
    scene.hub.gated = frozenset({FREE})

    with pytest.raises(FetchError, match=rf"{FREE} is gated: .*accept its conditions at http"):
        scene.fetch("hi", "es")

    assert (scene.models / "jpgallegoar_F5-Spanish/model_1250000.safetensors").is_file()
    assert not (scene.models / LOCAL / WEIGHTS).exists()


def test_a_gated_repository_is_fetched_with_a_token(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.hub.gated = frozenset({FREE})
    monkeypatch.setenv("HF_TOKEN", "hf_good")

    scene.fetch("hi")

    assert fetched_well(scene)
    assert all("authorization" not in one.headers for one in scene.hub.asked("GET", "/content/"))


def test_a_token_may_come_from_the_token_file(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scene.hub.private = frozenset({FREE})
    token = tmp_path / "token"
    token.write_text("hf_good\n", encoding="utf-8")
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(token))

    scene.fetch("hi")

    assert fetched_well(scene)


def test_a_refused_token_names_where_tokens_come_from(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_old")

    with pytest.raises(FetchError, match=r"refuses the token \(401\).*/settings/tokens"):
        scene.fetch("hi")

    assert not any("trying again" in line for line in scene.lines)


def test_a_token_without_the_right_is_told(scene: Scene) -> None:
    scene.hub.faults += [Fault(kind="status", path=WEIGHTS, status=403, times=9)]

    with pytest.raises(FetchError, match=rf"forbids {FREE} \(403\): accept its conditions"):
        scene.fetch("hi")

    assert len(scene.hub.asked("GET", f"/resolve/{scene.hub.commit(FREE)}/{WEIGHTS}")) == 1


def test_an_unknown_repository_is_named(scene: Scene) -> None:
    shutil.rmtree(scene.hub.folder / FREE)

    with pytest.raises(FetchError, match=rf"shows no repository {FREE}: .*HF_TOKEN"):
        scene.fetch("hi")


def test_an_unknown_revision_is_named(scene: Scene) -> None:
    scene.change_catalogue(FREE, f"{FREE}\n        revision: '{'0' * 40}'")

    with pytest.raises(FetchError, match=rf"{FREE} has no revision {'0' * 40}; correct 'revision'"):
        scene.fetch("hi")


def test_a_file_that_the_repository_lacks_is_named_with_those_it_has(scene: Scene) -> None:
    (scene.hub.folder / FREE / WEIGHTS).rename(scene.hub.folder / FREE / "model.safetensors")

    with pytest.raises(FetchError, match=rf"no file {WEIGHTS} .* it has model.safetensors"):
        scene.fetch("hi")

    assert not (scene.models / LOCAL).exists()


def test_every_repository_at_fault_is_told_at_once(scene: Scene) -> None:
    shutil.rmtree(scene.hub.folder / FREE)
    (scene.hub.folder / "jpgallegoar/F5-Spanish/vocab.txt").unlink()

    with pytest.raises(FetchError) as caught:
        scene.fetch("hi", "es")

    assert len(caught.value.detail.splitlines()) == 2


def test_no_network_is_one_line_however_many_files_are_wanted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("HF_ENDPOINT", endpoint)

    assert command.main(["--root", str(scene.root), "--accept-licence"]) == 1

    told = capfd.readouterr()
    assert len(told.out.splitlines()) == 3  # the tries of the first repository
    (line,) = told.err.splitlines()
    assert line.startswith(f"fetch: {endpoint} cannot be reached (")
    assert "check the network" in line


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://example.org"])
def test_an_address_that_is_none_is_told(
    scene: Scene,
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)

    assert command.main(["--root", str(scene.root), "--languages", "hi"]) == 1
    assert f"HF_ENDPOINT={endpoint}: no address" in capsys.readouterr().err


def test_a_silent_server_is_given_up(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.05)
    scene.hub.faults += [Fault(kind="stall", path=WEIGHTS, at=0, times=100)]

    with pytest.raises(FetchError, match=rf"{WEIGHTS} did not come \(.*HF_HUB_DOWNLOAD_TIMEOUT"):
        scene.fetch("hi")

    assert not (scene.models / LOCAL / WEIGHTS).exists()


def test_a_login_page_in_place_of_a_hub_is_told(scene: Scene) -> None:
    class LoginPage(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, text="<html>please log in</html>", request=request)

    huggingface_hub.set_client_factory(lambda: httpx.Client(transport=LoginPage()))
    try:
        with pytest.raises(FetchError, match="does not answer as a hub does"):
            Hub(endpoint="http://hub.invalid").listing(FREE, None)
    finally:
        huggingface_hub.set_client_factory(huggingface_hub.utils._http.default_client_factory)


def test_a_name_that_is_no_repository_s_is_told() -> None:
    with pytest.raises(FetchError, match=r"no name of a hub repository; correct 'repository'"):
        Hub(endpoint="http://hub.invalid").listing("not a name", None)


def test_too_little_room_is_told_before_the_first_byte(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = shutil.disk_usage(scene.root)._replace(free=disk.SPARE_BYTES + 1000)
    monkeypatch.setattr("scripts.hub.disk.shutil.disk_usage", lambda _folder: room)

    with pytest.raises(FetchError, match=r"80\.\d\d kB are to be fetched .* but 500.00 MB are fr"):
        scene.fetch("hi")

    assert scene.hub.asked("GET", "/resolve/") == []


def test_a_disk_that_fills_up_is_told_and_ends_the_run(scene: Scene) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    remote = Remote(
        path=WEIGHTS,
        bytes=40_000,
        sha256=file_digest(scene.hub.folder / FREE / WEIGHTS),
        blob=None,
    )
    target = scene.models / LOCAL / WEIGHTS
    target.parent.mkdir(parents=True)
    partial_of(target, remote).symlink_to("/dev/full")

    with pytest.raises(FetchError, match=rf"the disk is full while {WEIGHTS} was wr") as caught:
        scene.fetch("hi")

    assert caught.value.hopeless
    assert not target.exists()


@pytest.mark.tool("mount")
def test_a_folder_that_can_only_be_read_is_told_before_anything_is_asked_for(scene: Scene) -> None:
    with only_read(scene.models), pytest.raises(FetchError, match="Read-only file system"):
        scene.fetch("hi")

    assert scene.hub.asked("GET", "/resolve/") == []


def test_a_file_where_a_folder_should_be_is_told(scene: Scene) -> None:
    scene.models.write_text("in the way", encoding="utf-8")

    with pytest.raises(
        FetchError, match=rf"{scene.models}: File exists; make it writable, or move"
    ):
        scene.fetch("hi")


def test_an_unfinished_file_that_is_too_long_begins_anew(scene: Scene) -> None:
    digest = file_digest(scene.hub.folder / FREE / WEIGHTS)
    remote = Remote(path=WEIGHTS, bytes=40_000, sha256=digest, blob=None)
    partial = partial_of(scene.models / LOCAL / WEIGHTS, remote)
    store(partial.with_suffix(".bin"), 50_000)
    partial.with_suffix(".bin").rename(partial)

    scene.fetch("hi")

    assert ranges(scene) == [None]
    assert fetched_well(scene)


def test_an_unfinished_file_of_older_bytes_is_not_gone_on_with(scene: Scene) -> None:
    old = scene.models / LOCAL / f".{WEIGHTS}.0123456789abcdef.partial"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"older")

    scene.fetch("hi")

    assert ranges(scene) == [None]
    assert fetched_well(scene)


def test_an_error_nobody_thought_of_is_still_a_line() -> None:
    told = explain(httpx.TooManyRedirects("in a circle"), "http://hub", FREE, WEIGHTS)

    assert "\n" not in told.detail
    assert "in a circle" in told.detail
