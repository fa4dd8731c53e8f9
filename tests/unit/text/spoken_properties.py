"""What holds for a text read out in any language; each language's tests ask it of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable

from hypothesis import strategies as st

from tests.unit.growth import assert_time_grows_with_length

SIGNS = "0123456789.,:;/-–—~%°$€£¥₹₽№@&+=×<>()[]\"'«»!?…。、，！ \nabXYZéß①½²٣१９％αदあ한漢字́‍😀"
_LENGTHS = (500, 4_000)


def texts(pieces: str, alphabet: str) -> st.SearchStrategy[str]:
    """Texts of a language's own words and marks, glued together in any way."""
    part = st.sampled_from(pieces.split()) | st.text(alphabet=alphabet + SIGNS, max_size=4)
    return st.lists(part, max_size=8).map("".join) | st.lists(part, max_size=8).map(" ".join)


def assert_takes_linear_time(read_out: Callable[[str], str], units: Iterable[str]) -> None:
    """Whatever is repeated, reading more of it takes longer in proportion."""
    for unit in units:
        assert_time_grows_with_length(read_out, unit, *_LENGTHS)


def loads(language: str, text: str, module: str) -> bool:
    """Whether a fresh process that reads a text out has imported a module."""
    code = (
        f"import sys; from f5serve.text.spoken.{language} import read_out;"
        f" read_out({text!r}); sys.exit({module!r} in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], env={"PYTHONPATH": "handlers"}, check=False
    )
    return done.returncode != 0
