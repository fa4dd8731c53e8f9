"""What holds for a text read out in any language; each language's tests ask it of their own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable

from hypothesis import strategies as st

SIGNS = "0123456789.,:;/-–—~%°$€£¥₹₽№@&+=×<>()[]\"'«»!?…。、，！ \nabXYZéß①½²٣१９％αदあ한漢字́‍😀"
_LENGTHS = (500, 2_000)
_MOST_SECONDS = 10.0  # for the longer
_MOST_GROWTH = 4 * 3  # four times the length, and what a busy machine adds
_NOISE_S = 0.05


def texts(pieces: str, alphabet: str) -> st.SearchStrategy[str]:
    """Texts of a language's own words and marks, glued together in any way."""
    part = st.sampled_from(pieces.split()) | st.text(alphabet=alphabet + SIGNS, max_size=4)
    return st.lists(part, max_size=8).map("".join) | st.lists(part, max_size=8).map(" ".join)


def assert_takes_linear_time(read_out: Callable[[str], str], units: Iterable[str]) -> None:
    """Reading four times as much takes no more than some twelve times as long, whatever is repeated."""
    for unit in units:
        short, long = (_seconds(read_out, (unit * length)[:length]) for length in _LENGTHS)
        assert long < _MOST_SECONDS, unit
        assert long < _MOST_GROWTH * short + _NOISE_S, unit


def _seconds(read_out: Callable[[str], str], text: str) -> float:
    started = time.process_time()
    read_out(text)
    return time.process_time() - started


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
