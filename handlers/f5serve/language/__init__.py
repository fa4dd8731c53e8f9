"""Which language a text is in: what was asked for, else what it looks like, else what is configured.

Rules by script come first; a statistical detector only decides between languages of one script.
Nothing is loaded at import; :func:`build_detector` makes the detector of a worker.
"""

from f5serve.language.detect import (
    Detection,
    HanClassifier,
    LanguageDetector,
    Reason,
    ScriptDetector,
    build_detector,
)
from f5serve.language.han import PairHanClassifier
from f5serve.language.resolve import Resolution, Source, resolve
from f5serve.language.tags import AUTO, canonical

__all__ = [
    "AUTO",
    "Detection",
    "HanClassifier",
    "LanguageDetector",
    "PairHanClassifier",
    "Reason",
    "Resolution",
    "ScriptDetector",
    "Source",
    "build_detector",
    "canonical",
    "resolve",
]
