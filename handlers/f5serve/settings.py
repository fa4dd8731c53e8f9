"""What a worker is told by its archive: the ``handler:`` section of ``model-config.yaml``.

Packaging writes these sections from the catalogue; a worker reads its own at start and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from f5serve.errors import ConfigurationError
from f5serve.text.frontend import Frontend

Settings = TypeVar("Settings", bound=Struct)

Dtype: TypeAlias = Literal["auto", "float32", "float16", "bfloat16"]
DTYPE_VARIABLE: Final = "F5SERVE_DTYPE"

UPLOADED: Final = "uploaded"
"""What the voice of a clip that came with a request is called; no voice has that name."""

PositiveInt = Annotated[int, Meta(ge=1)]
PositiveFloat = Annotated[float, Meta(gt=0)]


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds on what one request may ask for.

    Attributes:
        max_text_chars: Longest text of a request.
        max_piece_s: Longest speech that the model is asked for at once.
        max_reference_s: Longest reference clip.
        min_reference_s: Shortest reference clip; F5 fails on less.
        max_reference_bytes: Largest reference file.
        max_reference_chars: Longest transcript of a reference.
        uploads: Whether a request may bring a voice of its own.
        max_unknown_share: Share of a text's characters that a checkpoint's vocabulary may lack.
    """

    max_text_chars: PositiveInt = 5000
    max_piece_s: PositiveFloat = 18.0
    max_reference_s: PositiveFloat = 12.0
    min_reference_s: PositiveFloat = 1.0
    max_reference_bytes: PositiveInt = 6_000_000
    max_reference_chars: PositiveInt = 400
    uploads: bool = True
    max_unknown_share: Annotated[float, Meta(ge=0, le=1)] = 0.2


class GuardSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where on speech is plainly no good, and is spoken once more (see ``guard``).

    The bounds lie far from what good speech has, for a piece that is spoken in vain costs its time twice:
    ``loadtests/results/guard.json`` holds what the demo's checkpoints give.

    Attributes:
        enabled: Whether speech is looked at.
        min_level_db: Softer than the reference by this much is silence. Speech keeps the level of its
            reference within a few decibels.
        min_spoken_share: The least of a piece's time, less a quarter of a second, that lies between beginning
            and end of its speech. How long a text takes is estimated; even one estimated at twice its length
            fills half of it.
        max_pause_s: The longest silence within a piece, at speed 1. A paragraph's pause is half a second.
        max_clipped_share: The most samples beyond full scale. A few are not heard, one in two hundred is.
    """

    enabled: bool = True
    min_level_db: Annotated[float, Meta(le=0)] = -20.0
    min_spoken_share: Annotated[float, Meta(ge=0, le=1)] = 0.4
    max_pause_s: PositiveFloat = 1.5
    max_clipped_share: Annotated[float, Meta(ge=0, le=1)] = 0.005


class Continuous(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Step-level batching: a worker notices newcomers between the steps of what it speaks (see ``engine.turns``).

    Attributes:
        turn_ms: About how long the worker looks at nothing else.
        patience_s: What has waited longer goes before shorter pieces.
    """

    turn_ms: Annotated[int, Meta(ge=1, le=5000)] = 100
    patience_s: PositiveFloat = 10.0


class Voice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reference clip that is registered under a name.

    Attributes:
        name: What a request calls it.
        language: The language of the clip.
        file: Path of the clip within the archive.
        transcript: What is said in the clip, to the letter.
        licence: SPDX name.
        source: Where the clip is from.
        edge_frames: Mel frames that speech of any length has besides those of its text: margins, the
            voice dying away. None takes the silence at the ends of the clip.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,64}$")]
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")]
    file: str
    transcript: Annotated[str, Meta(min_length=1)]
    licence: str
    source: str = ""
    edge_frames: Annotated[float, Meta(ge=0)] | None = None


class ModelSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one language model's archive; every path is within the archive.

    Attributes:
        model: The model's name in TorchServe.
        profile: ``demo`` or ``full``.
        languages: Languages that the checkpoint speaks, the first being its default.
        licence: SPDX name of the checkpoint's licence.
        architecture: Shapes and switches of the DiT.
        vocoder_config: Shapes of the vocoder, in Vocos's own form.
        frontend: How text becomes tokens.
        device: ``auto`` takes the GPU that TorchServe assigns, if any.
        dtype: Precision of the transformer; ``auto`` is bfloat16 where the device has units for it, else float32.
        cuda_graphs: Whether a GPU replays each step from a recording of its shape.
        max_batch_frames: Padded mel frames in one forward pass.
        continuous: Pieces come and go between steps; None speaks each batch to its end.
        reference_rms: A quieter reference is raised to this RMS (full scale 1), as in training.
        voices: Registered voices.
        limits: Bounds on a request.
        guard: When a piece is spoken once more.
    """

    model: str
    profile: Literal["demo", "full"]
    languages: tuple[str, ...]
    licence: str
    architecture: dict[str, bool | int | float | str | None]
    vocoder_config: dict[str, object]
    frontend: Frontend
    device: Literal["auto", "cpu", "gpu"] = "auto"
    dtype: Dtype = "float32"
    cuda_graphs: bool = False
    max_batch_frames: PositiveInt = 4096
    continuous: Continuous | None = None
    reference_rms: Annotated[float, Meta(gt=0, le=1)] = 0.1
    voices: tuple[Voice, ...] = ()
    limits: Limits = Limits()
    guard: GuardSettings = GuardSettings()
    weights: str = "model.safetensors"
    vocabulary: str = "vocab.txt"
    vocoder_weights: str = "vocoder.safetensors"


class Backend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the router finds one language model.

    Attributes:
        model: The model's name.
        url: Address of its predictions endpoint.
        more_urls: Further addresses where the same model is served.
        languages: Languages it speaks.
        licence: SPDX name of its checkpoint's licence.
        commercial_use: Whether that licence allows commercial use.
        max_piece_s: Longest speech that it is asked for at once.
        in_order: Whether it answers in the order in which it is asked, as one worker does that speaks whole batches.
    """

    model: str
    url: str
    more_urls: tuple[str, ...] = ()
    languages: tuple[str, ...]
    licence: str
    commercial_use: bool
    max_piece_s: PositiveFloat = 18.0
    in_order: bool = True


class RouterSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the ``tts`` archive.

    Attributes:
        backends: One entry a language model.
        voices: Registered voices; the first of a language is that language's default.
        default_language: Spoken where nothing else decides.
        deadline_s: A request older than this is answered 504.
        max_concurrent_pieces: Pieces of one request that are spoken at the same time.
        max_refused_s: How long a piece that a full queue refuses is tried again.
        workers: Processes that serve requests side by side.
        max_held_share: Share of them that one language model may hold, among several models, with
            pieces that wait for a place in its queue.
        limits: Bounds on a request.
    """

    backends: tuple[Backend, ...]
    voices: tuple[Voice, ...]
    default_language: str = "en"
    deadline_s: PositiveFloat = 110.0
    max_concurrent_pieces: PositiveInt = 4
    max_refused_s: PositiveFloat = 20.0
    workers: PositiveInt = 1
    max_held_share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    limits: Limits = Limits()

    def max_holders(self) -> float:
        """Answer how many workers one model may hold while its queue is full; all, if it is the only one."""
        return self.workers * (self.max_held_share if len(self.backends) > 1 else 1.0)

    def model_of(self) -> dict[str, Backend]:
        """Answer the backend of each language."""
        return {code: backend for backend in self.backends for code in backend.languages}


def read_settings(section: object, kind: type[Settings]) -> Settings:
    """Check the ``handler:`` section of a model's YAML.

    Raises:
        ConfigurationError: If a key is unknown or missing, or a value is out of range; names the place.
    """
    if not isinstance(section, Mapping):
        raise ConfigurationError(
            "model-config.yaml has no section 'handler'; build the archive with scripts/package.py"
        )
    try:
        return msgspec.convert(section, kind)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"model-config.yaml, section handler: {error}") from error


def in_precision(
    settings: ModelSettings, environment: Mapping[str, str], device: str
) -> ModelSettings:
    """Answer the settings with the precision that the environment asks for, if it asks for one.

    Args:
        settings: As the archive has them.
        environment: ``F5SERVE_DTYPE`` is the dtype of every language model of this server.
        device: ``cpu`` or ``cuda:<index>``.

    Raises:
        ConfigurationError: If there is no such dtype, or a CPU is asked for float16, here or by the archive.
    """
    told = environment.get(DTYPE_VARIABLE) or settings.dtype
    if told not in get_args(Dtype):
        raise ConfigurationError(
            f"{DTYPE_VARIABLE}={told!r} is unknown; leave it out, or take one of {', '.join(get_args(Dtype))}"
        )
    if told == "float16" and device == "cpu":
        raise ConfigurationError(
            f"{settings.model}: float16 is not computed on a cpu; set {DTYPE_VARIABLE} to auto, which is bfloat16 where"
            " the cpu has units for it"
        )
    return msgspec.structs.replace(settings, dtype=told)
