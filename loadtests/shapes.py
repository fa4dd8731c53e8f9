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
        """Answer callers and how fast to add them; None ends the run.

        A master that ends the run interrupts its workers after three seconds, whatever they wait for. So at
        the end there are no callers any more, and it ends when the last has heard its answer.
        """
        elapsed_s: float = self.get_run_time()  # type: ignore[no-untyped-call] # Locust's own
        users = self.profile.users_at(elapsed_s, self.generators)
        if users is not None:
            return users, SPAWN_RATE
        over_s = elapsed_s - self.profile.seconds
        waiting = self.runner is not None and self.runner.user_count > 0
        return (0, SPAWN_RATE) if waiting and over_s < self.profile.deadline_s else None
