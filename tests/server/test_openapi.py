"""The real server is held to its OpenAPI document: by schemathesis, which makes requests from it, and by hand."""

from __future__ import annotations

from typing import Any, Final

import pytest
import requests
import schemathesis
from schemathesis import Config
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.schemas import OpenApiSchema

from f5serve.request import STEPS_OF_QUALITY
from scripts.package import ROOT
from scripts.reference import OPENAPI, documents, read_openapi
from tests.server.harness import RoutedServer, Server
from tests.server.listening import TIMEOUT_S, post

pytestmark = pytest.mark.server

MODELS: Final = "/predictions/{model}"
SPEECH_PATHS: Final = ("/predictions/tts", "/predictions/tts/1.0/v1/audio/speech")
FEW_STEPS: Final = 2  # more take longer, and are the same request otherwise
LONG: Final = "The train to the coast leaves early in the morning. " * 8


def api(*, examples: int, boundaries: bool) -> OpenApiSchema:
    """The document, as a maker of requests: the same ones at each run.

    Args:
        examples: Requests for each operation, at random.
        boundaries: Whether every bound of every field is tried besides.
    """
    config = {
        "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
        "phases": {"coverage": {"enabled": boundaries}},
    }
    return schemathesis.openapi.from_dict(
        read_openapi(ROOT / OPENAPI), config=Config.from_dict(config)
    )


# TorchServe hides the method from the router, so none is refused; and what has the right type may still be nothing
# that can be said.
LEFT_OUT: Final = [
    getattr(schemathesis.checks, name)
    for name in ("unsupported_method", "positive_data_acceptance")
]
ROUTER: Final = api(examples=10, boundaries=True).exclude(path=MODELS)
LANGUAGE_MODELS: Final = api(examples=8, boundaries=False).include(path=MODELS)


@ROUTER.parametrize()
def test_the_router_answers_as_the_document_says(
    case: schemathesis.Case[Any], router_alone: RoutedServer
) -> None:
    url = router_alone.server.inference_url
    if is_bare(case):
        # The router does not see the method, so this is the GET of the same path.
        assert "languages" in case.call(base_url=url, timeout=TIMEOUT_S).json()
        return
    case.call_and_validate(base_url=url, excluded_checks=LEFT_OUT, timeout=TIMEOUT_S)


def is_bare(case: schemathesis.Case[Any]) -> bool:
    """Whether a request to speak has neither body nor content type."""
    return case.path == SPEECH_PATHS[0] and case.method == "POST" and case.body is NOT_SET


@LANGUAGE_MODELS.parametrize()
def test_a_language_model_answers_as_the_document_says(
    case: schemathesis.Case[Any], server: Server
) -> None:
    spare_steps(case.body)

    case.call_and_validate(
        base_url=server.inference_url, excluded_checks=LEFT_OUT, timeout=TIMEOUT_S
    )


def spare_steps(body: Any) -> None:
    """Ask for few sampling steps where a request that may be spoken asks for more."""
    if not isinstance(body, dict):
        return
    if isinstance(body.get("steps"), int) and FEW_STEPS < body["steps"] <= 64:
        body["steps"] = FEW_STEPS
    if body.get("quality") in STEPS_OF_QUALITY and not body.get("steps"):
        body["quality"] = "draft"


@pytest.mark.parametrize("path", SPEECH_PATHS)
@pytest.mark.parametrize("text", ["The train leaves.", LONG], ids=["whole", "streamed"])
def test_the_headers_of_speech_are_those_of_the_document(
    routed: RoutedServer, path: str, text: str
) -> None:
    documented = read_openapi(ROOT / OPENAPI)["paths"][path]["post"]["responses"]["200"]["headers"]

    asked = {"stream": True} if path == SPEECH_PATHS[0] else {}  # OpenAI's always streams
    answer = post(f"{routed.server.inference_url}{path}", input=text, **asked)

    told = {name for name in answer.headers if name.startswith("X-")} - {"X-Request-Id"}
    known_at_the_end = {"X-Audio-Seconds", "X-Unknown-Characters", "X-Queue-Ms", "X-Inference-Ms"}
    assert told == set(documented) - (known_at_the_end if text == LONG else set())


def test_the_document_and_the_page_are_served_as_they_were_packed(server: Server) -> None:
    packed = documents(ROOT)

    for name, kind in {
        "openapi.yaml": "application/yaml",
        "reference.html": "text/html; charset=utf-8",
    }.items():
        answer = requests.get(
            f"{server.inference_url}/predictions/tts/1.0/{name.removesuffix('.html')}",
            timeout=TIMEOUT_S,
        )
        assert answer.headers["Content-Type"] == kind
        assert answer.content.decode("utf-8") == packed[f"f5serve/pages/{name}"]


def test_status_links_to_what_is_there(server: Server) -> None:
    status = requests.get(
        f"{server.inference_url}/predictions/tts/1.0/status", timeout=TIMEOUT_S
    ).json()

    for path in status["links"].values():
        assert requests.get(f"{server.inference_url}{path}", timeout=TIMEOUT_S).status_code == 200
