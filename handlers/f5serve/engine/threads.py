"""How many threads torch computes with on a CPU, looked at anew before each step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import torch


class Cores(Protocol):
    """What is needed of ``cores.SharedCores``."""

    def computing(self) -> AbstractContextManager[None]:
        """Be one of those that share, until the block ends."""

    def share(self) -> int:
        """Answer how many cores are this process's now."""


class Threads:
    """Keeps torch's threads at the cores that this process has, once told what they are shared by.

    Torch has one number for a whole process.
    """

    def __init__(self) -> None:
        self._cores: Cores | None = None

    def share(self, cores: Cores) -> None:
        """Share from now on."""
        self._cores = cores

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Take a share until the block ends."""
        if self._cores is None:
            yield
            return
        with self._cores.computing():
            self.adjust()
            yield

    def adjust(self) -> None:
        """Take as many threads as there are cores for: others may have come, or gone."""
        if self._cores is not None:
            threads = self._cores.share()
            if threads != torch.get_num_threads():
                torch.set_num_threads(threads)
