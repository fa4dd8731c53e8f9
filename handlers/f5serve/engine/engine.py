"""Pieces in, waveforms out: batches cut by padded frames, one outcome a piece."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from f5serve.engine.arch import DiTConfig, VocosConfig
from f5serve.engine.batching import batch_cost_frames, plan
from f5serve.engine.checkpoint import check_vocab, load_tensors, load_transformer, read_vocab
from f5serve.engine.device import device_named, require_alive, wants_memory
from f5serve.engine.dit import DiT
from f5serve.engine.failures import failure, finite
from f5serve.engine.mel import HOP_SAMPLES, SAMPLE_RATE_HZ, LogMel
from f5serve.engine.precision import compute_dtype
from f5serve.engine.sampler import SampleItem, check_item, sample
from f5serve.engine.schedule import DEFAULT_SWAY
from f5serve.engine.steps import steps_of
from f5serve.engine.threads import Cores, Threads
from f5serve.engine.tokenizer import Vocabulary
from f5serve.engine.turns import TurnLimits, Turns
from f5serve.engine.vocos import Vocos
from f5serve.errors import CallerGoneError, ConfigurationError, ServeError, ValueRefusedError
from f5serve.tidying import give_back

logger = logging.getLogger(__name__)

Waveform: TypeAlias = NDArray[np.float32]
_Output = TypeVar("_Output")

DEFAULT_MAX_BATCH_FRAMES: Final = 8192
DEFAULT_MAX_BATCH_ITEMS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFiles:
    """The files of one checkpoint.

    Attributes:
        checkpoint: The transformer's weights, safetensors.
        vocabulary: The checkpoint's ``vocab.txt``.
        architecture: Upstream's ``model.arch`` section.
        vocoder: The vocoder's weights, safetensors.
        vocoder_config: The vocoder's parsed ``config.yaml``.
    """

    checkpoint: Path
    vocabulary: Path
    architecture: Mapping[str, object]
    vocoder: Path
    vocoder_config: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisStats:
    """What one call cost.

    Attributes:
        frames: Frames of the items that were run, reference included, padding not.
        padded_frames: The same with padding, what fills tiles and buckets included.
        batches: Batches that were run to their end.
        retries: Batches that failed and were cut in two.
    """

    frames: int = 0
    padded_frames: int = 0
    batches: int = 0
    retries: int = 0


class _Tally:
    """Counts while a call runs."""

    def __init__(self) -> None:
        self.frames = 0
        self.padded_frames = 0
        self.batches = 0
        self.retries = 0

    def ran(self, items: Sequence[SampleItem], padded_to: int) -> None:
        self.frames += sum(item.frames for item in items)
        self.padded_frames += len(items) * padded_to
        self.batches += 1

    def stats(self) -> SynthesisStats:
        return SynthesisStats(
            frames=self.frames,
            padded_frames=self.padded_frames,
            batches=self.batches,
            retries=self.retries,
        )


class F5Engine:
    """A loaded checkpoint with its vocoder; one call at a time.

    Args:
        model: The transformer.
        vocoder: The vocoder, on the same device.
        vocabulary: The checkpoint's tokens.
        max_batch_frames: Most padded frames of a batch.
        max_batch_items: Most items of a batch.
        cuda_graphs: Whether steps are replayed from CUDA graphs where the device has them.
    """

    sample_rate_hz: Final = SAMPLE_RATE_HZ
    hop_samples: Final = HOP_SAMPLES

    def __init__(
        self,
        model: DiT,
        vocoder: Vocos,
        vocabulary: Vocabulary,
        *,
        max_batch_frames: int = DEFAULT_MAX_BATCH_FRAMES,
        max_batch_items: int = DEFAULT_MAX_BATCH_ITEMS,
        cuda_graphs: bool = False,
    ) -> None:
        self.vocabulary = vocabulary
        self._model = model
        self._threads = Threads()
        self._steps = steps_of(model, cuda_graphs=cuda_graphs, threads=self._threads)
        self._vocoder = vocoder
        self._log_mel = LogMel(model.device)
        self._max_batch_frames = max_batch_frames
        self._max_batch_items = max_batch_items

    @classmethod
    def load(
        cls,
        files: EngineFiles,
        *,
        device: str = "cpu",
        dtype: str = "float32",
        max_batch_frames: int = DEFAULT_MAX_BATCH_FRAMES,
        max_batch_items: int = DEFAULT_MAX_BATCH_ITEMS,
        cuda_graphs: bool = False,
    ) -> F5Engine:
        """Load a checkpoint.

        Args:
            files: Where its parts are.
            device: ``cpu`` or ``cuda:<index>``.
            dtype: Compute dtype: float32, bfloat16, float16, or auto (see ``compute_dtype``).
            max_batch_frames: Most padded frames of a batch, reference included.
            max_batch_items: Most items of a batch.
            cuda_graphs: Whether steps are replayed from CUDA graphs where the device has them.

        Returns:
            The engine, not yet warmed up.

        Raises:
            ConfigurationError: If a file cannot be read, the files do not belong together, or the dtype is unknown.
        """
        if max_batch_frames < 1 or max_batch_items < 1:
            raise ConfigurationError(
                f"{max_batch_frames=} and {max_batch_items=} must be at least 1"
            )
        place = device_named(device)
        computed_in = compute_dtype(dtype, place)
        vocab = read_vocab(files.vocabulary)
        state = load_transformer(files.checkpoint)
        check_vocab(vocab, state)
        config = DiTConfig.from_mapping(files.architecture, vocab_size=len(vocab))
        vocoder_config = VocosConfig.from_mapping(files.vocoder_config)
        front_end = (SAMPLE_RATE_HZ, HOP_SAMPLES, config.mel_channels)
        found = (
            vocoder_config.sample_rate_hz,
            vocoder_config.hop_samples,
            vocoder_config.mel_channels,
        )
        if found != front_end:
            raise ConfigurationError(
                f"vocoder: rate, hop and mel channels are {found}; {front_end} are needed"
            )
        engine = cls(
            DiT(config, state, device=place, dtype=computed_in),
            Vocos(vocoder_config, load_tensors(files.vocoder), device=place),
            Vocabulary(vocab),
            max_batch_frames=max_batch_frames,
            max_batch_items=max_batch_items,
            cuda_graphs=cuda_graphs,
        )
        del state
        give_back()
        return engine

    @property
    def config(self) -> DiTConfig:
        """The transformer's architecture."""
        return self._model.config

    @property
    def device(self) -> torch.device:
        """Where the models run."""
        return self._model.device

    @property
    def dtype(self) -> str:
        """What the transformer's products are computed in, by name."""
        return str(self._model.dtype).removeprefix("torch.")

    def share(self, cores: Cores) -> None:
        """Compute with as many threads as cores are this process's at the moment; of no effect on a GPU.

        Args:
            cores: What is shared with other processes. Without it torch's threads are left as they are.
        """
        if self.device.type == "cpu":
            self._threads.share(cores)

    def reference_mel(self, samples: Waveform) -> Tensor:
        """Compute the log-mel of a voice's recording.

        Args:
            samples: ``[nw]`` float32 at 24 kHz.

        Returns:
            ``[nw // 256 + 1, 100]`` float32 on the CPU.

        Raises:
            ValueRefusedError: If it is not mono, too short, or holds a value that is not finite.
        """
        if not np.isfinite(samples).all():
            raise ValueRefusedError(
                "reference audio holds values that are not finite", field="ref_audio"
            )
        waveform = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
        with self._threads.computing():
            return self._log_mel(waveform).cpu()

    def synthesize(
        self, items: Sequence[SampleItem], unwanted: Callable[[], bool] = lambda: False
    ) -> tuple[list[Waveform | ServeError], SynthesisStats]:
        """Speak every piece.

        Args:
            items: The pieces, in any mixture of lengths, steps and strengths.
            unwanted: Tells whether nobody waits for any of them any more.

        Returns:
            For each piece, in order, its new speech ``[nw]`` float32 at 24 kHz, or the error of that piece alone:
            ``ValueRefusedError`` for a value out of range, ``NotFiniteError`` for a result that is not finite,
            ``OutOfMemoryError`` if it does not fit into the device even alone, ``SynthesisError`` if the model
            fails on it, ``CallerGoneError`` if it was no longer wanted. And what the call cost.

        Raises:
            DeviceLostError: If the device answers no more.
        """

        def speak(batch: Sequence[SampleItem]) -> list[Waveform | ServeError]:
            waves = self._vocoder.decode(sample(self._model, batch, self._steps, unwanted))
            return [finite(wave.cpu().numpy()) for wave in waves]

        return self._run(items, speak)

    def mels(self, items: Sequence[SampleItem]) -> tuple[list[Tensor | ServeError], SynthesisStats]:
        """Sample every piece without turning it into sound.

        Args:
            items: The pieces.

        Returns:
            As ``synthesize``, with the log-mel ``[new_frames m]`` float32 on the CPU in place of the waveform.
        """

        def draw(batch: Sequence[SampleItem]) -> list[Tensor | ServeError]:
            return [finite(mel.cpu()) for mel in sample(self._model, batch, self._steps)]

        return self._run(items, draw)

    def turns(self, *, turn_s: float, patience_s: float) -> Turns:
        """Answer the same models for step-level batching; between its turns, this engine may be called.

        Args:
            turn_s: About how long a turn takes.
            patience_s: What has waited longer goes first.
        """
        limits = TurnLimits(
            turn_s=turn_s,
            patience_s=patience_s,
            max_batch_frames=self._max_batch_frames,
            max_batch_items=self._max_batch_items,
            batch_cost_frames=batch_cost_frames(self._model.device.type),
        )
        return Turns(self._model, self._vocoder, limits, steps=self._steps, threads=self._threads)

    def warm_up(self, *, steps: int = 2, frames: int = 256) -> None:
        """Speak a silent piece, so that the first request does not pay for what is set up at first use.

        Args:
            steps: Euler steps; the tables of a schedule that is often asked for may be prepared this way.
            frames: Length of the piece, half of it reference.

        Raises:
            ServeError: If the model cannot speak it.
        """
        item = SampleItem(
            reference_mel=torch.full((max(frames // 2, 1), self.config.mel_channels), -5.0),
            token_ids=(0,) * max(min(frames // 8, 32), 1),
            total_frames=max(frames, 2),
            seed=0,
            steps=steps,
            sway=DEFAULT_SWAY,
        )
        outcome = self.synthesize([item])[0][0]
        if isinstance(outcome, ServeError):
            raise outcome

    def _run(
        self,
        items: Sequence[SampleItem],
        work: Callable[[Sequence[SampleItem]], list[_Output | ServeError]],
    ) -> tuple[list[_Output | ServeError], SynthesisStats]:
        outcomes: dict[int, _Output | ServeError] = {}
        groups: dict[tuple[int, float | None, bool], list[int]] = {}
        for index, item in enumerate(items):
            try:
                check_item(item, self.config)
            except ValueRefusedError as error:
                outcomes[index] = error
            else:
                groups.setdefault(item.group, []).append(index)
        tally = _Tally()
        cost = batch_cost_frames(self._model.device.type)
        for indices in groups.values():
            lengths = [self._steps.padded(items[index].frames) for index in indices]
            for batch in plan(
                lengths, self._max_batch_frames, self._max_batch_items, batch_cost_frames=cost
            ):
                chosen = [indices[position] for position in batch]
                with self._threads.computing():
                    results = self._fitting([items[index] for index in chosen], work, tally)
                outcomes.update(zip(chosen, results, strict=True))
        return [outcomes[index] for index in range(len(items))], tally.stats()

    def _fitting(
        self,
        batch: Sequence[SampleItem],
        work: Callable[[Sequence[SampleItem]], list[_Output | ServeError]],
        tally: _Tally,
    ) -> list[_Output | ServeError]:
        results: list[_Output | ServeError] | None = None
        starved = False
        try:
            results = work(batch)
        except CallerGoneError:
            return [CallerGoneError() for _ in batch]
        except Exception as error:  # honest: logged, and told as an error of the piece
            starved = wants_memory(error)
            if not starved:
                logger.exception("batch failed: pieces=%d", len(batch))
                require_alive(self._model.device)
        if results is not None:
            tally.ran(batch, self._steps.padded(max(item.frames for item in batch)))
            return results
        # Outside the handler: the error's traceback would keep the failed batch's tensors alive.
        tally.retries += 1
        if self._model.device.type == "cuda":
            self._steps.release()
            torch.cuda.empty_cache()
        if len(batch) == 1:
            return [failure(batch[0], starved=starved)]
        half = len(batch) // 2
        return self._fitting(batch[:half], work, tally) + self._fitting(batch[half:], work, tally)
