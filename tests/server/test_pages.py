"""The playground's page through a real TorchServe: type, policy, and who gets it."""

from __future__ import annotations

import pytest
import requests

from tests.server.harness import Server
from tests.server.listening import TIMEOUT_S

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["tts/1.0/playground", "tts", "tts/1.0"])
def test_a_browser_gets_the_page_with_a_strict_policy(server: Server, path: str) -> None:
    answer = requests.get(
        f"{server.inference_url}/predictions/{path}", headers=BROWSER, timeout=TIMEOUT_S
    )

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert answer.text.startswith("<!doctype html>")


def test_a_json_client_gets_the_status_on_the_bare_path(server: Server) -> None:
    answer = requests.get(
        f"{server.inference_url}/predictions/tts",
        headers={"Accept": "application/json"},
        timeout=TIMEOUT_S,
    )

    assert answer.headers["Content-Type"] == "application/json"
    assert "languages" in answer.json()
