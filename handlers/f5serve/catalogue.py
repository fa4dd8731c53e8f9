"""The catalogue: which checkpoint speaks which languages, from which files, with which batching.

``config/catalogue.yaml`` is read by the scripts that fetch, package and serve. A running worker never
reads it: packaging writes what a worker needs into its archive (see ``settings``).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from f5serve.errors import ConfigurationError
from f5serve.settings import Continuous, Dtype, GuardSettings
from f5serve.text.frontend import Frontend

ModelName = Annotated[str, Meta(pattern=r"^f5_[a-z0-9_]{1,40}$")]
LanguageCode = Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")]
PositiveInt = Annotated[int, Meta(ge=1)]
# Names under which a checkpoint is known that are no repositories of the hub: a folder of one.
ALIASES: Final = {"SWivid/F5-TTS_v1": ("SWivid/F5-TTS", "F5TTS_v1_Base")}
ProfileName = Literal["demo", "full"]


class Batching(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When TorchServe closes a batch, and how the engine cuts it.

    Attributes:
        batch_size: Requests that TorchServe hands over at most at once.
        max_batch_delay_ms: How long the first request of an idle worker waits for company.
        job_queue_size: Requests that wait at most; one more is answered 503.
        max_batch_frames: Padded mel frames (10.67 ms each) in one forward pass.
        continuous: Step-level batching: ``batch_size`` is then how many requests are under way at most. None speaks
            each batch to its end.
    """

    batch_size: Annotated[int, Meta(ge=1, le=64)] = 4
    max_batch_delay_ms: Annotated[int, Meta(ge=1, le=1000)] = 20
    job_queue_size: PositiveInt = 4
    max_batch_frames: Annotated[int, Meta(ge=256)] = 4096
    continuous: Continuous | None = None


class Placement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a model's workers run.

    Attributes:
        device: ``auto`` takes the GPU that TorchServe assigns, if it assigns one.
        device_ids: GPUs to use, by index; TorchServe drops the whole list when one is invalid.
        workers: Worker processes, each with its own copy of the weights.
        dtype: Precision of the transformer; tables of time and position stay float32. ``auto`` is bfloat16 where the
            device has units for it, else float32.
        cuda_graphs: Whether a GPU replays each step from a recording of its shape; of no effect on a CPU.
    """

    device: Literal["auto", "cpu", "gpu"] = "auto"
    device_ids: tuple[Annotated[int, Meta(ge=0)], ...] = ()
    workers: PositiveInt = 1
    dtype: Dtype = "float32"
    cuda_graphs: bool = False


class Timeouts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long TorchServe waits before it kills and reloads a worker, in seconds."""

    response_s: PositiveInt = 120
    startup_s: PositiveInt = 300


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One checkpoint in one profile: where its files are and how they are to be read.

    Attributes:
        architecture: A name under ``architectures``. Pinned, since v0 and v1 have the same shapes and
            the wrong one speaks noise without an error.
        checkpoint: Path of the weights: within the repository (demo) or within the hub's (full).
        vocabulary: Path of the token list, likewise.
        golden: Path of a recorded mel that the packaged archive must reproduce (demo).
        repository: Hub repository, ``owner/name`` (full). A name of ``ALIASES`` is read as the folder of
            the repository that it stands for.
        revision: Commit of the hub repository.
        licence: SPDX name, as the checkpoint's card states it.
        commercial_use: Whether that licence allows it.
        vocoder: A name under ``vocoders``.
        frontend: How text becomes tokens.
        reference_rms: A quieter reference is raised to this RMS (full scale 1), as in training.
        max_piece_s: Longest speech that the checkpoint is asked for at once; with the reference before it,
            no longer than what it was trained on.
    """

    architecture: str
    checkpoint: str
    vocabulary: str
    licence: str
    commercial_use: bool
    vocoder: str
    frontend: Frontend
    golden: str | None = None
    repository: str | None = None
    revision: str | None = None
    reference_rms: Annotated[float, Meta(gt=0, le=1)] = 0.1
    max_piece_s: Annotated[float, Meta(gt=0)] = 18.0


class Vocoder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mel-to-waveform model in Vocos's file format."""

    config: str
    weights: str
    licence: str
    repository: str | None = None
    revision: str | None = None


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One TorchServe model: its languages and its source in each profile.

    Attributes:
        guard: When a piece is spoken once more; ``{enabled: false}`` switches that off.
    """

    languages: Annotated[tuple[LanguageCode, ...], Meta(min_length=1)]
    profiles: dict[ProfileName, Source]
    batching: Batching = Batching()
    placement: Placement = Placement()
    timeouts: Timeouts = Timeouts()
    guard: GuardSettings = GuardSettings()


class Router(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The routing model ``tts``.

    Attributes:
        workers: Requests served at once; a worker costs tens of megabytes, no model.
        job_queue_size: Requests that wait for a worker at most.
        default_language: Spoken where nothing else decides.
        deadline_s: A request older than this is answered 504.
        uploads: Whether a request may bring a voice of its own; the language models are told, too.
    """

    workers: PositiveInt = 16
    job_queue_size: PositiveInt = 32
    default_language: LanguageCode = "en"
    deadline_s: PositiveInt = 110
    uploads: bool = True


