"""What is served, for whoever asks: languages, models, licences, voices, formats, limits."""

from __future__ import annotations

from typing import Final

import msgspec

from f5serve import pages
from f5serve.encoding import CONTENT_TYPES, STREAMED
from f5serve.routing.backends import LanguageModels
from f5serve.routing.known_voices import KnownVoices
from f5serve.settings import Backend, RouterSettings

UNTOLD: Final = frozenset({"url", "more_urls", "in_order"})
LINKS: Final = {
    "openapi": f"/predictions/tts/1.0/{pages.OPENAPI}",
    "playground": f"/predictions/tts/1.0/{pages.PLAYGROUND}",
    "reference": f"/predictions/tts/1.0/{pages.REFERENCE}",
}


def status(
    settings: RouterSettings, models: LanguageModels, voices: KnownVoices
) -> dict[str, object]:
    """Answer the document of the path ``status``.

    Args:
        settings: Of the router.
        models: Know whether a language model can be asked now.
        voices: All that there are.
    """
    return {
        "languages": sorted(settings.model_of()),
        "default_language": settings.default_language,
        "models": [
            {**_told(backend), "ready": models.ready(backend)} for backend in settings.backends
        ],
        "voices": voices.listed(),
        "adds_voices": voices.grow,
        "formats": [*CONTENT_TYPES, "json"],
        "streamed_formats": list(STREAMED),
        "limits": msgspec.to_builtins(settings.limits),
        "links": LINKS,
    }


def _told(backend: Backend) -> dict[str, object]:
    """Answer what a caller may know of a model: not where its servers are, nor how they are asked."""
    told: dict[str, object] = msgspec.to_builtins(backend)
    return {name: value for name, value in told.items() if name not in UNTOLD}
