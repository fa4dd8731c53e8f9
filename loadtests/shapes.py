"""A profile's stages as a shape of Locust. Importing it imports Locust, which changes the whole process."""

from __future__ import annotations

from typing import ClassVar, Final

from locust import LoadTestShape

from loadtests.profile import Profile

SPAWN_RATE: Final = 100.0


class StagedShape(LoadTestShape):
    """Follows the stages of a profile; the locustfile sets the two."""

    abstract = True
    profile: ClassVar[Profile]
    generators: ClassVar[int] = 1

    def tick(self) -> tuple[int, float] | None:
        """Answer callers and how fast to add them; None ends the run."""
        elapsed_s: float = self.get_run_time()  # type: ignore[no-untyped-call] # Locust's own
        users = self.profile.users_at(elapsed_s, self.generators)
        return None if users is None else (users, SPAWN_RATE)
