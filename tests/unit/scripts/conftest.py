"""What several of these tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.scripts.say_support import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)
