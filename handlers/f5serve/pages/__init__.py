"""Pages for people and for programs: the playground, the API's reference, and the document it is made from.

Each page is one file without anything from elsewhere. The document is ``config/openapi.yaml`` and the
reference is rendered from it: packaging lays both beside the playground.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from f5serve.response import Answer

PLAYGROUND: Final = "playground"
REFERENCE: Final = "reference"
OPENAPI: Final = "openapi.yaml"
REFERENCE_FILE: Final = "reference.html"
FOLDER: Final = Path(__file__).parent
_NONE: Final = "'none'"
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def playground_answer(headers: Mapping[str, str]) -> Answer:
    """Answer the page on which a person types a text and hears it.

    Args:
        headers: What every answer to this call carries.
    """
    return _page(FOLDER / "playground.html", headers)


def reference_answer(headers: Mapping[str, str], folder: Path = FOLDER) -> Answer:
    """Answer the page that tells what every path takes and answers.

    Args:
        headers: What every answer to this call carries.
        folder: Where packaging has put it.
    """
    return _page(folder / REFERENCE_FILE, headers)


def openapi_answer(headers: Mapping[str, str], folder: Path = FOLDER) -> Answer:
    """Answer the OpenAPI document, byte for byte.

    Args:
        headers: What every answer to this call carries.
        folder: Where packaging has put it.
    """
    body = (folder / OPENAPI).read_bytes()
    return Answer(body=body, content_type="application/yaml", headers=headers)


def _page(path: Path, headers: Mapping[str, str]) -> Answer:
    page = path.read_bytes()
    return Answer(
        body=page,
        content_type="text/html; charset=utf-8",
        headers={
            **headers,
            "Content-Security-Policy": content_policy(page.decode("utf-8")),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        },
    )


def content_policy(page: str) -> str:
    """Answer a policy that lets a page run its own script and style, and reach its own server, alone.

    Scripts and styles are allowed by their digests: whatever else finds its way into the page does not run.
    """
    allowed: dict[str, list[str]] = {"script": [], "style": []}
    for kind, content in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")
        allowed[kind].append(f"'sha256-{digest}'")
    return "; ".join(
        [
            "default-src 'none'",
            *(f"{kind}-src {' '.join(digests) or _NONE}" for kind, digests in allowed.items()),
            "connect-src 'self'",
            "media-src blob:",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
