"""Users' own voices: a folder each below ``config/voices``, with a clip and what is known of it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

import msgspec
import yaml

from f5serve.catalogue import Catalogue
from f5serve.clips import read_clip
from f5serve.errors import ConfigurationError, ServeError
from f5serve.settings import Limits, Voice
from f5serve.voice_store import CARD, CLIP_ENDINGS, Card, write_files
from scripts.sources import VOICES, Voices, read_voices

OWN_VOICES: Final = "config/voices"


def registered_voices(root: Path, catalogue: Catalogue) -> Voices:
    """Answer all voices that are packaged: the demo's, then users' own by name.

    Args:
        root: The repository.
        catalogue: Says which languages there are.

    Raises:
        ConfigurationError: If one of them cannot be used; names it.
    """
    demo, own = read_voices(root / VOICES), read_own_voices(root / OWN_VOICES, catalogue)
    taken = {voice.name for voice in demo.voices}
    for voice in own.voices:
        if voice.name in taken:
            raise ConfigurationError(
                f"{OWN_VOICES}/{voice.name}: the demo has a voice of that name; rename the folder"
            )
    return Voices(voices=(*demo.voices, *own.voices), files={**demo.files, **own.files})


def read_own_voices(folder: Path, catalogue: Catalogue) -> Voices:
    """Answer users' own voices, each checked as a clip from a request is.

    Args:
        folder: What holds a folder a voice; none need be there.
        catalogue: Says which languages there are.

    Raises:
        ConfigurationError: If a clip or a card is missing or unusable; names it.
    """
    folders = sorted(folder.iterdir()) if folder.is_dir() else []
    voices: list[Voice] = []
    files: dict[str, Path] = {}
    for place in folders:
        if not place.is_dir() or place.name.startswith("."):
            continue
        voice, clip = _read_voice(place, catalogue)
        voices.append(voice)
        files[voice.file] = clip
    return Voices(voices=tuple(voices), files=files)


def write_voice(folder: Path, name: str, card: Card, wav: bytes) -> Path:
    """Write a voice: it appears whole, in place of a former one of its name, or not at all.

    Returns:
        Its folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as scratch:
        draft = Path(scratch) / "new"
        draft.mkdir()
        write_files(draft, card, wav)
        former = Path(scratch) / "former"
        if target.exists():
            target.rename(former)
        try:
            draft.rename(target)
        except BaseException:
            if former.exists():
                shutil.move(former, target)
            raise
    return target


def _read_voice(place: Path, catalogue: Catalogue) -> tuple[Voice, Path]:
    card = _read_card(place / CARD)
    if card.language not in catalogue.languages():
        raise ConfigurationError(
            f"{place / CARD}: no model speaks {card.language!r}; there are "
            f"{', '.join(sorted(catalogue.languages()))}"
        )
    clips = [
        place / f"clip{ending}" for ending in CLIP_ENDINGS if (place / f"clip{ending}").is_file()
    ]
    if len(clips) != 1:
        raise ConfigurationError(
            f"{place}: one clip is needed, {len(clips)} are there; name it clip.wav, .flac, .ogg or .mp3"
        )
    try:
        read_clip(clips[0].read_bytes(), card.transcript, Limits(), card.language)
    except ServeError as error:
        raise ConfigurationError(
            f"{clips[0]}: {in_own_words(error)}; make the voice again with make voice, or delete its folder"
        ) from error
    try:
        voice = msgspec.convert(
            {
                "name": place.name,
                "language": card.language,
                # Apart from the demo's files, whatever the voice is called.
                "file": f"voices/own-{place.name}{clips[0].suffix}",
                "transcript": card.transcript,
                "licence": card.licence,
                "source": card.source,
            },
            Voice,
        )
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"{place}: a voice is called by 1 to 64 small letters, digits, '_' and '-'; rename the folder"
        ) from error
    return voice, clips[0]


def _read_card(path: Path) -> Card:
    try:
        return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Card)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigurationError(
            f"{path}: language, transcript and licence of the voice are needed: {error}"
        ) from error


def in_own_words(error: ServeError) -> str:
    """Tell of a clip as the one who registers it knows it: requests have other names for its parts."""
    return error.detail.replace("'ref_text'", "the transcript").replace(
        "the reference audio", "the clip"
    )
