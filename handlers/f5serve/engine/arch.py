"""Shapes of the two models, read from the key names of their published configuration files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from f5serve.errors import ConfigurationError

MEL_CHANNELS: Final = 100
POSITION_GROUPS: Final = 16
"""Groups of the convolutions that tell the transformer where a frame lies."""

# Keys of upstream's ``model.arch`` that steer training or the choice of a kernel: they change no result.
_WITHOUT_EFFECT: Final = frozenset(
    {"attn_backend", "attn_mask_enabled", "checkpoint_activations", "dropout"}
)
_UPSTREAM_NAMES: Final = {
    "text_embedding_average_upsampling": "average_upsampling",
    "mel_dim": "mel_channels",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DiTConfig:
    """What must be known of a diffusion transformer to run its weights.

    Attributes:
        dim: Width of the residual stream.
        depth: Number of transformer blocks.
        heads: Attention heads, each ``dim_head`` wide.
        dim_head: Width of one attention head; even, for the rotation works on pairs.
        ff_mult: Width of the feed-forward layer as a multiple of ``dim``.
        text_dim: Width of the text embedding.
        conv_layers: ConvNeXt blocks over the text; 0 for a bare embedding.
        text_mask_padding: Whether frames without text are held at zero (v1) or carry the filler's embedding (v0).
        pe_attn_head: How many heads are rotated by position; ``None`` for all (v1), 1 in v0.
        average_upsampling: Whether the text is stretched evenly over the frames.
        long_skip_connection: Whether the first block's input is joined to the last one's output.
        vocab_size: Number of tokens, the filler not counted.
        mel_channels: Mel channels.
    """

    dim: int
    depth: int
    heads: int
    dim_head: int = 64
    ff_mult: int = 2
    text_dim: int = 512
    conv_layers: int = 4
    text_mask_padding: bool = True
    pe_attn_head: int | None = None
    average_upsampling: bool = False
    long_skip_connection: bool = False
    vocab_size: int = 2545
    mel_channels: int = MEL_CHANNELS

    def __post_init__(self) -> None:
        """Refuse what no checkpoint can have.

        Raises:
            ConfigurationError: If a size is out of range or two settings exclude each other.
        """
        for name in (
            "dim",
            "depth",
            "heads",
            "dim_head",
            "ff_mult",
            "text_dim",
            "vocab_size",
            "mel_channels",
        ):
            if getattr(self, name) < 1:
                raise ConfigurationError(
                    f"architecture: {name} is {getattr(self, name)}; at least 1 is needed",
                    field=name,
                )
        if self.conv_layers < 0:
            raise ConfigurationError(
                f"architecture: conv_layers is {self.conv_layers}; at least 0 is needed"
            )
        if self.dim_head % 2 or self.text_dim % 2 or self.dim % POSITION_GROUPS:
            raise ConfigurationError(
                f"architecture: dim {self.dim} must be a multiple of {POSITION_GROUPS},"
                f" dim_head {self.dim_head} and text_dim {self.text_dim} even"
            )
        if self.pe_attn_head is not None and not 1 <= self.pe_attn_head <= self.heads:
            raise ConfigurationError(
                f"architecture: pe_attn_head is {self.pe_attn_head}; 1 to {self.heads}, or null"
            )
        if self.average_upsampling and not self.text_mask_padding:
            raise ConfigurationError(
                "architecture: text_embedding_average_upsampling needs text_mask_padding: true"
            )

    @property
    def rotated_heads(self) -> int:
        """How many of the heads are rotated by position."""
        return self.heads if self.pe_attn_head is None else self.pe_attn_head

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object], *, vocab_size: int) -> DiTConfig:
        """Read upstream's ``model.arch`` section.

        Args:
            mapping: The section's keys and values; those of training alone are passed over.
            vocab_size: Number of tokens in the checkpoint's vocabulary.

        Returns:
            The configuration.

        Raises:
            ConfigurationError: If a key is unknown, missing, or holds a value that is not supported.
        """
        if mapping.get("qk_norm") is not None:
            raise ConfigurationError(
                f"architecture: qk_norm {mapping['qk_norm']!r} is not supported; only null is"
            )
        values = {
            _UPSTREAM_NAMES.get(key, key): value
            for key, value in mapping.items()
            if key not in _WITHOUT_EFFECT and key != "qk_norm"
        }
        values["vocab_size"] = vocab_size
        # Upstream's own defaults, which differ from those of its configuration files.
        values.setdefault("conv_layers", 0)
        values.setdefault("ff_mult", 4)
        if values.get("text_dim") is None:
            values["text_dim"] = values.get("mel_channels", MEL_CHANNELS)
        _require_keys(
            values, {field.name for field in fields(cls)}, {"dim", "depth", "heads"}, "architecture"
        )
        flags = {"text_mask_padding", "average_upsampling", "long_skip_connection"}
        for key, value in values.items():
            nothing_is_allowed = key == "pe_attn_head" and value is None
            if not nothing_is_allowed and type(value) is not (bool if key in flags else int):
                kind = "true or false" if key in flags else "a whole number"
                raise ConfigurationError(
                    f"architecture: {key} is {value!r}; {kind} is needed", field=key
                )
        return cls(**values)  # type: ignore[arg-type]  # every value's type was checked above


@dataclass(frozen=True, slots=True, kw_only=True)
class VocosConfig:
    """What must be known of a Vocos vocoder to run its weights.

    Attributes:
        sample_rate_hz: Samples a second.
        n_fft: Size of the Fourier transform and of its window, in samples.
        hop_samples: Samples between two frames.
        mel_channels: Mel channels that go in.
        dim: Width of the backbone.
        intermediate_dim: Width inside one block.
        layers: Number of blocks.
        padding: ``center`` gives ``(n - 1) * hop`` samples for n frames, ``same`` gives ``n * hop``.
    """

    sample_rate_hz: int = 24_000
    n_fft: int = 1024
    hop_samples: int = 256
    mel_channels: int = MEL_CHANNELS
    dim: int = 512
    intermediate_dim: int = 1536
    layers: int = 8
    padding: str = "center"

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> VocosConfig:
        """Read a Vocos ``config.yaml``.

        Args:
            mapping: The parsed file: ``feature_extractor``, ``backbone`` and ``head``, each with ``init_args``.

        Returns:
            The configuration.

        Raises:
            ConfigurationError: If a part is missing, its parts disagree, or it is not the mel variant of Vocos.
        """
        features = _init_args(mapping, "feature_extractor", "MelSpectrogramFeatures")
        backbone = _init_args(mapping, "backbone", "VocosBackbone")
        head = _init_args(mapping, "head", "ISTFTHead")
        feature_keys = {"sample_rate", "n_fft", "hop_length", "n_mels", "padding"}
        backbone_keys = {"input_channels", "dim", "intermediate_dim", "num_layers"}
        head_keys = {"dim", "n_fft", "hop_length"}
        _require_keys(features, feature_keys, set(), "vocoder feature_extractor")
        _require_keys(
            backbone, backbone_keys | {"layer_scale_init_value"}, backbone_keys, "vocoder backbone"
        )
        _require_keys(head, head_keys | {"padding"}, head_keys, "vocoder head")
        padding = head.get("padding", "same")
        if padding not in {"center", "same"}:
            raise ConfigurationError(
                f"vocoder head: padding is {padding!r}; center or same is needed"
            )
        pairs = (
            ("dim", backbone["dim"], head["dim"]),
            ("n_fft", features.get("n_fft", 1024), head["n_fft"]),
            ("hop_length", features.get("hop_length", 256), head["hop_length"]),
            ("mel channels", features.get("n_mels", MEL_CHANNELS), backbone["input_channels"]),
        )
        for name, one, other in pairs:
            if one != other:
                raise ConfigurationError(
                    f"vocoder: {name} is {one!r} in one part and {other!r} in another"
                )
        return cls(
            sample_rate_hz=_whole(features.get("sample_rate", 24_000), "sample_rate"),
            n_fft=_whole(head["n_fft"], "n_fft"),
            hop_samples=_whole(head["hop_length"], "hop_length"),
            mel_channels=_whole(backbone["input_channels"], "input_channels"),
            dim=_whole(backbone["dim"], "dim"),
            intermediate_dim=_whole(backbone["intermediate_dim"], "intermediate_dim"),
            layers=_whole(backbone["num_layers"], "num_layers"),
            padding=str(padding),
        )


def _init_args(mapping: Mapping[str, object], part: str, class_name: str) -> Mapping[str, object]:
    section = mapping.get(part)
    if not isinstance(section, Mapping):
        raise ConfigurationError(f"vocoder: the part {part!r} is missing", field=part)
    if str(section.get("class_path", class_name)).rsplit(".", 1)[-1] != class_name:
        raise ConfigurationError(
            f"vocoder {part}: {section['class_path']!r} is not supported; {class_name} is"
        )
    arguments = section.get("init_args", {})
    if not isinstance(arguments, Mapping):
        raise ConfigurationError(f"vocoder {part}: init_args is not a mapping", field=part)
    return arguments


def _require_keys(
    mapping: Mapping[str, object], known: set[str], needed: set[str], where: str
) -> None:
    unknown = sorted(set(mapping) - known)
    if unknown:
        raise ConfigurationError(
            f"{where}: unknown keys {unknown}; known are {sorted(known)}", field=unknown[0]
        )
    missing = sorted(needed - set(mapping))
    if missing:
        raise ConfigurationError(f"{where}: missing keys {missing}", field=missing[0])


def _whole(value: object, name: str) -> int:
    if type(value) is not int or value < 1:
        raise ConfigurationError(
            f"vocoder: {name} is {value!r}; a whole number above 0 is needed", field=name
        )
    return value


V1_BASE: Final = DiTConfig(dim=1024, depth=22, heads=16)
V0_BASE: Final = DiTConfig(dim=1024, depth=22, heads=16, text_mask_padding=False, pe_attn_head=1)
V0_SMALL: Final = DiTConfig(dim=768, depth=18, heads=12, text_mask_padding=False, pe_attn_head=1)
