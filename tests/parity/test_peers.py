"""The servers that ours is compared with: they speak, as long as they are told, and one of them wrongly."""

from __future__ import annotations

import io
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient

from f5serve.errors import ConfigurationError
from loadtests.bench.company import mel_distance
from loadtests.bench.contestants import RATE_HZ
from loadtests.bench.peers import environment
from loadtests.bench.peers.environment import peers_python, versions
from loadtests.bench.peers.speaker import HOP_SAMPLES, Upstream, Wish
from loadtests.bench.peers.status_quo import application

pytestmark = pytest.mark.parity

SHORT = Wish(text="bonjour à tous.", audio_s=1.0, steps=4)
LONG = Wish(text="le train pour la côte part tôt le matin.", audio_s=2.5, steps=4)


@pytest.fixture(scope="module")
def upstream() -> Upstream:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Upstream("f5_fr", "fr")


def test_the_status_quo_answers_a_wav_as_long_as_it_is_told(upstream: Upstream) -> None:
    body = {"text": SHORT.text, "audio_s": SHORT.audio_s, "steps": SHORT.steps}

    answer = TestClient(application(upstream)).post("/speak", json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    samples, rate_hz = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    assert rate_hz == RATE_HZ
    assert len(samples) / RATE_HZ == pytest.approx(SHORT.audio_s, abs=2 * HOP_SAMPLES / RATE_HZ)
    assert np.abs(samples).max() > 0.01


def test_a_batch_that_is_padded_without_a_mask_is_wrong_for_its_shorter_item(
    upstream: Upstream,
) -> None:
    (long,), (short,) = upstream.speak_padded([LONG]), upstream.speak_padded([SHORT])

    together = upstream.speak_padded([LONG, SHORT])

    assert [len(one) for one in together] == [len(long), len(short)]
    assert mel_distance(together[0], long) < 0.01
    assert mel_distance(together[1], short) > 0.05


def test_an_environment_of_peers_that_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    wanted = environment.REQUIREMENTS.read_text(encoding="utf-8")
    (tmp_path / "installed.txt").write_text(wanted, encoding="utf-8")

    assert peers_python(tmp_path) == tmp_path / "bin" / "python"
    assert [path.name for path in tmp_path.iterdir()] == ["installed.txt"]


def test_peers_that_cannot_be_installed_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "requirements.txt"
    missing.write_text(f"{tmp_path}/no-such-package-0.1-py3-none-any.whl\n", encoding="utf-8")
    monkeypatch.setattr(environment, "REQUIREMENTS", missing)

    with pytest.raises(ConfigurationError, match="cannot be installed"):
        peers_python(tmp_path / "venv")

    assert not (tmp_path / "venv" / "installed.txt").exists()


def test_a_record_names_the_versions_that_the_peers_own_interpreter_finds() -> None:
    found = versions(Path(sys.executable), ("f5-tts", "vocos"))

    assert found == {name: version(name) for name in ("f5-tts", "vocos")}


def test_a_peer_that_is_not_installed_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"no-such-peer.*run make setup-dev, delete"):
        versions(Path(sys.executable), ("no-such-peer",))
