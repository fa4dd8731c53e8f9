"""The demo's F5 model: upstream's classes at a size that a laptop's CPU can train and run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import yaml
from f5_tts.model.backbones.dit import DiT
from f5_tts.model.cfm import CFM
from torch import nn
from torch.nn.utils import parametrize

from scripts.training.text import pinyin_parts

_EMA_WARMUP_STEPS = 10
_EMBEDDING = "transformer.text_embed.text_embed"
_PART_SCALE = 3**-0.5  # three parts together vary as much as a token of its own
_OWN_SCALE = 0.3  # and what is a rare syllable's own begins small beside them


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Arguments of upstream's ``DiT``, as ``config/demo/arch.yaml`` holds them."""

    dim: int = 192
    depth: int = 6
    heads: int = 3
    ff_mult: int = 2
    text_dim: int = 128
    conv_layers: int = 3
    text_mask_padding: bool = True
    pe_attn_head: int | None = None
    text_embedding_average_upsampling: bool = True

    def write(self, path: Path) -> None:
        """Write the architecture as YAML."""
        path.write_text(yaml.safe_dump(asdict(self), sort_keys=False), encoding="utf-8")


def build_model(architecture: Architecture, vocabulary_size: int) -> CFM:
    """An untrained model, in training mode, on the CPU."""
    transformer = DiT(
        **asdict(architecture), mel_dim=100, text_num_embeds=vocabulary_size, dropout=0.0
    )
    return CFM(transformer)


def start_from_mean(model: CFM, mean_mel: torch.Tensor) -> None:
    """Let an untrained model predict the mean spectrum, which it would have to learn first.

    Args:
        model: A fresh model, whose last layer upstream sets to zero.
        mean_mel: ``[d]`` mean log-mel of the corpus.
    """
    with torch.no_grad():
        model.transformer.proj_out.bias.copy_(mean_mel)


class PinyinParts(nn.Module):
    """Adds to each pinyin token's embedding what its initial, final and tone have learned.

    The vocabulary has a token for each of some two thousand syllables, most of them rare: what is
    learned about one reaches all that share a part with it. Registered as a parametrization; the
    sum is what is exported, so that the weights keep upstream's form.

    Args:
        membership: ``[vocabulary + 1, parts]``, 1 where a token has a part.
        parts: ``[parts, text_dim]``, the embedding of each part.
    """

    def __init__(self, membership: torch.Tensor, parts: torch.Tensor) -> None:
        super().__init__()
        # A parameter, so that it is saved with the average and the sum can be told from a file alone.
        self.membership = nn.Parameter(membership, requires_grad=False)
        self.parts = nn.Parameter(parts)

    def forward(self, own: torch.Tensor) -> torch.Tensor:
        """A token's own embedding and those of its parts: ``[vocabulary + 1, text_dim]``."""
        return own + self.membership @ self.parts


def share_pinyin_parts(model: CFM, tokens: Sequence[str], *, fresh: bool) -> None:
    """Let syllables with a common initial, final or tone share a part of their embedding.

    Args:
        model: Changed in place: its token embedding is parametrized.
        tokens: The vocabulary in order of ids.
        fresh: Whether pinyin has not been learned yet. Otherwise the embeddings stay what they
            are, told apart into what the parts explain and what is each token's own.
    """
    embedding = model.transformer.text_embed.text_embed
    membership = _membership(tokens)
    with torch.no_grad():
        if fresh:
            parts = torch.randn(membership.shape[1], embedding.weight.shape[1]) * _PART_SCALE
            embedding.weight[membership.any(dim=1)] *= _OWN_SCALE
        else:
            parts = torch.linalg.pinv(membership) @ embedding.weight
            embedding.weight -= membership @ parts
    parametrize.register_parametrization(embedding, "weight", PinyinParts(membership, parts))


def _membership(tokens: Sequence[str]) -> torch.Tensor:
    parts: dict[str, int] = {}
    cells = [
        (1 + index, parts.setdefault(part, len(parts)))  # upstream's row 0 is the filler
        for index, token in enumerate(tokens)
        for part in pinyin_parts(token)
    ]
    membership = torch.zeros(1 + len(tokens), len(parts))
    for row, column in cells:
        membership[row, column] = 1.0
    return membership


def with_tokens_of(
    own: Mapping[str, torch.Tensor], start: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Parameters of another model, with the tokens of this one.

    Vocabularies differ at their end only: tokens that the other lacks keep their fresh embedding,
    and those that this one lacks are left out.

    Args:
        own: Of a fresh model.
        start: Of the model to start from.
    """
    name = f"{_EMBEDDING}.weight"
    fresh, learned = own[name], start[name]
    common = min(len(fresh), len(learned))
    # Fresh ones as large as what has been learned, or they would drown in it.
    scale = learned.std() / fresh.std()
    return {**start, name: torch.cat([learned[:common], fresh[common:] * scale])}


def plain_parameters(parameters: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Parameters under upstream's names, the sum in place of a parametrized embedding."""
    own = f"{_EMBEDDING}.parametrizations.weight.original"
    parametrized = f"{_EMBEDDING}.parametrizations.weight.0."
    plain = {
        name: value
        for name, value in parameters.items()
        if name != own and not name.startswith(parametrized)
    }
    if own in parameters:
        shared = parameters[parametrized + "membership"] @ parameters[parametrized + "parts"]
        plain[f"{_EMBEDDING}.weight"] = parameters[own] + shared
    return plain


class MovingAverage:
    """Exponential moving average of a model's parameters; what is exported and judged."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._decay = decay
        self._names = [name for name, _ in model.named_parameters()]
        self._shadow = [parameter.detach().clone() for parameter in model.parameters()]

    def update(self, parameters: Iterable[nn.Parameter], step: int) -> None:
        """Move towards the parameters; faster in the first steps, which are far from the end."""
        decay = min(self._decay, (1 + step) / (_EMA_WARMUP_STEPS + step))
        targets = [parameter.detach() for parameter in parameters]
        torch._foreach_lerp_(self._shadow, targets, 1 - decay)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Averaged parameters by name."""
        return dict(zip(self._names, self._shadow, strict=True))

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Continue from an earlier average."""
        for shadow, name in zip(self._shadow, self._names, strict=True):
            shadow.copy_(state[name])
