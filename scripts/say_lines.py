"""Say a file line by line into a folder, a few lines at once, going on where an earlier run was stopped."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

from f5serve.routing.dialogue import names_one
from scripts.client import Said, SayError, UnreachableError, say
from scripts.say_manifest import (
    MANIFEST,
    Entry,
    FolderTakenError,
    Manifest,
    Option,
    digest,
    open_manifest,
)

INTERRUPTED = 130  # what a shell answers for a program ended by Ctrl-C


class UnusableFileError(Exception):
    """The file holds nothing that can be spoken; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line with something in it, and its number in the file, from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to speak, how, and where to put it.

    Attributes:
        file: The text, UTF-8, one utterance a line.
        folder: For the sound files and the manifest.
        url: The server.
        options: Fields of the request beside ``text``.
        parallel: Lines in flight at most.
    """

    file: Path
    folder: Path
    url: str
    options: Mapping[str, Option]
    parallel: int


def run(job: Job) -> int:
    """Speak what is not yet spoken; answer the exit status.

    Returns:
        0 if every line is spoken, 1 if one failed or there is no server, 2 if the file or the folder
        cannot be used, 130 after Ctrl-C.
    """
    try:
        lines = read_lines(job.file)
        with open_manifest(job.folder) as manifest:
            return _speak_and_tell(job, lines, manifest)
    except (UnusableFileError, FolderTakenError) as error:
        return _complain(str(error), 2)
    except (FileExistsError, NotADirectoryError):
        return _complain(f"{job.folder} is no folder; name another", 2)
    except OSError as error:
        return _complain(f"{job.folder}: {error.strerror}", 1)
    except UnreachableError as error:
        return _complain(str(error), 1)
    except KeyboardInterrupt:  # before the first line, or after the last
        return INTERRUPTED


def read_lines(path: Path) -> list[Line]:
    """The lines with something in them, numbered as an editor numbers them.

    Raises:
        UnusableFileError: If the file cannot be read, is not UTF-8 or holds no text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnusableFileError(f"{path}: {error.strerror}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnusableFileError(f"{path} is not UTF-8 (line {line}); save it as UTF-8") from error
    numbered = enumerate(io.StringIO(text, newline=None), start=1)
    lines = [Line(number, stripped) for number, raw in numbered if (stripped := raw.strip())]
    if not lines:
        raise UnusableFileError(f"{path} holds no text; write one utterance a line")
    return lines


@dataclass(slots=True)
class Progress:
    """What has been done so far, and how long the rest may take.

    Attributes:
        total: Lines of the file.
        skipped: Of them, those that an earlier run has spoken.
        chars_left: Characters of the lines that are neither spoken nor failed.
    """

    total: int
    skipped: int
    chars_left: int
    chars_done: int = 0
    spoken: int = 0
    failed: int = 0
    speech_s: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def count(self, line: Line, seconds: float | None) -> None:
        """Count a line as spoken, or as failed where it has no seconds."""
        self.chars_left -= len(line.text)
        if seconds is None:
            self.failed += 1
            return
        self.chars_done += len(line.text)
        self.spoken += 1
        self.speech_s += seconds

    def row(self, entry: Entry) -> str:
        """Tell of a line that has just been spoken."""
        done = self.skipped + self.spoken + self.failed
        width = len(str(self.total))
        return (
            f"{done:{width}}/{self.total}  {entry.file}  {entry.language}"
            f"  {entry.seconds:6.2f} s{self._left()}"
        )

    def summary(self) -> str:
        """Tell of the whole run."""
        elapsed_s = time.perf_counter() - self.started
        factor = f", real-time factor {elapsed_s / self.speech_s:.2f}" if self.speech_s else ""
        return (
            f"{self.total} lines: {self.spoken} spoken, {self.skipped} skipped as done,"
            f" {self.failed} failed; {self.speech_s:.1f} s of speech in {elapsed_s:.1f} s{factor}"
        )

    def _left(self) -> str:
        if not self.chars_left:
            return ""
        elapsed_s = time.perf_counter() - self.started
        return f"  about {duration(elapsed_s * self.chars_left / self.chars_done)} left"


def duration(seconds: float) -> str:
    """Tell a time as roughly as an estimate deserves: ``40 s``, ``12 min``, ``3 h 5 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run over a file: what is asked for, where it goes, how far it is."""

    job: Job
    manifest: Manifest
    progress: Progress
    name_width: int

    def take(self, line: Line, outcome: Said | Exception) -> None:
        """Keep what was spoken, or tell why a line was not.

        Raises:
            UnreachableError: If there is no server; the lines after this one would fare no better.
            OSError: If the folder cannot be written.
        """
        if isinstance(outcome, SayError) and not isinstance(outcome, UnreachableError):
            self.progress.count(line, None)
            print(f"say: line {line.number}: {outcome}", file=sys.stderr, flush=True)
        elif isinstance(outcome, Exception):
            raise outcome
        else:
            entry = self._entry(line, outcome)
            self.manifest.add(entry, outcome.audio)
            self.progress.count(line, entry.seconds)
            print(self.progress.row(entry), flush=True)

    def _entry(self, line: Line, said: Said) -> Entry:
        told = said.headers
        return Entry(
            line=line.number,
            text_sha256=digest(line.text.encode()),
            text=line.text,
            file=f"{line.number:0{self.name_width}}.wav",
            audio_sha256=digest(said.audio),
            options=dict(_options_for(line.text, self.job.options)),
            language=told["X-Language"],
            source=told["X-Language-Source"],
            confidence=float(told["X-Language-Confidence"]),
            model=told["X-Model"],
            voice=told["X-Voice"],
            seed=int(told["X-Seed"]),
            seconds=float(told["X-Audio-Seconds"]),
            elapsed=round(said.elapsed_s, 3),
        )


def _speak_and_tell(job: Job, lines: Sequence[Line], manifest: Manifest) -> int:
    to_speak = [
        line
        for line in lines
        if not manifest.is_done(line.number, line.text, _options_for(line.text, job.options))
    ]
    progress = Progress(
        total=len(lines),
        skipped=len(lines) - len(to_speak),
        chars_left=sum(len(line.text) for line in to_speak),
    )
    name_width = max(4, len(str(lines[-1].number)))
    this_run = _Run(job=job, manifest=manifest, progress=progress, name_width=name_width)
    try:
        for line, outcome in _outcomes(job, to_speak):
            this_run.take(line, outcome)
    except (KeyboardInterrupt, UnreachableError) as stopped:
        print(progress.summary(), flush=True)
        if isinstance(stopped, UnreachableError):
            raise
        print("stopped; the same command goes on from here", flush=True)
        return INTERRUPTED
    print(f"{progress.summary()}\n{job.folder}: sound files and {MANIFEST}", flush=True)
    return 1 if progress.failed else 0


def _outcomes(job: Job, lines: Sequence[Line]) -> Iterator[tuple[Line, Said | Exception]]:
    """Answers as they come, a bounded number of requests under way."""
    results: SimpleQueue[tuple[Line, Said | Exception]] = SimpleQueue()

    def speak(line: Line) -> None:
        outcome: Said | Exception
        try:
            outcome = say(job.url, {**_options_for(line.text, job.options), "text": line.text})
        except Exception as error:  # noqa: BLE001  # told or raised again by who reads the queue
            outcome = error
        results.put((line, outcome))

    waiting = iter(lines)

    def start(how_many: int) -> None:
        # Daemons: Ctrl-C, or a server that is gone, ends the run without waiting for their answers.
        for line in islice(waiting, how_many):
            threading.Thread(target=speak, args=(line,), daemon=True).start()

    start(job.parallel)
    for _ in lines:
        yield results.get()
        start(1)


def _options_for(text: str, options: Mapping[str, Option]) -> Mapping[str, Option]:
    """Answer what a line is sent with: a line in which no speaker is named is for the voice alone."""
    speakers = options.get("speakers")
    if isinstance(speakers, Mapping) and not names_one(text, speakers):
        return {name: value for name, value in options.items() if name != "speakers"}
    return options


def _complain(message: str, status: int) -> int:
    print(f"say: {message}", file=sys.stderr)
    return status
