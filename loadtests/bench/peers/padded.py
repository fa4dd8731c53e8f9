"""LitServe with batches that are padded as they come: fast to write, and wrong for the shorter items."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence

import fastapi
import litserve  # in the peers' own environment only
from numpy import float32
from numpy.typing import NDArray

from loadtests.bench.peers.speaker import Upstream, Wish, wav

MAX_BATCH = 8
BATCH_TIMEOUT_S = 0.02


class PaddedApi(litserve.LitAPI):  # type: ignore[misc]  # the package declares no types
    """Upstream's sampler on padded batches."""

    def setup(self, device: str) -> None:  # noqa: ARG002  # LitServe's signature
        """Load the model; LitServe calls it once a worker."""
        self.upstream = Upstream("f5_fr", "fr")

    def decode_request(self, request: Mapping[str, object]) -> Wish:
        """Read a body."""
        return Wish(
            text=str(request["text"]),
            audio_s=float(str(request["audio_s"])),
            steps=int(str(request["steps"])),
            seed=int(str(request["seed"])),
        )

    def batch(self, inputs: Sequence[Wish]) -> list[Wish]:
        """Keep the requests as they are."""
        return list(inputs)

    def predict(self, inputs: Sequence[Wish]) -> list[NDArray[float32]]:
        """Speak a batch."""
        return self.upstream.speak_padded(inputs)

    def unbatch(self, output: Sequence[NDArray[float32]]) -> list[NDArray[float32]]:
        """Keep the answers as they are."""
        return list(output)

    def encode_response(self, output: NDArray[float32]) -> fastapi.Response:
        """Encode an answer."""
        return fastapi.Response(wav(output), media_type="audio/wav")


def main(argv: Sequence[str]) -> int:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args(argv)
    api = PaddedApi(max_batch_size=MAX_BATCH, batch_timeout=BATCH_TIMEOUT_S, api_path="/speak")
    server = litserve.LitServer(api, accelerator="cpu", timeout=300)
    server.run(
        host="127.0.0.1", port=arguments.port, generate_client_file=False, log_level="warning"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
