"""The two that are compared: our engine, and upstream's f5-tts with vocos, on the same weights and pieces."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from typing import Any, Final, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from f5serve.engine.checkpoint import load_tensors, read_vocab
from f5serve.engine.engine import EngineFiles, F5Engine
from f5serve.engine.sampler import SampleItem
from f5serve.errors import ServeError, SynthesisError
from scripts.upstream_check import upstream_vocoder

UPSTREAM_MODULES: Final = (
    "f5_tts.infer.utils_infer",
    "f5_tts.model",
    "vocos",
    "vocos.feature_extractors",
    "vocos.heads",
    "vocos.models",
)


class Side(Protocol):
    """One of the two."""

    def speak(self, items: Sequence[SampleItem]) -> None:
        """Speak every piece to its samples, which are thrown away; this is what is timed."""

    def mels(self, items: Sequence[SampleItem]) -> list[Tensor]:
        """Answer the mel of every piece, ``[new_frames m]``, computed as ``speak`` computes it."""


def import_upstream() -> None:
    """Import all of f5-tts and vocos that ``Upstream`` uses, as this module imports all that ``Ours`` does.

    Apart from ``Upstream``, so that what it takes can be measured without its imports.
    """
    with warnings.catch_warnings():
        # Third parties' deprecations, at import time only.
        warnings.simplefilter("ignore")
        for name in UPSTREAM_MODULES:
            importlib.import_module(name)


class Ours:
    """The serving engine, as a worker loads it.

    Args:
        files: The checkpoint.
        max_batch_frames: Budget of padded frames, the catalogue's.
        dtype: Compute dtype.
    """

    def __init__(
        self, files: EngineFiles, *, max_batch_frames: int, dtype: str = "float32"
    ) -> None:
        self._engine = F5Engine.load(files, max_batch_frames=max_batch_frames, dtype=dtype)

    def speak(self, items: Sequence[SampleItem]) -> None:
        """Speak pieces in whatever batches the engine makes of them."""
        _refuse_errors(self._engine.synthesize(items)[0])

    def mels(self, items: Sequence[SampleItem]) -> list[Tensor]:
        """Answer the mels of the same batches."""
        outcomes = self._engine.mels(items)[0]
        _refuse_errors(outcomes)
        return [outcome for outcome in outcomes if isinstance(outcome, Tensor)]


class Upstream:
    """f5-tts's own model and the vocos package, preloaded, with the reference's mel at hand.

    Upstream has no correct batch: several pieces are spoken one after the other.

    Args:
        files: The checkpoint.
    """

    def __init__(self, files: EngineFiles) -> None:
        import_upstream()
        from f5_tts.infer.utils_infer import load_checkpoint
        from f5_tts.model import CFM
        from f5_tts.model import DiT as UpstreamDiT

        backbone = UpstreamDiT(
            **files.architecture, text_num_embeds=len(read_vocab(files.vocabulary)), mel_dim=100
        )
        model = CFM(transformer=backbone, mel_spec_kwargs={}, vocab_char_map=None)
        self._model: Any = load_checkpoint(model, str(files.checkpoint), "cpu", dtype=torch.float32)
        self._vocoder: Any = upstream_vocoder(files.vocoder_config, load_tensors(files.vocoder))

    def speak(self, items: Sequence[SampleItem]) -> None:
        """Speak pieces one after the other."""
        for mel in self.mels(items):
            self._decode(mel)

    def mels(self, items: Sequence[SampleItem]) -> list[Tensor]:
        """Answer the mels of the pieces, each sampled alone."""
        return [self._sampled([item])[0] for item in items]

    def padded_mels(self, items: Sequence[SampleItem]) -> list[Tensor]:
        """Answer the mels of one batch of upstream's own, as it is shipped: padded, attention not masked."""
        return self._sampled(items)

    def speak_padded(self, items: Sequence[SampleItem]) -> None:
        """Speak pieces in one batch of upstream's own."""
        for mel in self.padded_mels(items):
            self._decode(mel)

    def _decode(self, mel: Tensor) -> None:
        with torch.inference_mode():
            self._vocoder.decode(mel.T.unsqueeze(0))

    def _sampled(self, items: Sequence[SampleItem]) -> list[Tensor]:
        first = items[0]
        if len({(item.group, item.cfg_strength, item.seed) for item in items}) != 1:
            raise ValueError("upstream samples a batch with one seed, schedule and strength")
        with torch.inference_mode():
            sampled, _ = self._model.sample(
                cond=pad_sequence([item.reference_mel for item in items], batch_first=True),
                text=pad_sequence(
                    [torch.tensor(item.token_ids) for item in items],
                    batch_first=True,
                    padding_value=-1,
                ),
                duration=torch.tensor([item.total_frames for item in items]),
                lens=torch.tensor([item.reference_frames for item in items]),
                steps=first.steps,
                cfg_strength=first.cfg_strength,
                sway_sampling_coef=first.sway,
                seed=first.seed,
            )
        return [
            sampled[index, item.reference_frames : item.frames] for index, item in enumerate(items)
        ]


def _refuse_errors(outcomes: Sequence[object]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, ServeError):
            raise SynthesisError(f"the engine failed on a piece of the benchmark: {outcome.detail}")
