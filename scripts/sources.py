"""Where the files of a model lie before packaging, and which settings its worker is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import yaml

from f5serve.catalogue import Batching, Catalogue, Model, ProfileName, Source, Vocoder
from f5serve.errors import ConfigurationError
from f5serve.settings import Backend, ModelSettings, RouterSettings, Voice

ROUTER: Final = "tts"
VOICES: Final = "config/demo/voices/voices.yaml"
# What the router calls unless F5SERVE_INFERENCE_ADDRESS names another scheme, host and port.
INFERENCE_ADDRESS: Final = "http://127.0.0.1:8080"
# A worker that fails at start is retried this long; afterwards TorchServe never starts it again, and
# /ping turns unhealthy so that whatever watches the process replaces it.
MAX_RETRY_S: Final = 60
# The router answers 504 itself at its deadline; TorchServe would kill the worker.
ROUTER_GRACE_S: Final = 10
ROUTER_STARTUP_S: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """The files of one model on this machine.

    Attributes:
        checkpoint: Weights in one of upstream's forms.
        vocabulary: The token list.
        vocoder: Weights of the vocoder.
        vocoder_config: Its ``config.yaml``.
        golden: A recorded mel, if the profile has one.
    """

    checkpoint: Path
    vocabulary: Path
    vocoder: Path
    vocoder_config: Path
    golden: Path | None

    def all(self) -> dict[str, Path]:
        """Answer the files that are there, by role."""
        roles = {
            "checkpoint": self.checkpoint,
            "vocabulary": self.vocabulary,
            "vocoder": self.vocoder,
            "vocoder_config": self.vocoder_config,
        }
        return roles if self.golden is None else {**roles, "golden": self.golden}


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """Registered voices and their clips.

    Attributes:
        voices: As a worker's settings name them.
        files: The clips, by their path within the archive.
    """

    voices: tuple[Voice, ...]
    files: Mapping[str, Path]


def source_of(catalogue: Catalogue, name: str, profile: ProfileName) -> tuple[Model, Source]:
    """Answer a model and its source.

    Raises:
        ConfigurationError: If the catalogue gives no such profile for the model.
    """
    model = catalogue.models[name]
    if profile not in model.profiles:
        raise ConfigurationError(
            f"models.{name}.profiles: there is no {profile!r}, only {', '.join(model.profiles)}"
        )
    return model, model.profiles[profile]


def files_of(root: Path, catalogue: Catalogue, source: Source) -> ModelFiles:
    """Answer where a source's files lie.

    Raises:
        ConfigurationError: If one of them is not there; tells how to get it.
    """
    vocoder = catalogue.vocoders[source.vocoder]
    files = ModelFiles(
        checkpoint=_located(root, source, source.checkpoint),
        vocabulary=_located(root, source, source.vocabulary),
        vocoder=_located(root, vocoder, vocoder.weights),
        vocoder_config=_located(root, vocoder, vocoder.config),
        golden=None if source.golden is None else _located(root, source, source.golden),
    )
    for role, path in files.all().items():
        if not path.is_file():
            owner = vocoder if role.startswith("vocoder") else source
            languages = _languages_of(catalogue, source)
            raise ConfigurationError(
                f"{path}: the {role} is missing; {_remedy(root, owner, path, languages)}"
            )
    return files


def hub_folder(repository: str) -> str:
    """Answer the name of a hub repository's folder under ``models/``."""
    return repository.replace("/", "_")


def _languages_of(catalogue: Catalogue, source: Source) -> tuple[str, ...]:
    """Answer what is spoken from a source; nothing for one that the catalogue does not have."""
    models = catalogue.models.values()
    found = (model.languages for model in models if source in model.profiles.values())
    return next(found, ())


def _remedy(root: Path, owner: Source | Vocoder, path: Path, languages: tuple[str, ...]) -> str:
    """Answer how to get a file: its place is known, its origin is the catalogue's."""
    if owner.repository is None:
        return "make it: make train-demo"
    name = path.relative_to(_located(root, owner, ""))
    revision = owner.revision or "main"
    command = f'make fetch LANGUAGES="{" ".join(languages)}"' if languages else "make fetch"
    return (
        f"fetch it: {command}. Without a network put {name} of the hub repository"
        f" {owner.repository}, revision {revision}, there"
    )


def _located(root: Path, owner: Source | Vocoder, name: str) -> Path:
    if owner.repository is None:
        return root / name
    return root / "models" / hub_folder(owner.repository) / name


