"""One session: reads what a caller writes, and speaks it sentence by sentence meanwhile."""

from __future__ import annotations

import contextlib
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from websockets.exceptions import ConnectionClosed

from f5serve.errors import CallerGoneError, OverloadedError, ServeError, TooLargeError
from scripts.sessions.arriving import ArrivingText, WholeText
from scripts.sessions.messages import (
    AudioDone,
    AudioStart,
    Close,
    Config,
    Done,
    Event,
    Failure,
    SessionDone,
    Text,
    config_of,
    read,
    told,
)
from scripts.sessions.sides import Connection, Speaks, Speech

logger = logging.getLogger(__name__)

LOOK_S: Final = 0.5
"""How often a session looks whether something else than a message is to be done."""
PAUSE_S: Final = 1.0
"""What seems to be a whole sentence is spoken if nothing has followed it for so long."""
IDLE_S: Final = 300.0
"""A session in which nothing is written and nothing spoken for so long is ended."""
MOST_S: Final = 3600.0
"""How long a session takes text: a key that was withdrawn, or a pod's former edge, is not held for ever."""
LAST_S: Final = 300.0
"""How long it may speak after that."""
MOST_WAITING_CHARS: Final = 50_000
"""Of text that has come and is not yet spoken, about an hour of speech; beyond it a message is refused."""
DONE_CHARS: Final = 20
"""What the end of a text counts while it waits."""
BURST_CHARS: Final = 500_000
STEADY_CHARS_PER_S: Final = 1_000.0
"""How much may come in messages of all kinds; a person reads, and a voice speaks, fifteen characters a second."""
DRAIN_S: Final = 1.0
"""For how long what has come already is read when the server is about to end."""
PATIENCE_S: Final = 60.0
"""For how long a sentence is asked for again where there is no place for it."""
LEAST_WAIT_S: Final = 0.1
LEAVE_S: Final = 5.0
"""How long a sentence that nobody waits for any more is waited for."""
LONGEST_ID: Final = 100
"""Of a session; with the number of a sentence it still fits where ids are kept to 128."""
NORMAL, GOING_AWAY, POLICY, FAULT = 1000, 1001, 1008, 1011


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """What waits to be spoken.

    Attributes:
        text: The sentence.
        config: How.
        utterance: Which text of the session it is of.
        index: Which sentence of that.
    """

    text: str
    config: Config
    utterance: int
    index: int


_Work: TypeAlias = Sentence | SessionDone | None


