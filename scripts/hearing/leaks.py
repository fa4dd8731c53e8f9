"""Does the reference's transcript leak into what is spoken?

Where text and sound are aligned badly, a model says the end of the reference once more before the new
text. A recogniser sees that in words. Without one, each piece of speech is compared with espeak-ng's
reading of its text, and with the same reading after the reference's last syllables: a leak is there
where the second explains the speech better. How well that works is measured beside it, on the same
speech with a leak put before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from f5serve.audio import SAMPLE_RATE_HZ
from scripts.hearing.features import cepstra, dtw_to_each
from scripts.hearing.recogniser import normalised
from scripts.training.espeak import MARGIN_S

if TYPE_CHECKING:
    from f5serve.audio import Samples

TAIL_S: Final = 0.4  # of the reference: two syllables or three
_SHORT_WORD: Final = 3  # letters: such words are in too many texts to tell anything


def leaked_words(heard: str, text: str, transcript: str) -> list[str]:
    """Answer the words that were heard, belong to the reference's transcript, and not to the text."""
    heard_words, text_words, known = (
        normalised(part).split() for part in (heard, text, transcript)
    )
    distinctive = {word for word in known if len(word) > _SHORT_WORD} - set(text_words)
    return sorted(distinctive & set(heard_words))


def leaking(
    spoken: Sequence[Samples], readings: Sequence[Samples], reference: Samples
) -> NDArray[np.bool_]:
    """Answer of each piece of speech whether it sounds as if the reference's end came before its text.

    Args:
        spoken: New speech, silent ends trimmed to the margin of espeak-ng's readings.
        readings: espeak-ng's reading of each one's text, trimmed likewise.
        reference: The reference clip, trimmed likewise.
    """
    judged = []
    for samples, reading in zip(spoken, readings, strict=True):
        clean, leaked = dtw_to_each(
            cepstra(samples), [cepstra(reading), cepstra(after_tail(reading, reference))]
        )
        judged.append(leaked < clean)
    return np.array(judged, dtype=np.bool_)


def after_tail(samples: Samples, reference: Samples) -> Samples:
    """Put the last :data:`TAIL_S` of a reference before speech; both are trimmed."""
    margin, length = (round(s * SAMPLE_RATE_HZ) for s in (MARGIN_S, TAIL_S))
    return np.concatenate([reference[-margin - length : -margin], samples])
