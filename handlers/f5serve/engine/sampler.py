"""From noise to speech by Euler steps, without waiting for the device in between.

b items        n mel frames, padded        r frames of a reference        m mel channels (100)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from f5serve.engine.arch import DiTConfig
from f5serve.engine.dit import DiT, ItemCondition
from f5serve.engine.schedule import DEFAULT_SWAY, time_grid
from f5serve.engine.steps import PlainSteps, Steps
from f5serve.engine.text_embedding import MAX_FRAMES
from f5serve.errors import CallerGoneError, ValueRefusedError

DEFAULT_STEPS: Final = 32
DEFAULT_CFG_STRENGTH: Final = 2.0
MAX_CFG_STRENGTH: Final = 20.0
_UNGUIDED_BELOW: Final = 1e-5
_MAX_SEED: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleItem:
    """One piece to speak.

    Attributes:
        reference_mel: ``[r m]`` float32 log-mel of the voice.
        token_ids: Reference text and target text together, as numbers of the checkpoint's vocabulary.
        total_frames: Frames of reference and new speech together.
        seed: Chooses the noise; equal seeds give equal noise in any batch.
        steps: Euler steps.
        cfg_strength: How far to move away from the prediction without condition; below 1e-5 it is not computed.
        sway: Sway sampling coefficient, or ``None``.
        noise: ``[frames m]`` float32 to start from in place of the seed's noise.
    """

    reference_mel: Tensor
    token_ids: tuple[int, ...]
    total_frames: int
    seed: int
    steps: int = DEFAULT_STEPS
    cfg_strength: float = DEFAULT_CFG_STRENGTH
    sway: float | None = DEFAULT_SWAY
    noise: Tensor | None = None

    @property
    def reference_frames(self) -> int:
        """Frames of the reference (r)."""
        return self.reference_mel.shape[0]

    @property
    def frames(self) -> int:
        """Frames that are sampled: ``total_frames``, but at least one more than there are tokens, as upstream does."""
        return max(self.total_frames, len(self.token_ids) + 1)

    @property
    def new_frames(self) -> int:
        """Frames of new speech."""
        return self.frames - self.reference_frames

    @property
    def guided(self) -> bool:
        """Whether the prediction without condition is needed."""
        return self.cfg_strength >= _UNGUIDED_BELOW

    @property
    def group(self) -> tuple[int, float | None, bool]:
        """What items of one batch must have in common: steps, sway, and whether they are guided."""
        return (self.steps, self.sway, self.guided)


def check_item(item: SampleItem, config: DiTConfig) -> None:
    """Refuse what cannot be spoken.

    Args:
        item: The piece.
        config: The architecture that is to speak it.

    Raises:
        ValueRefusedError: If a value of the piece is out of range; names the field, the value and the range.
    """
    mel = item.reference_mel
    if mel.ndim != 2 or mel.shape[1] != config.mel_channels or mel.shape[0] < 1:
        raise ValueRefusedError(
            f"reference mel has shape {tuple(mel.shape)}; [r {config.mel_channels}] is needed",
            field="reference_mel",
        )
    if mel.dtype != torch.float32:
        raise ValueRefusedError(
            f"reference mel is {mel.dtype}; float32 is needed", field="reference_mel"
        )
    if not item.token_ids:
        raise ValueRefusedError("the text holds no tokens", field="token_ids")
    if not 0 <= min(item.token_ids) <= max(item.token_ids) < config.vocab_size:
        raise ValueRefusedError(
            f"token ids run from {min(item.token_ids)} to {max(item.token_ids)};"
            f" 0 to {config.vocab_size - 1} are known",
            field="token_ids",
        )
    if item.total_frames <= item.reference_frames:
        raise ValueRefusedError(
            f"total_frames is {item.total_frames}, the reference alone has {item.reference_frames}: nothing to speak",
            field="total_frames",
        )
    if item.frames > MAX_FRAMES:
        raise ValueRefusedError(
            f"{item.frames} frames are asked; at most {MAX_FRAMES}", field="total_frames"
        )
    if not 0.0 <= item.cfg_strength <= MAX_CFG_STRENGTH:
        raise ValueRefusedError(
            f"cfg_strength is {item.cfg_strength}; 0 to {MAX_CFG_STRENGTH} is allowed",
            field="cfg_strength",
        )
    if not -_MAX_SEED <= item.seed <= _MAX_SEED:
        raise ValueRefusedError(f"seed is {item.seed}; at most 63 bits are allowed", field="seed")
    if item.noise is not None and item.noise.shape != (item.frames, config.mel_channels):
        raise ValueRefusedError(
            f"noise has shape {tuple(item.noise.shape)}; [{item.frames} {config.mel_channels}] is needed",
            field="noise",
        )
    time_grid(item.steps, item.sway)


def start_noise(item: SampleItem, mel_channels: int) -> Tensor:
    """Give the noise an item starts from.

    Drawn on the CPU by a generator of the item's own, so that neither the device nor the rest of a batch changes it;
    equal to upstream's after ``torch.manual_seed(seed)`` on the CPU.

    Returns:
        ``[frames m]`` float32 on the CPU.
    """
    if item.noise is not None:
        return item.noise.to(torch.float32)
    generator = torch.Generator().manual_seed(item.seed)
    return torch.randn(item.frames, mel_channels, generator=generator)


class Flight:
    """A batch on its way from noise to speech; it may rest between any two steps.

    Args:
        model: The transformer.
        items: Checked pieces with the same ``group``; each gives the same mel as it would alone.
        runner: What runs the steps; one by one by default.

    Raises:
        ValueError: If the items are none or differ in ``group``.
    """

    def __init__(
        self, model: DiT, items: Sequence[SampleItem], runner: Steps | None = None
    ) -> None:
        if len({item.group for item in items}) != 1:
            raise ValueError(
                "one batch must share steps, sway and guidance:"
                f" {sorted({str(item.group) for item in items})}"
            )
        self._runner = runner or PlainSteps(model)
        self._items = tuple(items)
        steps, sway, guided = items[0].group
        padded = self._runner.padded(max(item.frames for item in items))
        with torch.inference_mode():
            self._ahead = list(model.time.steps(steps, sway))
            self._condition = model.condition(
                [_condition_of(item) for item in items], guided=guided, padded_frames=padded
            )
            noise = [start_noise(item, model.config.mel_channels) for item in items]
            x = pad_sequence(noise, batch_first=True)
            self._x = functional.pad(x, (0, 0, 0, padded - x.shape[1])).to(model.device)
            strength = torch.tensor([item.cfg_strength for item in items], dtype=torch.float32)
            self._strength = strength.to(model.device).view(-1, 1, 1)

    @property
    def steps_left(self) -> int:
        """Euler steps that are still to be taken."""
        return len(self._ahead)

    def advance(self, steps: int = 1) -> None:
        """Take some steps, or those that are left if they are fewer."""
        now, self._ahead = self._ahead[:steps], self._ahead[steps:]
        if now:
            with torch.inference_mode():
                self._x = self._runner.run(self._x, self._condition, now, self._strength)

    def mels(self) -> list[Tensor]:
        """Answer the new speech of every item in order, ``[new_frames m]`` float32 on the model's device.

        The reference's own frames were only carried along; what is kept of them is the reference itself.

        Raises:
            ValueError: If steps are left.
        """
        if self._ahead:
            raise ValueError(f"{len(self._ahead)} steps are left")
        return [
            self._x[index, item.reference_frames : item.frames]
            for index, item in enumerate(self._items)
        ]


def sample(
    model: DiT,
    items: Sequence[SampleItem],
    runner: Steps | None = None,
    unwanted: Callable[[], bool] = lambda: False,
) -> list[Tensor]:
    """Sample a batch without a rest.

    Args:
        model: The transformer.
        items: As for ``Flight``.
        runner: As for ``Flight``.
        unwanted: Asked before each step, on a GPU once: whether nobody waits for the speech any more.

    Returns:
        The new speech of every item in order, ``[new_frames m]`` float32 on the model's device.

    Raises:
        CallerGoneError: If nobody does.
        ValueError: If the items are none or differ in ``group``.
    """
    flight = Flight(model, items, runner)
    # A GPU is sent all steps at once, and a look in between would see the first of them begin.
    at_once = 1 if model.device.type == "cpu" else flight.steps_left
    while flight.steps_left:
        if unwanted():
            raise CallerGoneError
        flight.advance(at_once)
    return flight.mels()


def _condition_of(item: SampleItem) -> ItemCondition:
    return ItemCondition(
        reference_mel=item.reference_mel, token_ids=item.token_ids, frames=item.frames
    )
