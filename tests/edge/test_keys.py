"""Who is let in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from f5serve.errors import ConfigurationError
from scripts.keys import add_key, digest
from tests.edge.edges import RunningEdge, refused, running_edge
from tests.edge.stand_in import Backend

TAKEN_UP_S = 10.0


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an edge's keys; a test makes what it needs."""
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text("# nobody yet\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, backend: Backend, keys: Path
) -> Iterator[RunningEdge]:
    """An edge that asks for a key."""
    with running_edge(tmp_path_factory.mktemp("guarded"), backend, api_keys_file=str(keys)) as edge:
        yield edge


def becomes(edge: RunningEdge, key: str, status: int) -> bool:
    """Answer whether a key comes to be answered so: nginx's workers take up a change one after another."""
    end = time.monotonic() + TAKEN_UP_S
    in_a_row = 0
    while time.monotonic() < end:
        same = edge.speak("x", headers=bearer(key)).status_code == status
        in_a_row = in_a_row + 1 if same else 0
        if in_a_row == 5:
            return True
        time.sleep(0.02)
    return False


def test_without_a_key_nothing_but_the_probes_is_answered(guarded: RunningEdge) -> None:
    guarded.backend.seen.clear()

    answer = guarded.speak("x")

    refused(answer, 401, "invalid_api_key")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="f5serve"'
    assert guarded.ask("GET", "/predictions/tts/1.0/status").status_code == 401
    assert guarded.backend.seen == []
    assert guarded.ask("GET", "/readyz").status_code == 200
    assert guarded.ask("GET", "/healthz").status_code == 200


def test_without_a_key_openais_path_answers_in_its_form(guarded: RunningEdge) -> None:
    answer = guarded.ask("POST", "/v1/audio/speech", json={"input": "x"})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    "given",
    [
        "Bearer f5s_wrong",
        "Bearer",
        "Bearer  ",
        "Basic !!!",
        "Token abc",
        "Bearer " + "x" * 600,
        "Bearer a b",
        'Bearer x"; return 200',
    ],
)
def test_a_wrong_key_is_told_to_be_wrong(guarded: RunningEdge, given: str) -> None:
    answer = guarded.speak("x", headers={"Authorization": given})

    refused(answer, 401, "invalid_api_key")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="f5serve", error="invalid_token"'


def test_the_hash_of_a_key_is_no_key(guarded: RunningEdge, keys: Path) -> None:
    key = add_key(keys, "hash")
    assert guarded.edge.reload_if_changed()
    assert becomes(guarded, key, 200)

    assert guarded.speak("x", headers=bearer(digest(key))).status_code == 401


def test_a_second_key_of_a_name_follows_the_first_without_a_gap(
    guarded: RunningEdge, keys: Path
) -> None:
    old = add_key(keys, "alice")
    assert guarded.edge.reload_if_changed()
    assert becomes(guarded, old, 200)

    new = add_key(keys, "alice")
    assert guarded.edge.reload_if_changed()
    assert becomes(guarded, new, 200)
    answer = guarded.speak("x", headers=bearer(old))
    assert answer.status_code == 200
    assert guarded.logged_of(answer)["key"] == "alice"

    lines = keys.read_text(encoding="utf-8").splitlines()
    keys.write_text("\n".join(line for line in lines if digest(old) not in line), encoding="utf-8")
    assert guarded.edge.reload_if_changed()
    assert becomes(guarded, old, 401)
    assert guarded.speak("x", headers=bearer(new)).status_code == 200


def test_what_has_not_changed_is_not_read_again(guarded: RunningEdge) -> None:
    guarded.edge.reload_if_changed()

    assert guarded.edge.reload_if_changed() is None


def test_a_damaged_file_of_keys_changes_nothing_and_is_told(
    guarded: RunningEdge, keys: Path
) -> None:
    key = add_key(keys, "bob")
    assert guarded.edge.reload_if_changed()
    assert becomes(guarded, key, 200)
    good = keys.read_text(encoding="utf-8")
    try:
        keys.write_text(good + "mallory not-a-hash\n", encoding="utf-8")

        assert guarded.edge.reload_if_changed() is False
        assert "no name and SHA-256" in guarded.lines[-1]
        assert guarded.speak("x", headers=bearer(key)).status_code == 200
    finally:
        keys.write_text(good, encoding="utf-8")


def test_a_browser_is_asked_for_the_key_as_a_password(guarded: RunningEdge, keys: Path) -> None:
    key = add_key(keys, "browser")
    assert guarded.edge.reload_if_changed()
    assert becomes(guarded, key, 200)
    page = "/predictions/tts/1.0/playground"

    asked = guarded.ask("GET", page, headers={"Accept": "text/html"})
    assert (asked.status_code, asked.headers["WWW-Authenticate"]) == (401, 'Basic realm="f5serve"')
    assert guarded.ask("GET", page, auth=("anyone", key)).status_code == 200
    assert guarded.ask("GET", page, auth=("anyone", "wrong")).status_code == 401


def test_a_password_that_a_browser_sends_for_another_site_does_not_count(
    guarded: RunningEdge, keys: Path
) -> None:
    key = add_key(keys, "cross")
    assert guarded.edge.reload_if_changed()
    assert becomes(guarded, key, 200)

    elsewhere = {"Sec-Fetch-Site": "cross-site"}

    assert guarded.speak("x", auth=("x", key), headers=elsewhere).status_code == 401
    assert guarded.speak("x", auth=("x", key), headers={"Sec-Fetch-Site": "same-origin"}).ok


def test_a_file_that_is_missing_is_told_before_anything_starts(
    tmp_path: Path, backend: Backend
) -> None:
    with (
        pytest.raises(ConfigurationError, match="make key NAME="),
        running_edge(tmp_path, backend, api_keys_file=str(tmp_path / "missing")),
    ):
        pass