class Session:
    """Runs in the thread of its connection, and has another one that speaks.

    Args:
        connection: The WebSocket.
        router: Speaks.
        depart: Told the id of a sentence that nobody waits for any more.
        draining: Set when the server is about to end: what has come is spoken, and no more is read.
        request_id: Of the session; its sentences have it with their number.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        connection: Connection,
        router: Speaks,
        depart: Callable[[str], None],
        draining: threading.Event,
        request_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._router = router
        self._depart = depart
        self._draining = draining
        self._request_id = request_id[:LONGEST_ID]
        self._clock = clock
        self._config = config_of({})
        self._text: ArrivingText | WholeText = ArrivingText()
        self._utterance = 0
        self._sentences = 0
        self._begun_at = self._heard_at = self._busy_at = clock()
        self._work: queue.Queue[_Work] = queue.Queue()
        self._lock = threading.Lock()
        self._waiting_chars = 0
        self._left = threading.Event()
        self._caller = ""
        self._asked = 0
        self._is_patient = True
        self._refuses = False
        self._has_failed = False
        self._came_chars = 0
        self._is_read = False
        self._speaker = threading.Thread(target=self._speak_all, daemon=True)

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left, neither what reads nor what speaks."""
        return self._is_read and not self._speaker.is_alive()

    def run(self) -> None:
        """Serve the session to its end."""
        code = NORMAL
        try:
            self._speaker.start()
            code = self._read_all()
            self._flush()
            self._work.put(None)
            self._read_no_more()
        except ConnectionClosed:
            self.leave()
        finally:
            self._is_read = True
            self._work.put(None)
            if self._speaker.is_alive():
                self._speaker.join(LEAVE_S)
        self._connection.close(FAULT if self._has_failed else code)

    def leave(self) -> None:
        """Nobody listens any more: give up what is being spoken."""
        self._left.set()
        caller, self._caller = self._caller, ""
        if caller:
            self._depart(caller)

    def _read_all(self) -> int:
        """Take messages until there are no more; answer the code to close with."""
        drained_at: float | None = None
        while not self._left.is_set():
            now = self._clock()
            if self._draining.is_set() and drained_at is None:
                drained_at = now
            if (
                drained_at is not None and now - drained_at >= DRAIN_S
            ) or now - self._begun_at >= MOST_S:
                return GOING_AWAY
            try:
                message = self._connection.recv(timeout=LOOK_S)
            except TimeoutError:
                if drained_at is None and self._look():
                    continue
                return GOING_AWAY
            self._heard_at = self._clock()
            if not self._has_budget(len(message)):
                return POLICY
            try:
                if not self._take(read(message)):
                    return NORMAL
            except ServeError as error:
                self._send(Failure(message=error.detail, code=error.code, param=error.field))
        return GOING_AWAY

    def _has_budget(self, chars: int) -> bool:
        """Answer whether a message may come, too; if not, it is told."""
        self._came_chars += chars
        lasted_s = self._clock() - self._begun_at
        if self._came_chars <= BURST_CHARS + STEADY_CHARS_PER_S * lasted_s:
            return True
        self._send(
            Failure(
                message=f"more than {STEADY_CHARS_PER_S:.0f} characters a second have come for a long time; what came "
                "before is spoken, and the session ends",
                code="rate_limited",
            )
        )
        return False

    def _read_no_more(self) -> None:
        """Wait until all is spoken. What still comes is passed over; that the caller leaves is heard."""
        while self._speaker.is_alive() and not self._left.is_set():
            if self._clock() - self._begun_at >= MOST_S + LAST_S:
                self.leave()
            with contextlib.suppress(TimeoutError):
                self._connection.recv(timeout=LOOK_S)

    def _take(self, message: Config | Text | Done | Close) -> bool:
        """Do what a message asks for; answer whether another one may follow."""
        match message:
            case Config():
                self._configure(message)
            case Text(text=text):
                self._require_room(len(text), MOST_WAITING_CHARS)
                for sentence in self._text.add(text):
                    self._say(sentence)
            case Done():
                self._refuses = False
                # After the last text that had room there is room for its end.
                self._require_room(DONE_CHARS, 2 * MOST_WAITING_CHARS)
                self._flush()
                self._put(
                    SessionDone(utterance_index=self._utterance, total_sentences=self._sentences)
                )
                self._utterance, self._sentences = self._utterance + 1, 0
            case Close():
                return False
        return True

    def _configure(self, config: Config) -> None:
        """Speak otherwise from here on; what has come before is spoken as it was to be."""
        self._flush()
        self._config = config
        self._text = ArrivingText() if config.by_sentence else WholeText()

    def _look(self) -> bool:
        """Do what time asks for; answer whether the session goes on."""
        now = self._clock()
        if now - self._heard_at >= PAUSE_S and self._text.seems_ended:
            self._flush()
        if self._caller or not self._work.empty():
            self._busy_at = now
        return now - max(self._heard_at, self._busy_at) < IDLE_S

    def _flush(self) -> None:
        for sentence in self._text.rest():
            self._say(sentence)

    def _say(self, text: str) -> None:
        self._put(
            Sentence(
                text=text, config=self._config, utterance=self._utterance, index=self._sentences
            )
        )
        self._sentences += 1

    def _require_room(self, chars: int, most: int) -> None:
        """Refuse what would make too much wait, and the rest of a text of which a part was refused.

        Raises:
            TooLargeError: Nothing of the message was taken.
        """
        waiting = self._waiting_chars
        if self._refuses or waiting + chars > most:
            self._refuses = True
            raise TooLargeError(
                f"{waiting} characters wait to be spoken and this message has {chars}, of {most} that a session keeps: "
                "it was not taken, and no more of this text is; send 'input.done', and the rest as a text of its own "
                "when more was heard",
                field="text",
            )

    def _put(self, work: Sentence | SessionDone) -> None:
        with self._lock:
            self._waiting_chars += _size(work)
        self._work.put(work)

    def _send(self, event: Event) -> None:
        self._connection.send(told(event))

    def _speak_all(self) -> None:
        while not self._left.is_set():
            try:
                work = self._work.get(timeout=LOOK_S)
            except queue.Empty:
                continue
            if work is None:
                return
            with self._lock:
                self._waiting_chars -= _size(work)
            try:
                if isinstance(work, SessionDone):
                    self._send(work)
                else:
                    self._speak(work)
            except ConnectionClosed:
                self.leave()
            except Exception:  # honest: logged; whoever waits for more would wait for ever
                logger.exception("a session has failed: request_id=%s", self._request_id)
                self._has_failed = True
                self.leave()

    def _speak(self, sentence: Sentence) -> None:
        place = {"utterance_index": sentence.utterance, "sentence_index": sentence.index}
        total_bytes, failure = 0, None
        self._asked += 1
        try:
            for chunk in self._audio(sentence, place):
                self._connection.send(chunk)
                total_bytes += len(chunk)
        except ConnectionClosed:
            self.leave()  # as long as it is known whose sentence this is
            raise
        except ServeError as error:
            failure = error
        except Exception:  # honest: logged, and told as an error of the sentence
            logger.exception("a sentence cannot be spoken: request_id=%s", self._request_id)
            failure = ServeError(
                "the server failed; its log holds the reason under this request's id"
            )
        finally:
            self._caller = ""
        if failure is not None:
            told_of = Failure(
                message=failure.detail, code=failure.code, param=failure.field, **place
            )
            self._send(told_of)
        self._send(AudioDone(total_bytes=total_bytes, error=failure is not None, **place))

    def _audio(self, sentence: Sentence, place: Mapping[str, int]) -> Iterator[bytes]:
        """Give the audio of a sentence, as it comes or in one piece; announced before."""
        spoken = self._begun(sentence)
        try:
            self._send(
                AudioStart(
                    sentence_text=sentence.text,
                    format=sentence.config.response_format,
                    language=spoken.language,
                    **place,
                )
            )
            chunks = spoken.chunks()
            yield from filter(None, chunks if sentence.config.stream_audio else [b"".join(chunks)])
        finally:
            spoken.close()

    def _begun(self, sentence: Sentence) -> Speech:
        """Ask for a sentence until there is a place for it, or patience has an end.

        Once it had, the sentences after it are asked for once each, until there is a place again.
        """
        end = self._clock() + (PATIENCE_S if self._is_patient else 0.0)
        while True:
            self._caller = secrets.token_hex(16)
            if self._left.is_set():
                raise CallerGoneError
            try:
                speech = self._router.say(
                    sentence.config.fields,
                    sentence.text,
                    caller=self._caller,
                    request_id=f"{self._request_id}-{self._asked}",
                )
            except OverloadedError as error:
                wait_s = max(LEAST_WAIT_S, error.retry_after_s)
                if self._clock() + wait_s > end:
                    self._is_patient = False
                    raise
                self._left.wait(wait_s)
            else:
                self._is_patient = True
                return speech


def _size(work: Sentence | SessionDone) -> int:
    return len(work.text) if isinstance(work, Sentence) else DONE_CHARS
