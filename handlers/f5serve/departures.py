"""Callers who have gone: TorchServe does not notice, the edge does.

nginx names each request whose caller went before the answer was whole, by an id that it made for the request, and
``scripts.departures`` leaves an empty file of that name. Workers look for it before they begin something and between
the steps of the model. Without an edge there is no such id, and all that was begun is spoken to its end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

CALLER_HEADER: Final = "X-Caller"
FOLDER_VARIABLE: Final = "F5SERVE_DEPARTURES"
_CALLER: Final = re.compile(r"[0-9a-f]{32}")


class Departures:
    """Who has gone.

    Args:
        folder: Where the files are; None where nobody tells.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def has_gone(self, caller: str) -> bool:
        """Tell whether a caller is known to have gone; one without an id never is."""
        # os.path takes what it may not look at for not being there, as is wanted here.
        return self._folder is not None and bool(caller) and os.path.exists(self._folder / caller)  # noqa: PTH110

    def of(self, *callers: str) -> Callable[[], bool]:
        """Answer what tells, whenever it is asked, whether all of these have gone."""
        return lambda: bool(callers) and all(self.has_gone(caller) for caller in callers)


def departures_of_this_server(environment: Mapping[str, str]) -> Departures:
    """Answer what is told to the workers of this server."""
    folder = environment.get(FOLDER_VARIABLE)
    return Departures(Path(folder) if folder else None)


def caller_of(told: str) -> str:
    """Answer the id that an edge gave a request; nothing for what none gives: it becomes a file's name."""
    return told if _CALLER.fullmatch(told) else ""
