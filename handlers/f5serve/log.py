"""What workers log: one line of JSON for each event, without texts.

TorchServe reads a worker's output line by line and puts it into ``model_log.log``; ``config/log4j2.xml`` takes a line
of this form over as it is. What is printed without a logger becomes a line of JSON there. TorchServe's metrics travel
on the same output, in a form of its own.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Final

from f5serve.errors import ConfigurationError

PACKAGE: Final = "f5serve"
LOG_TEXTS: Final = "F5SERVE_LOG_TEXTS"
_TOLD: Final = "f5serve_told"
_MACHINE: Final = (RuntimeError, OSError, MemoryError, ConfigurationError)
"""Errors that speak of the machine. All others may quote what was sent, so their words are not logged."""
_READERS: Final = ("f5serve/text/", "f5serve/language/")
_FRAMES: Final = 20
_YES: Final = frozenset({"1", "true"})
_METRICS_LOGGER: Final = "ts.metrics."
_METRICS: Final = "[METRICS]"


class JsonLines(logging.Formatter):
    """Writes a record as one line: time, level, worker, message, the fields of ``told``, the error with its place.

    Args:
        worker: The model that the process serves.
        texts: Whether the words of every error are told; they may hold a part of a text.
    """

    def __init__(self, worker: str, *, texts: bool = False) -> None:
        super().__init__()
        self._worker = worker
        self._texts = texts

    def format(self, record: logging.LogRecord) -> str:
        """Answer the line; ``time`` comes first, by which ``config/log4j2.xml`` knows it."""
        message = record.getMessage()
        if record.name.startswith(_METRICS_LOGGER) and message.startswith(_METRICS):
            return message
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "worker": self._worker,
            "process": record.process,
            "logger": record.name,
            "message": message,
            **getattr(record, _TOLD, {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line |= self._error(record.exc_info[1], record.exc_info[2])
        # ASCII alone: TorchServe's reader ends a line at U+0085, U+2028 and U+2029 too.
        return json.dumps(line, ensure_ascii=True, separators=(",", ":"), default=str)

    def _error(self, error: BaseException, trace: TracebackType | None) -> dict[str, object]:
        frames = traceback.extract_tb(trace)[-_FRAMES:]
        told: dict[str, object] = {
            "error": type(error).__name__,
            "trace": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        if self._texts or (isinstance(error, _MACHINE) and not _reads_texts(trace)):
            told["error_detail"] = str(error)
        return told


def begin(worker: str, environment: Mapping[str, str]) -> None:
    """Have this process log in JSON; called once a worker, when it begins.

    What TorchServe's own code of the worker and libraries log gets the same form: it is TorchServe's that logs an error
    which nobody caught.

    Args:
        worker: The model that it serves.
        environment: With ``F5SERVE_LOG_TEXTS=1`` texts are logged too.
    """
    form = JsonLines(worker, texts=texts_wanted(environment))
    for other in logging.getLogger().handlers:
        if isinstance(other, logging.StreamHandler) and other.stream is sys.stdout:
            other.setFormatter(form)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(form)
    logger = logging.getLogger(PACKAGE)
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)


def _reads_texts(trace: TracebackType | None) -> bool:
    """Tell whether an error came out of where texts are read: there it may quote one, whatever its kind."""
    return any(
        place in frame.filename for frame in traceback.extract_tb(trace) for place in _READERS
    )


def texts_wanted(environment: Mapping[str, str]) -> bool:
    """Tell whether the server's owner wants texts in the log."""
    return environment.get(LOG_TEXTS, "").lower() in _YES


def told(**fields: object) -> dict[str, object]:
    """Answer fields of a line in the form of a logger's ``extra``; those that are None are left out.

    Args:
        fields: Ids, codes, counts and times; a text only where its owner wants it.
    """
    return {_TOLD: {name: value for name, value in fields.items() if value is not None}}
