"""``model_store/lock.json``: what each archive in the store is, and what it was made from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from f5serve.errors import ConfigurationError

FILE_NAME: Final = "lock.json"


class SourceFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file that went into an archive."""

    path: str
    bytes: int
    sha256: str


class Coverage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a vocabulary lacks of a language.

    Attributes:
        language: The language's code.
        tokens: Tokens of the text that holds all its letters.
        unknown: Those that the vocabulary lacks, each once.
    """

    language: str
    tokens: int
    unknown: tuple[str, ...] = ()


class Switches(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How well the architecture's switches predict speech, against the other generation's.

    Attributes:
        pinned_loss: Flow-matching loss on a reference voice with the pinned switches.
        other_loss: The same with those of the other generation (v0 for v1, v1 for v0).
        trivial_loss: The same of a guess that knows the mean and the spread of the mel alone.
        verdict: ``confirmed``, or ``untold`` where the losses do not decide.
    """

    pinned_loss: float
    other_loss: float
    trivial_loss: float
    verdict: Literal["confirmed", "untold"]


class Verification(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an archive compares with the f5-tts and vocos packages.

    Attributes:
        key: Digest of all that the figures depend on; equal keys need no new comparison.
        versions: Versions of the packages compared with.
        language: Language of the voice that was compared.
        frames: Mel frames of the comparison, reference included.
        steps: Euler steps.
        seed: Seed of the noise.
        mel_rel_l2: Relative L2 distance of the engine's mel from upstream's, both with the archive's
            weights in float32.
        wave_rel_l2: The same of the vocoder's samples, from the same mel.
        rounding_mel_rel_l2: Relative L2 distance of the mel from the one of the unrounded weights.
        switches: What was found of the architecture's switches.
    """

    key: str
    versions: dict[str, str]
    language: str
    frames: int
    steps: int
    seed: int
    mel_rel_l2: float
    wave_rel_l2: float
    rounding_mel_rel_l2: float
    switches: Switches


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One archive.

    Attributes:
        bytes: Size of the archive.
        sha256: Digest of the archive.
        inputs: Digest of everything it was made from; equal inputs need no new build.
        profile: ``demo`` or ``full``.
        licence: SPDX name of the checkpoint's licence.
        repository: Hub repository of the checkpoint.
        revision: Its commit.
        architecture: The architecture's name in the catalogue.
        files: What the weights, vocabulary and vocoder came from.
        rounding_rel_l2: Relative L2 distance of the packaged weights from the checkpoint's.
        golden_rel_l2: Relative L2 distance of the archive's mel from the recorded one, rounded up to a
            power of ten.
        weights: Whether the checkpoint's averaged weights were taken, or plain ones for want of them.
        coverage: What the vocabulary lacks of each language.
        verification: How the archive compares with upstream's packages (full).
        models: The language models that a router's archive calls.
        placement: Of a router's archive: the placement by which all were packaged; None for the catalogue's.
    """

    bytes: int
    sha256: str
    inputs: str
    profile: Literal["demo", "full"]
    licence: str
    repository: str | None = None
    revision: str | None = None
    architecture: str | None = None
    files: tuple[SourceFile, ...] = ()
    rounding_rel_l2: float | None = None
    golden_rel_l2: float | None = None
    weights: Literal["averaged", "plain"] | None = None
    coverage: tuple[Coverage, ...] = ()
    verification: Verification | None = None
    models: tuple[str, ...] = ()
    placement: str | None = None


def with_placement(entry: Entry, placement: str | None) -> Entry:
    """Answer an entry that tells by which placement it was packaged."""
    return msgspec.structs.replace(entry, placement=placement)


class Lock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file.

    Attributes:
        version: Form of this file.
        archives: Entry of each model's archive, by the model's name.
    """

    version: Literal[1] = 1
    archives: dict[str, Entry] = {}


def read_lock(store: Path) -> Lock:
    """Answer a store's lock; an empty one where there is none.

    Raises:
        ConfigurationError: If the file is damaged.
    """
    path = store / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Lock)
    except FileNotFoundError:
        return Lock()
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(
            f"{path}: damaged ({error}). Remove it and run make package"
        ) from error


def write_entry(store: Path, name: str, entry: Entry) -> None:
    """Replace one entry; a reader sees the old file or the new one, never a part."""
    archives = {**read_lock(store).archives, name: entry}
    lock = Lock(archives=dict(sorted(archives.items())))
    content = msgspec.json.format(msgspec.json.encode(lock), indent=2) + b"\n"
    partial = store / f".{FILE_NAME}.partial"
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(store / FILE_NAME)
