"""Pages for people: the playground, one file without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from f5serve.response import Answer

PLAYGROUND: Final = "playground"
_FILE: Final = Path(__file__).with_name("playground.html")
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def playground_answer(headers: Mapping[str, str]) -> Answer:
    """Answer the page on which a person types a text and hears it.

    Args:
        headers: What every answer to this call carries.
    """
    page = _FILE.read_bytes()
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
            f"script-src {' '.join(allowed['script'])}",
            f"style-src {' '.join(allowed['style'])}",
            "connect-src 'self'",
            "media-src blob:",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
