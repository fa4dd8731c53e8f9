"""Small random models, without any other package."""

from __future__ import annotations

import torch
from torch import Tensor

from f5serve.engine.arch import DiTConfig, VocosConfig
from f5serve.engine.dit import DiT
from f5serve.engine.engine import F5Engine
from f5serve.engine.sampler import SampleItem
from f5serve.engine.threads import Cores
from f5serve.engine.tokenizer import Vocabulary
from f5serve.engine.vocos import Vocos, vocoder_shapes
from f5serve.engine.weights import parameter_shapes

CPU = torch.device("cpu")
CONFIG = DiTConfig(dim=32, depth=2, heads=2, dim_head=16, text_dim=16, conv_layers=1, vocab_size=20)
VOCOS_CONFIG = VocosConfig(dim=16, intermediate_dim=32, layers=2)
VOCABULARY = Vocabulary({chr(ord("a") + index) if index else " ": index for index in range(20)})


def random_state(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, Tensor]:
    """Draw a tensor of every shape."""
    generator = torch.Generator().manual_seed(seed)
    return {name: 0.1 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def model(dtype: torch.dtype = torch.float32) -> DiT:
    """Build a small transformer."""
    return DiT(CONFIG, random_state(parameter_shapes(CONFIG)), device=CPU, dtype=dtype)


def vocoder() -> Vocos:
    """Build a small vocoder."""
    return Vocos(VOCOS_CONFIG, random_state(vocoder_shapes(VOCOS_CONFIG)), device=CPU)


def engine(
    *, max_batch_frames: int = 4096, max_batch_items: int = 32, cores: Cores | None = None
) -> F5Engine:
    """Build a small engine."""
    speaker = F5Engine(
        model(),
        vocoder(),
        VOCABULARY,
        max_batch_frames=max_batch_frames,
        max_batch_items=max_batch_items,
    )
    if cores is not None:
        speaker.share(cores)
    return speaker


def item(
    frames: int = 40,
    *,
    reference_frames: int = 15,
    seed: int = 1,
    steps: int = 3,
    cfg_strength: float = 2.0,
) -> SampleItem:
    """Make a piece."""
    generator = torch.Generator().manual_seed(seed)
    return SampleItem(
        reference_mel=torch.randn(reference_frames, 100, generator=generator),
        token_ids=(3, 1, 4, 1, 5),
        total_frames=frames,
        seed=seed,
        steps=steps,
        cfg_strength=cfg_strength,
    )