def read_voices(path: Path) -> Voices:
    """Read the list of registered voices; the clips lie beside it.

    Raises:
        ConfigurationError: If the list or a clip is missing or wrong.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        listed = msgspec.convert(document, dict[str, tuple[Voice, ...]])["voices"]
    except (OSError, yaml.YAMLError, msgspec.ValidationError, KeyError) as error:
        raise ConfigurationError(
            f"{path}: a list 'voices' of name, language, file, transcript, licence is needed: {error}"
        ) from error
    files = {f"voices/{Path(voice.file).name}": path.parent / voice.file for voice in listed}
    for clip in files.values():
        if not clip.is_file():
            raise ConfigurationError(
                f"{path}: the clip {clip} is missing; correct 'file' or add it"
            )
    voices = tuple(
        msgspec.structs.replace(voice, file=f"voices/{Path(voice.file).name}") for voice in listed
    )
    return Voices(voices=voices, files=files)


def model_config(
    catalogue: Catalogue, name: str, profile: ProfileName, vocoder_config: Path, voices: Voices
) -> dict[str, object]:
    """Answer ``model-config.yaml`` of a language model: TorchServe's keys, then the handler's own.

    Raises:
        ConfigurationError: If the catalogue gives a value that a worker would refuse.
    """
    model, source = source_of(catalogue, name, profile)
    settings = {
        "model": name,
        "profile": profile,
        "languages": model.languages,
        "licence": source.licence,
        "architecture": catalogue.architectures[source.architecture],
        "vocoder_config": _read_yaml(vocoder_config),
        "frontend": msgspec.to_builtins(source.frontend),
        "device": model.placement.device,
        "dtype": model.placement.dtype,
        "cuda_graphs": model.placement.cuda_graphs,
        "max_batch_frames": model.batching.max_batch_frames,
        "continuous": msgspec.to_builtins(model.batching.continuous),
        "reference_rms": source.reference_rms,
        "limits": {"max_piece_s": source.max_piece_s, "uploads": catalogue.router.uploads},
        "guard": msgspec.to_builtins(model.guard),
        "voices": msgspec.to_builtins(voices.voices),
    }
    server: dict[str, object] = {
        **_workers(model.placement.workers),
        "batchSize": model.batching.batch_size,
        **_joining(model.batching),
        "jobQueueSize": model.batching.job_queue_size,
        "responseTimeout": model.timeouts.response_s,
        "startupTimeout": model.timeouts.startup_s,
        **_device(model),
    }
    return {**server, "handler": _checked(settings, ModelSettings, name)}


def router_config(
    catalogue: Catalogue, names: Iterable[str], profile: ProfileName, voices: Voices
) -> dict[str, object]:
    """Answer ``model-config.yaml`` of the router.

    Raises:
        ConfigurationError: If the catalogue gives a value that a worker would refuse.
    """
    chosen = {name: source_of(catalogue, name, profile) for name in names}
    backends = tuple(
        Backend(
            model=name,
            url=f"{INFERENCE_ADDRESS}/predictions/{name}",
            languages=model.languages,
            licence=source.licence,
            commercial_use=source.commercial_use,
            max_piece_s=source.max_piece_s,
            in_order=model.placement.workers == 1 and model.batching.continuous is None,
        )
        for name, (model, source) in chosen.items()
    )
    spoken = [language for backend in backends for language in backend.languages]
    default = catalogue.router.default_language
    settings = {
        "backends": msgspec.to_builtins(backends),
        "voices": msgspec.to_builtins(voices.voices),
        "default_language": default if default in spoken else spoken[0],
        "deadline_s": catalogue.router.deadline_s,
        "workers": catalogue.router.workers,
        "limits": {"uploads": catalogue.router.uploads},
    }
    server: dict[str, object] = {
        **_workers(catalogue.router.workers),
        "batchSize": 1,
        "maxBatchDelay": 1,
        "jobQueueSize": catalogue.router.job_queue_size,
        "responseTimeout": catalogue.router.deadline_s + ROUTER_GRACE_S,
        "startupTimeout": ROUTER_STARTUP_S,
        "deviceType": "cpu",
    }
    return {**server, "handler": _checked(settings, RouterSettings, ROUTER)}


def _joining(batching: Batching) -> dict[str, object]:
    """Answer how requests come together: before a batch begins, or while others are under way."""
    if batching.continuous is None:
        return {"maxBatchDelay": batching.max_batch_delay_ms}
    return {"maxBatchDelay": 1, "continuousBatching": True}


def _workers(count: int) -> dict[str, object]:
    return {"minWorkers": count, "maxWorkers": count, "maxRetryTimeoutInSec": MAX_RETRY_S}


def _device(model: Model) -> dict[str, object]:
    placement = model.placement
    if placement.device == "cpu":
        return {"deviceType": "cpu"}
    if placement.device_ids:
        return {"deviceType": "gpu", "deviceIds": list(placement.device_ids)}
    return {"deviceType": "gpu"} if placement.device == "gpu" else {}


def _checked(
    settings: Mapping[str, object], kind: type[ModelSettings | RouterSettings], name: str
) -> dict[str, object]:
    try:
        checked = msgspec.convert(settings, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"config/catalogue.yaml, {name}: {error}") from error
    return msgspec.convert(msgspec.to_builtins(checked), dict[str, object])


def _read_yaml(path: Path) -> dict[str, object]:
    try:
        return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), dict[str, object])
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: a YAML mapping is needed: {error}") from error
