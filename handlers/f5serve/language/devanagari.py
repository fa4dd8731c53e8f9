"""Hindi, or another language in the same letters: Marathi and Nepali.

Function words decide. Hindi writes its postpositions apart (``का``, ``में``) and closes with ``है``;
Nepali and Marathi join theirs to the noun and have a copula of their own. Words of two of these
languages, or of Sanskrit-minded Hindi (``तथा``), are in no list.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[\u0900-\u0963\u0970-\u097f]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HINDI = _words(
    "है हैं हूँ हूं था थी थे का की के में से ने पर और यह वह ये वे नहीं भी कि जो इस उस इन उन अपने अपनी अपना लिए साथ कर करना"
    " करने करता करते किया गया गई गए रहा रही रहे हुआ हुई हुए एक मैं हम आप तुम मेरा मेरे मेरी क्या कैसे कहाँ कहां"
)
_NEPALI = _words(
    "छ छन् छु छौ छैन छैनन् हुन् हुन्छ हुन्छन् हुनेछ हुनेछन् थियो थिए भयो भएको भएका भने भनी गर्ने गर्न गर्नु गर्छ गरेको गरी"
    " गर्दै पनि सबै तपाईं तपाईँ तपाई मेरो तिमी उनी हामी कुनै अनि त्यो यस्तो कसैले जान्छु"
)
_MARATHI = _words(
    "आहे आहेत आहोत आणि नाही नाहीत माझे माझा माझी माझ्या तुझे तुझा काय कसे कसा कुठे असे असा असलेल्या किंवा करणे झाले झाला"
    " केले केला केली येथे हवे पाहिजे त्याने त्याला मला तुला आम्ही तुम्ही"
)
_FOREIGN = _NEPALI | _MARATHI
_FOREIGN_ENDINGS = (
    *("हरू", "हरु", "हरूको", "हरुको", "हरूलाई", "हरुलाई", "हरूले", "हरुले", "लाई", "हरूमा"),
    *(
        "च्या",
        "ण्यात",
        "ण्याचा",
        "ण्याची",
        "ण्याचे",
        "मध्ये",
        "ांना",
        "ांचा",
        "ांची",
        "ांचे",
        "ांनी",
        "साठी",
        "पासून",
    ),
)
_MIN_ENDING_CHARS = (
    5  # a word that is hardly more than the ending is a word of its own (मिठाई, भलाई end alike)
)
_HINDI_NOUNS = ("लाई",)  # भलाई, मलाई, सिलाई: Hindi forms abstract nouns with it


def is_foreign(text: str) -> bool:
    """Whether Devanagari text is clearly not Hindi; ``False`` where nothing tells."""
    hindi = foreign = 0
    for word in _WORD.findall(text):
        if word in _HINDI:
            hindi += 1
        elif word in _FOREIGN:
            foreign += 1
        elif word.endswith(_FOREIGN_ENDINGS):
            least = _MIN_ENDING_CHARS + 2 * word.endswith(_HINDI_NOUNS)
            foreign += len(word) > least
    return foreign > hindi
