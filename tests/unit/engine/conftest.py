from __future__ import annotations

from pathlib import Path

import pytest

from f5serve.engine.engine import EngineFiles


@pytest.fixture
def missing_files(tmp_path: Path) -> EngineFiles:
    return EngineFiles(
        checkpoint=tmp_path / "none.safetensors",
        vocabulary=tmp_path / "none.txt",
        architecture={},
        vocoder=tmp_path / "none.bin",
        vocoder_config={},
    )