class Catalogue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``config/catalogue.yaml``, checked."""

    architectures: dict[str, dict[str, bool | int | float | str | None]]
    vocoders: dict[str, Vocoder]
    router: Router
    models: Annotated[dict[ModelName, Model], Meta(min_length=1)]

    def languages(self) -> dict[str, str]:
        """Answer the model of each language: ``{"fr": "f5_fr", …}``."""
        return {
            language: name for name, model in self.models.items() for language in model.languages
        }

    def select(self, languages: list[str]) -> tuple[str, ...]:
        """Answer the models that speak the given languages (all models for an empty list).

        Raises:
            ConfigurationError: If no model speaks one of them.
        """
        table = self.languages()
        unknown = sorted(set(languages) - table.keys())
        if unknown:
            raise ConfigurationError(
                f"no model speaks {', '.join(unknown)}; the catalogue has {', '.join(sorted(table))}"
            )
        wanted = {table[language] for language in languages} or set(self.models)
        return tuple(name for name in self.models if name in wanted)


def read_yaml(path: Path) -> object:
    """Read a file of YAML.

    Raises:
        ConfigurationError: If it cannot be read, or is not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not valid YAML: {error}") from error


def load_catalogue(path: Path) -> Catalogue:
    """Read and check a catalogue.

    Raises:
        ConfigurationError: If the file cannot be read, a key is unknown or missing, a value is out of
            range, a language has two models, or a name under ``models`` points nowhere.
    """
    document = read_yaml(path)
    try:
        catalogue = msgspec.convert(document, Catalogue)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}. {_remedy(str(error))}") from error
    problems = [
        *_duplicates(catalogue),
        *_dangling(catalogue),
        *_bad_devices(catalogue),
        *_bad_batching(catalogue),
    ]
    if problems:
        raise ConfigurationError(f"{path}: " + "; ".join(problems))
    return _without_aliases(catalogue)


def _without_aliases(catalogue: Catalogue) -> Catalogue:
    """Answer the catalogue with every checkpoint under the name of its repository."""
    models = {
        name: msgspec.structs.replace(
            model,
            profiles={profile: _resolved(source) for profile, source in model.profiles.items()},
        )
        for name, model in catalogue.models.items()
    }
    return msgspec.structs.replace(catalogue, models=models)


def _resolved(source: Source) -> Source:
    if source.repository not in ALIASES:
        return source
    repository, folder = ALIASES[source.repository]
    checkpoint, vocabulary = (
        path if path.startswith(f"{folder}/") else f"{folder}/{path}"
        for path in (source.checkpoint, source.vocabulary)
    )
    return msgspec.structs.replace(
        source, repository=repository, checkpoint=checkpoint, vocabulary=vocabulary
    )


def _remedy(message: str) -> str:
    """Say what to change; YAML reads the language code ``no`` as a truth value."""
    if "unknown field" in message:
        return "Remove the key or correct its spelling"
    if "missing required field" in message:
        return "Add the key"
    if "got `bool`" in message:
        return 'Quote the value: YAML reads no, yes, on and off as truth values ("no")'
    return "Correct the value at the place named"


def _duplicates(catalogue: Catalogue) -> list[str]:
    counts = Counter(code for model in catalogue.models.values() for code in model.languages)
    table = catalogue.languages()
    twice = [
        f"models: language {code!r} is given {count} times; keep it in one model only"
        for code, count in counts.items()
        if count > 1
    ]
    default = catalogue.router.default_language
    if default not in table:
        twice.append(
            f"router.default_language: no model speaks {default!r}; take one of {sorted(table)}"
        )
    return twice


def _dangling(catalogue: Catalogue) -> list[str]:
    problems = []
    for name, model in catalogue.models.items():
        for profile, source in model.profiles.items():
            where = f"models.{name}.profiles.{profile}"
            if source.architecture not in catalogue.architectures:
                problems.append(
                    f"{where}.architecture: {source.architecture!r} is not under architectures"
                    f" ({', '.join(catalogue.architectures)})"
                )
            if source.vocoder not in catalogue.vocoders:
                problems.append(
                    f"{where}.vocoder: {source.vocoder!r} is not under vocoders"
                    f" ({', '.join(catalogue.vocoders)})"
                )
            if profile == "full" and source.repository is None:
                problems.append(
                    f"{where}.repository: missing; name the hub repository (owner/name)"
                )
    return problems


def _bad_devices(catalogue: Catalogue) -> list[str]:
    problems = []
    for name, model in catalogue.models.items():
        placement, where = model.placement, f"models.{name}.placement"
        if placement.device == "cpu" and placement.device_ids:
            problems.append(
                f"{where}.device_ids: given although device is cpu; remove one of the two"
            )
        if len(set(placement.device_ids)) != len(placement.device_ids):
            problems.append(
                f"{where}.device_ids: a device stands twice in {list(placement.device_ids)}"
            )
        if placement.device == "cpu" and placement.dtype == "float16":
            problems.append(
                f"{where}.dtype: float16 is not computed on a cpu; take float32 or auto"
            )
    return problems


def _bad_batching(catalogue: Catalogue) -> list[str]:
    """Find models of several workers with continuous batching, under which TorchServe 0.12 comes to a standstill.

    A worker without work holds the model's lock while it waits for some, and the one with work needs it.
    """
    return [
        f"models.{name}.placement.workers: {model.placement.workers} with batching.continuous; keep one"
        for name, model in catalogue.models.items()
        if model.batching.continuous is not None and model.placement.workers > 1
    ]
