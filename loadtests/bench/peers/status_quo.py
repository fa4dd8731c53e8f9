"""What people run today: f5-tts behind FastAPI, an ordinary endpoint in the server's thread pool."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import fastapi
import uvicorn
from pydantic import BaseModel

from loadtests.bench.peers.speaker import Upstream, Wish, wav


class Asked(BaseModel):
    """A request's body."""

    text: str
    audio_s: float
    steps: int


def application(upstream: Upstream) -> fastapi.FastAPI:
    """Answer the application."""
    app = fastapi.FastAPI()

    def speak(asked: Asked) -> fastapi.Response:
        wish = Wish(text=asked.text, audio_s=asked.audio_s, steps=asked.steps)
        return fastapi.Response(wav(upstream.speak(wish)), media_type="audio/wav")

    app.post("/speak")(speak)
    return app


def main(argv: Sequence[str]) -> int:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args(argv)
    upstream = Upstream("f5_fr", "fr")
    uvicorn.run(application(upstream), host="127.0.0.1", port=arguments.port, log_level="warning")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
