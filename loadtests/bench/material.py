"""What the engine's benchmark speaks: a trace of texts, made into pieces as router and worker make them."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from f5serve.catalogue import load_catalogue
from f5serve.engine.checkpoint import read_vocab
from f5serve.engine.engine import EngineFiles, SynthesisStats
from f5serve.engine.mel import HOP_SAMPLES, LogMel
from f5serve.engine.tokenizer import Vocabulary
from f5serve.errors import ConfigurationError, ServeError
from f5serve.request import PieceRequest
from f5serve.routing.plan import plan_pieces
from f5serve.routing.segments import TextSegment
from f5serve.settings import ModelSettings
from f5serve.synthesis import Synthesizer
from f5serve.text.clean import clean
from loadtests.bench.common import ROOT
from scripts.archive import file_digest
from scripts.hearing.speaking import unpacked
from scripts.make_stand_ins import VOCOS_CONFIG, transformer_state, vocoder_state, write_safetensors
from scripts.package import CATALOGUE

if TYPE_CHECKING:
    from torch import Tensor

    from f5serve.audio import Samples
    from f5serve.engine.sampler import SampleItem

TRACE: Final = Path(__file__).parent / "texts_fr.txt"
DEMO: Final = "f5_fr"
FULL_SIZE: Final = "v1_base"
FULL_VOCABULARY: Final = 2545
SEED: Final = 1
FULL_REFERENCE_FRAMES: Final = 128
"""Of the full-size model's pieces: it is measured on a CPU, where a second of speech takes minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A checkpoint, and pieces for it.

    Attributes:
        name: For tables.
        files: The checkpoint's parts.
        items: The trace's pieces, in order.
        checkpoint_sha256: Digest of the checkpoint.
        batch_size: Requests that TorchServe hands over at once, by the catalogue.
        max_batch_frames: The catalogue's budget of padded frames.
    """

    name: str
    files: EngineFiles
    items: tuple[SampleItem, ...]
    checkpoint_sha256: str
    batch_size: int
    max_batch_frames: int

    def batch(self, size: int, steps: int) -> tuple[SampleItem, ...]:
        """Answer the first pieces of the trace, each with the same seed, for upstream knows but one."""
        return tuple(replace(item, steps=steps) for item in self.items[:size])


class _Recorder:
    """An engine that keeps what it is asked to speak, and answers silence."""

    def __init__(self) -> None:
        import torch

        self.items: list[SampleItem] = []
        self._log_mel = LogMel(torch.device("cpu"))

    def reference_mel(self, samples: Samples) -> Tensor:
        import torch

        return self._log_mel(torch.from_numpy(samples))

    def synthesize(
        self,
        items: Sequence[SampleItem],
        unwanted: Callable[[], bool],  # noqa: ARG002  # as the original
    ) -> tuple[list[Samples | ServeError], SynthesisStats]:
        self.items.extend(items)
        silent: list[Samples | ServeError] = [
            np.zeros(item.new_frames * HOP_SAMPLES, dtype=np.float32) for item in items
        ]
        return silent, SynthesisStats()


def read_trace(path: Path) -> tuple[str, ...]:
    """Read texts, one a line; what begins with ``#`` is passed over.

    Raises:
        ConfigurationError: If the file cannot be read or holds no text.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read as a trace: {error}") from error
    texts = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    if not texts:
        raise ConfigurationError(f"{path}: no texts; give one a line")
    return texts


def pieces_of(
    texts: Sequence[str], settings: ModelSettings, folder: Path
) -> tuple[SampleItem, ...]:
    """Make texts into pieces: cleaned and cut as the router does it, prepared as the worker does it.

    Args:
        texts: What is to be said, in the model's first language.
        settings: The archive's settings.
        folder: The folder that holds its files.

    Returns:
        Every piece in order, in the voice of that language.

    Raises:
        ConfigurationError: If a text cannot be spoken.
    """
    language = settings.languages[0]
    longest = {language: settings.limits.max_piece_s}
    recorder = _Recorder()
    vocabulary = Vocabulary(read_vocab(folder / settings.vocabulary))
    synthesizer = Synthesizer(recorder, vocabulary, settings, folder)
    for text in texts:
        segment = TextSegment(text=clean(text), language=language)
        requests = [
            PieceRequest(text=piece.text, language=language, seed=SEED)
            for piece in plan_pieces([segment], max_piece_s=longest, speed=1.0)
        ]
        for result in synthesizer.speak(requests, guarded=False):
            if isinstance(result, ServeError):
                raise ConfigurationError(f"the trace holds {text!r}: {result.detail}")
    return tuple(recorder.items)


