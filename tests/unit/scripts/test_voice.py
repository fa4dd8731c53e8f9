"""Registering a voice: what a clip must be, what is written, and what is said when it cannot be."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from numpy.typing import NDArray

from f5serve.catalogue import load_catalogue
from f5serve.errors import ConfigurationError
from scripts import voice
from scripts.own_voices import OWN_VOICES, registered_voices
from scripts.package import CATALOGUE, ROOT
from scripts.sources import VOICES, Voices, read_voices

Samples = NDArray[np.float32]
Say = Callable[..., tuple[int, str]]
TEXT = "Le train du matin part à sept heures et demie"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the demo's voices and a catalogue."""
    shutil.copytree(ROOT / "config/demo/voices", tmp_path / "config/demo/voices")
    shutil.copy(ROOT / CATALOGUE, tmp_path / CATALOGUE)
    return tmp_path


@pytest.fixture
def register(root: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs the command with a good clip unless told otherwise; answers its status and all it said."""

    def run(name: str = "anna", **changes: str) -> tuple[int, str]:
        clip = root / "clip.wav"
        if not clip.exists():
            clip.write_bytes(encoded(speaking()))
        given = {"audio": str(clip), "text": TEXT, "language": "fr", **changes}
        options = [part for key, value in given.items() if value for part in (f"--{key}", value)]
        switches = ["--replace"] if given.pop("replace", "") else []
        options = [part for part in options if part not in ("--replace", "yes")]
        status = voice.main([*options, *switches, "--root", str(root), "--", name])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def speaking(duration_s: float = 2.0, level: float = 0.1) -> Samples:
    random = np.random.default_rng(1)
    return random.normal(0, level, round(duration_s * 24_000)).astype(np.float32)


def silence(duration_s: float) -> Samples:
    return np.zeros(round(duration_s * 24_000), dtype=np.float32)


def encoded(samples: Samples, kind: str = "WAV", rate_hz: int = 24_000) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate_hz, format=kind)
    return buffer.getvalue()


def packaged(root: Path) -> Voices:
    return registered_voices(root, load_catalogue(root / CATALOGUE))


def test_a_voice_is_written_with_what_is_known_of_it_and_packaged_after_the_demos(
    root: Path, register: Say
) -> None:
    status, said = register(licence="CC-BY-4.0", source="our studio", consent="Anna, in writing")

    assert status == 0, said
    assert "anna is in" in said
    assert "2.00 s" in said
    assert "speech at -20 dBFS" in said
    assert "characters a second" in said
    assert "next: make package" in said
    folder = root / OWN_VOICES / "anna"
    assert yaml.safe_load((folder / "voice.yaml").read_text(encoding="utf-8")) == {
        "language": "fr",
        "transcript": f"{TEXT}.",
        "licence": "CC-BY-4.0",
        "source": "our studio",
        "consent": "Anna, in writing",
    }
    own = packaged(root).voices[-1]
    assert (own.name, own.language, own.licence) == ("anna", "fr", "CC-BY-4.0")
    assert packaged(root).files[own.file] == folder / "clip.wav"
    assert packaged(root).voices[0].name == "plain_en"


@pytest.mark.parametrize(
    ("kind", "rate_hz"), [("WAV", 44_100), ("FLAC", 16_000), ("OGG", 48_000), ("MP3", 24_000)]
)
def test_a_clip_of_any_usual_kind_becomes_24_khz_mono_16_bit_with_its_silence_cut(
    root: Path, register: Say, kind: str, rate_hz: int
) -> None:
    samples = np.concatenate([silence(1.0), speaking(3.0), silence(1.0)])
    stereo = np.stack([samples, samples], axis=1)
    (root / "clip.wav").write_bytes(encoded(stereo, kind, rate_hz))

    status, said = register()

    assert status == 0, said
    info = soundfile.info(root / OWN_VOICES / "anna" / "clip.wav")
    assert (info.samplerate, info.channels, info.subtype) == (24_000, 1, "PCM_16")
    assert info.duration == pytest.approx(3.0 * 24_000 / rate_hz + 0.4, abs=0.1)


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        ("Anna!", {}, "small letters, digits, '_' and '-'"),
        ("a" * 65, {}, "small letters"),
        ("../anna", {}, "small letters"),
        ("plain_fr", {}, "the demo has a voice 'plain_fr'; take another NAME"),
        ("anna", {"language": "de"}, "language 'de' is not supported"),
        ("anna", {"text": ""}, "TEXT must be given"),
        ("anna", {"audio": "", "language": ""}, "AUDIO, LANGUAGE must be given"),
        ("anna", {"audio": "nowhere.wav"}, "cannot be read (No such file or directory)"),
        ("anna", {"text": "…"}, "the transcript holds nothing that can be said"),
        ("anna", {"text": "oui " * 60}, "the transcript does not fit the clip: it takes"),
    ],
    ids=str,
)
def test_what_cannot_be_a_voice_is_refused_with_the_remedy(
    root: Path, register: Say, name: str, changes: dict[str, str], why: str
) -> None:
    status, said = register(name, **changes)

    assert status == 1
    assert why in said
    assert not (root / OWN_VOICES).exists()


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (speaking(0.8), "the clip lasts 0.80 s; at least 1 s are needed"),
        (speaking(13.0), "the clip lasts more than the 12 s allowed"),
        (silence(2.0), "the clip is silent"),
        (speaking(level=0.002), "the clip is too soft"),
        (speaking(level=2.0), "the clip is clipped"),
        (speaking(level=0.05) + 0.2, "the clip is off centre"),
        (np.concatenate([speaking(0.45), silence(1.0)]), "the clip lasts 0.65 s"),
    ],
    ids=["short", "long", "silent", "soft", "clipped", "DC", "short without its silence"],
)
def test_a_clip_that_cannot_serve_is_refused_with_the_reason(
    root: Path, register: Say, samples: Samples, why: str
) -> None:
    (root / "clip.wav").write_bytes(encoded(samples))

    status, said = register(text="Oui, oui.")

    assert status == 1
    assert why in said
    assert "docs/voices.md" in said
    assert not (root / OWN_VOICES).exists()


def test_what_is_no_sound_file_is_refused(root: Path, register: Say) -> None:
    (root / "clip.wav").write_bytes(b"hello")

    assert "no WAV, FLAC, OGG or MP3" in register()[1]


def test_a_voice_is_replaced_only_when_told_to(root: Path, register: Say) -> None:
    register()
    status, said = register(text=f"{TEXT}!")
    again, _ = register(text=f"{TEXT}!", replace="yes")

    assert (status, again) == (1, 0)
    assert "REPLACE=1" in said
    assert packaged(root).voices[-1].transcript == f"{TEXT}!"
    assert [path.name for path in (root / OWN_VOICES).iterdir()] == ["anna"]


def test_a_write_that_fails_leaves_the_former_voice(
    root: Path, register: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    register()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        status, said = register(replace="yes")

    assert status == 1
    assert "No space left" in said
    assert packaged(root).voices[-1].name == "anna"
    assert [path.name for path in (root / OWN_VOICES).iterdir()] == ["anna"]


def test_without_a_name_all_voices_are_listed(
    root: Path, register: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    register()

    status = voice.main(["--root", str(root)])

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert len(lines) == len(read_voices(ROOT / VOICES).voices) + 1
    assert lines[-1].split()[:3] == ["anna", "fr", "LicenseRef-private"]


def test_a_clip_without_a_name_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = voice.main(["--root", str(root), "--audio", "clip.wav", "--", ""])

    said = capsys.readouterr()
    assert (status, said.out) == (1, "")
    assert "NAME is ''" in said.err


def damage_card(folder: Path) -> None:
    (folder / "voice.yaml").write_text("language: fr\n", encoding="utf-8")


def damage_clip(folder: Path) -> None:
    (folder / "clip.wav").write_bytes(encoded(silence(2.0)))


def damage_language(folder: Path) -> None:
    (folder / "voice.yaml").write_text(f"language: de\ntranscript: {TEXT}\n", encoding="utf-8")


def two_clips(folder: Path) -> None:
    shutil.copy(folder / "clip.wav", folder / "clip.flac")


def rename(folder: Path) -> None:
    folder.rename(folder.with_name("Anna B"))


def rename_like_the_demos(folder: Path) -> None:
    folder.rename(folder.with_name("plain_fr"))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (damage_card, "anna/voice.yaml: language, transcript and licence"),
        (damage_clip, "anna/clip.wav: the clip is silent; make the voice again"),
        (damage_language, "anna/voice.yaml: no model speaks 'de'"),
        (two_clips, "anna: one clip is needed, 2 are there"),
        (rename, "Anna B: a voice is called by"),
        (rename_like_the_demos, "plain_fr: the demo has a voice of that name"),
    ],
)
def test_a_voice_that_was_damaged_names_itself_at_packaging(
    root: Path, register: Say, damage: Callable[[Path], None], why: str
) -> None:
    register()
    damage(root / OWN_VOICES / "anna")

    with pytest.raises(ConfigurationError, match=why):
        packaged(root)


def test_files_beside_the_voices_are_no_voices(root: Path) -> None:
    (root / OWN_VOICES / ".anna-half").mkdir(parents=True)
    (root / OWN_VOICES / "README.md").write_text("voices", encoding="utf-8")

    assert packaged(root).voices == read_voices(ROOT / VOICES).voices


def test_a_voice_called_like_a_file_of_the_demos_keeps_its_own_clip(
    root: Path, register: Say
) -> None:
    register("fr")

    files = packaged(root).files
    assert files["voices/fr.wav"] == root / "config/demo/voices/fr.wav"
    assert files["voices/own-fr.wav"] == root / OWN_VOICES / "fr" / "clip.wav"
