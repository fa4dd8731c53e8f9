"""Memory of the engine's two sides, each in a process of its own."""

from __future__ import annotations

import pytest

from loadtests.bench import memory

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("side", ["demo, ours", "demo, upstream"])
def test_all_that_a_side_imports_is_there_before_it_is_measured(side: str) -> None:
    taken = memory._measured_apart(side, 1)

    assert taken.imported_late == ()
    assert taken.before_bytes < taken.after_bytes <= taken.peak_bytes
