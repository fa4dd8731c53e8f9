"""Numbers by key, in a file that all workers of a machine share.

The file is mapped into memory: opening it reads one page and parses nothing, looking up touches the few
pages on the way, and what one worker has touched costs the next one nothing.

Layout, in the byte order of the machine that reads (little-endian as committed): four 32-bit numbers
(:data:`MAGIC`, rows, columns, zero), then the rows' keys, ascending, 32 bits each, then the rows' values,
one byte a column.
"""

from __future__ import annotations

import mmap
import struct
from bisect import bisect_left
from pathlib import Path
from typing import Final

from f5serve.errors import ConfigurationError

MAGIC: Final = 0x46355431
"""Reads otherwise where the byte order is another: such a file is refused, not misread."""
HEADER: Final = struct.Struct("=4I")
KEY_BYTES: Final = 4
FOLDER: Final = Path(__file__).resolve().parent / "data"
"""Where the package carries its tables; made by ``scripts/language_tables.py``."""


class Table:
    """Rows of small numbers by a 32-bit key. May be read by several threads at once.

    Args:
        path: The file.
        columns: Values that each row must hold.

    Raises:
        ConfigurationError: If the file is missing, or is no such table.
    """

    def __init__(self, path: Path, *, columns: int) -> None:
        try:
            with path.open("rb") as file:
                self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
            raise ConfigurationError(
                f"{path}: cannot be read ({error}); make language-tables"
            ) from error
        self._columns = columns
        self._values_at = self._check(path)
        self._keys = memoryview(self._content)[HEADER.size : self._values_at].cast("I")

    def __len__(self) -> int:
        return len(self._keys)

    def row(self, key: int) -> bytes | None:
        """The values of a key, ``None`` where the table lacks it."""
        index = bisect_left(self._keys, key)
        if index == len(self._keys) or self._keys[index] != key:
            return None
        start = self._values_at + index * self._columns
        return self._content[start : start + self._columns]

    def _check(self, path: Path) -> int:
        """Where the values begin, once the header fits the file."""
        size = len(self._content)
        magic: int
        rows: int
        columns: int
        magic, rows, columns = HEADER.unpack(
            self._content[: HEADER.size].ljust(HEADER.size, b"\0")
        )[:3]
        values_at = HEADER.size + KEY_BYTES * rows
        if (magic, columns) != (MAGIC, self._columns) or size != values_at + rows * columns:
            raise ConfigurationError(
                f"{path}: no table of {self._columns} columns; make language-tables"
            )
        return values_at
