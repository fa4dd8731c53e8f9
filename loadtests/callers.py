"""One request of a load test: sent, timed, checked, and written down. Knows nothing of Locust's users."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import gevent
import requests

from loadtests.checks import Finding, Received, judge
from loadtests.profile import Profile
from loadtests.samples import Journal, Sample, Sent
from loadtests.workload import Wish

CHUNK_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """An answer with its times."""

    answer: Received
    first_s: float
    whole_s: float


class Caller:
    """Sends requests and writes down what becomes of them.

    Args:
        url: The server.
        profile: For its deadline.
        journal: Where to write.
        started: The run's beginning, by ``clock``.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        url: str,
        profile: Profile,
        journal: Journal,
        started: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._profile = profile
        self._journal = journal
        self._started = started
        self._clock = clock

    def elapsed_s(self) -> float:
        """Answer the seconds since the run began."""
        return self._clock() - self._started

    def ask(self, wish: Wish, due_s: float | None = None) -> Sample:
        """Send a request and answer what became of it; whatever happens is a sample.

        Args:
            wish: The request.
            due_s: When it should have been sent, in the run; now, if absent.
        """
        due_s = self.elapsed_s() if due_s is None else due_s
        self._journal.write(Sent(number=wish.number, due_s=due_s))
        timed: Timed | None = None
        try:
            # A time limit of the client is for each read; this one is for the whole answer.
            with gevent.Timeout(self._profile.deadline_s):
                timed = self._post(wish, due_s)
            finding = judge(wish, timed.answer)
        except gevent.Timeout:
            finding = Finding(outcome="hung", reason=f"no answer in {self._profile.deadline_s:g} s")
        except requests.RequestException as error:
            finding = Finding(outcome="broken", reason=f"{type(error).__name__}: {error}"[:300])
        sample = self._sample(wish, due_s, finding, timed)
        self._journal.write(sample)
        return sample

    def _post(self, wish: Wish, due_s: float) -> Timed:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the environment does not know this server
            with session.post(
                self._url + wish.path,
                data=wish.body,
                headers={"Content-Type": wish.content_type},
                stream=True,
                timeout=self._profile.deadline_s,
            ) as answer:
                chunks, first_s = [], 0.0
                for chunk in answer.iter_content(CHUNK_BYTES):
                    first_s = first_s or self.elapsed_s() - due_s
                    chunks.append(chunk)
                received = Received(
                    status=answer.status_code, headers=answer.headers, body=b"".join(chunks)
                )
                return Timed(answer=received, first_s=first_s, whole_s=self.elapsed_s() - due_s)

    def _sample(self, wish: Wish, due_s: float, finding: Finding, timed: Timed | None) -> Sample:
        headers = {} if timed is None else timed.answer.headers
        stage = self._profile.stage_at(due_s)
        return Sample(
            number=wish.number,
            kind=wish.kind,
            stage=len(self._profile.stages) - 1 if stage is None else stage,
            due_s=due_s,
            # Not with the time it takes to open the answer: that is the test's, not the server's.
            elapsed_s=self.elapsed_s() - due_s if timed is None else timed.whole_s,
            outcome=finding.outcome,
            language=wish.language,
            status=0 if timed is None else timed.answer.status,
            code=finding.code,
            reason=finding.reason,
            first_s=timed.first_s if timed is not None and wish.stream else None,
            audio_s=finding.audio_s,
            told_language=headers.get("X-Language", ""),
            queue_ms=_number(headers.get("X-Queue-Ms")),
            inference_ms=_number(headers.get("X-Inference-Ms")),
            first_audio_ms=_number(headers.get("X-First-Audio-Ms")),
        )


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
