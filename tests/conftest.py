"""Settings of the whole suite."""

from __future__ import annotations

import logging
import shutil
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Examples are judged by what they show, not by how long a loaded machine takes to make them.
settings.register_profile(
    "repository", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("repository")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what needs a program that is not installed, and say which."""
    for marker in item.iter_markers("tool"):
        (name,) = marker.args
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed (make tools)")


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> Iterator[None]:
    """A proxy of the environment does not know this machine's loopback."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NO_PROXY", "*")
        environment.setenv("no_proxy", "*")
        yield


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """A worker that begins changes how its process logs; the next test finds that as it was."""
    ours = logging.getLogger("f5serve")
    handlers, propagate, level = ours.handlers[:], ours.propagate, ours.level
    yield
    ours.handlers[:] = handlers
    ours.propagate = propagate
    ours.setLevel(level)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let commands that a test starts be interrupted, as those that a person starts can be.

    A shell starts what it runs in the background with SIGINT ignored. Children inherit that, and Python then
    installs no handler; a signal that is handled here is back at its default in them.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
