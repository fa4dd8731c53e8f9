"""Listening needs the packages of the `dev` extra; some of them warn while they are imported."""

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # invalid escapes and old calls in other people's code
    for name in ("f5_tts.model", "faster_whisper", "jiwer", "torchaudio", "wordfreq"):
        pytest.importorskip(name, reason="listening needs the dev extra (make setup-dev)")
