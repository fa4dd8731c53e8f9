"""Training needs the packages of the `dev` extra; some of them warn while they are imported."""

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch.jit in x-transformers, invalid escapes in others
    pytest.importorskip("f5_tts.model", reason="training needs the dev extra (make setup-dev)")
    pytest.importorskip("vocos.pretrained", reason="training needs the dev extra (make setup-dev)")
    pytest.importorskip("wordfreq", reason="training needs the dev extra (make setup-dev)")
    pytest.importorskip("torchaudio", reason="training needs the dev extra (make setup-dev)")