@contextlib.contextmanager
def demo(trace: Path, model: str = DEMO) -> Iterator[Material]:
    """Unpack a demo checkpoint, and make the trace into its pieces.

    Raises:
        ConfigurationError: If a file is missing or a text cannot be spoken.
    """
    texts = read_trace(trace)
    batching = load_catalogue(ROOT / CATALOGUE).models[model].batching
    with unpacked(ROOT, model) as (settings, folder, digest):
        yield Material(
            name=f"demo ({model})",
            files=EngineFiles(
                checkpoint=folder / settings.weights,
                vocabulary=folder / settings.vocabulary,
                architecture=settings.architecture,
                vocoder=folder / settings.vocoder_weights,
                vocoder_config=settings.vocoder_config,
            ),
            items=pieces_of(texts, settings, folder),
            checkpoint_sha256=digest,
            batch_size=batching.batch_size,
            max_batch_frames=batching.max_batch_frames,
        )


@contextlib.contextmanager
def full_size(like: Material) -> Iterator[Material]:
    """Make a full-size checkpoint of noise, and short pieces for it.

    Args:
        like: The demo's material. Its shortest pieces are taken, each with the end of its reference: tokens and
            frames count for the cost, and what they say does not.

    Raises:
        ConfigurationError: If the checkpoint cannot be written.
    """
    with tempfile.TemporaryDirectory() as name:
        files = full_size_files(Path(name))
        items = sorted(like.items, key=lambda item: item.new_frames)
        yield replace(
            like,
            name=f"full size ({FULL_SIZE}, random weights)",
            files=files,
            items=tuple(_shortened(item) for item in items),
            checkpoint_sha256=file_digest(files.checkpoint),
        )


def full_size_files(folder: Path, *, half: bool = False) -> EngineFiles:
    """Write a full-size checkpoint of noise and its vocoder.

    Args:
        folder: Where.
        half: Whether the checkpoint is float16, as archives hold it.
    """
    import torch
    from safetensors.torch import save_file

    architecture = load_catalogue(ROOT / CATALOGUE).architectures[FULL_SIZE]
    state = transformer_state(architecture, FULL_VOCABULARY, SEED)
    if half:
        state = {key: value.to(torch.float16) for key, value in state.items()}
    write_safetensors(folder / "model.safetensors", state)
    save_file(vocoder_state(SEED), folder / "vocoder.safetensors")
    tokens = "".join(f"{token}\n" for token in (" ", *map(str, range(1, FULL_VOCABULARY))))
    (folder / "vocab.txt").write_text(tokens, encoding="utf-8")
    return full_size_in(folder)


def full_size_in(folder: Path) -> EngineFiles:
    """Answer the files that ``full_size_files`` has written."""
    return EngineFiles(
        checkpoint=folder / "model.safetensors",
        vocabulary=folder / "vocab.txt",
        architecture=load_catalogue(ROOT / CATALOGUE).architectures[FULL_SIZE],
        vocoder=folder / "vocoder.safetensors",
        vocoder_config=VOCOS_CONFIG,
    )


def _shortened(item: SampleItem) -> SampleItem:
    cut = max(0, item.reference_frames - FULL_REFERENCE_FRAMES)
    frames = item.total_frames - cut
    return replace(
        item,
        reference_mel=item.reference_mel[cut:],
        total_frames=frames,
        token_ids=item.token_ids[-max(1, frames // 8) :],
    )


if __name__ == "__main__":
    full_size_files(Path(sys.argv[1]), half=True)
