"""A language model's worker: wiring between TorchServe, synthesis and the engine."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from f5serve import guard, log, torchserve
from f5serve.continuous import ContinuousSpeaker
from f5serve.cores import cores_of_this_server
from f5serve.departures import Departures, departures_of_this_server
from f5serve.engine.engine import EngineFiles, F5Engine
from f5serve.errors import (
    CallerGoneError,
    ConfigurationError,
    DeviceLostError,
    NotFiniteError,
    RequestError,
    ServeError,
)
from f5serve.guard import Retry
from f5serve.pieces import Cost, Spoken
from f5serve.poison import PoisonGuard, guard_of_this_server
from f5serve.reports import Noted, count, headers_of, log_piece
from f5serve.request import ECHO, PieceRequest, parse, require_uploads
from f5serve.response import Answer, Speech, json_answer, speech_answer
from f5serve.settings import ModelSettings, in_precision, read_settings
from f5serve.synthesis import Synthesizer
from f5serve.tidying import Tidying
from f5serve.torchserve import Call, Context, Row

logger = logging.getLogger(__name__)

EXIT_DEVICE_LOST: Final = 70


class SpeechHandler:
    """What TorchServe calls: ``initialize`` once a worker, ``handle`` once a batch, never at once."""

    def __init__(self) -> None:
        self._worker: LanguageWorker | None = None
        self._continuous: ContinuousWorker | None = None
        self._tidying = Tidying()

    def initialize(self, context: Context) -> None:
        """Load the archive and speak once in each language.

        Raises:
            ConfigurationError: If the archive is unusable; the worker does not become ready.
        """
        started = time.perf_counter()
        log.begin(context.model_name, os.environ)
        settings = read_settings(context.model_yaml_config.get("handler"), ModelSettings)
        device = device_of(settings, torchserve.gpu_id(context))
        settings = in_precision(settings, os.environ, device)
        root = Path(torchserve.model_dir(context))
        engine = load_engine(settings, root, device)
        synthesizer = Synthesizer(engine, engine.vocabulary, settings, root)
        synthesizer.warm_up()
        poison = guard_of_this_server(settings.model)
        self._worker = LanguageWorker(
            settings,
            synthesizer,
            poison,
            departures=departures_of_this_server(os.environ),
            log_texts=log.texts_wanted(os.environ),
        )
        if settings.continuous is not None:
            turns = engine.turns(
                turn_s=settings.continuous.turn_ms / 1000, patience_s=settings.continuous.patience_s
            )
            speaker = ContinuousSpeaker(synthesizer, turns, poison, settings.guard)
            self._continuous = ContinuousWorker(self._worker, speaker)
        seconds = round(time.perf_counter() - started, 1)
        ready = log.told(model=settings.model, device=device, dtype=engine.dtype, seconds=seconds)
        logger.info("model ready", extra=ready)

    def handle(self, data: Sequence[Row], context: Context) -> list[bytes]:
        """Answer a batch: one body for each row, in order, each with its own status."""
        if self._worker is None:
            raise ConfigurationError("handle() was called before initialize()")
        try:
            if self._continuous is not None:
                bodies = self._continuous.turn(data, context)
                if context.request_ids:  # those that were answered
                    self._tidying.batch_done()
                return bodies
            calls = torchserve.read_calls(data, context)
            answers = self._worker.answers(calls)
        except DeviceLostError:
            logger.critical(
                "the device is lost; ending, so that TorchServe starts this worker anew"
            )
            os._exit(EXIT_DEVICE_LOST)
        count(answers, self._worker.cost(), torchserve.Recorder(context))
        self._tidying.batch_done()
        return torchserve.write_answers(answers, context)


class LanguageWorker:
    """Answers batches of calls with one checkpoint's speech.

    Args:
        settings: The archive's settings.
        synthesizer: The loaded checkpoint.
        poison: Knows the pieces that have ended a worker; one of this process alone by default.
        departures: Tells which callers have gone; none by default.
        log_texts: Whether texts may stand in the log.
    """

    def __init__(
        self,
        settings: ModelSettings,
        synthesizer: Synthesizer,
        poison: PoisonGuard | None = None,
        *,
        departures: Departures | None = None,
        log_texts: bool = False,
    ) -> None:
        self._settings = settings
        self._departures = departures or Departures()
        self._log_texts = log_texts
        self._synthesizer = synthesizer
        self._poison = poison or PoisonGuard()

    def answers(self, calls: Sequence[Call]) -> list[Answer]:
        """Answer each call, in order; an error of one is that one's answer."""
        started = time.perf_counter()
        wanted = [call for call in calls if call.fields != ECHO]
        requests = [self.request_of(call) for call in wanted]
        unwanted = self._departures.of(*(call.caller for call in wanted))
        speak = partial(self._synthesizer.speak, unwanted=unwanted)
        results = self._poison.speak(requests, speak) if requests else []
        spoken_s = time.perf_counter() - started
        answers = iter(
            [
                self.answer(call, result, self.noted(request), spoken_s)
                for call, request, result in zip(wanted, requests, results, strict=True)
            ]
        )
        return [
            json_answer(ECHO, torchserve.identity(call)) if call.fields == ECHO else next(answers)
            for call in calls
        ]

    def cost(self) -> Cost:
        """Answer what the answers have cost since this was last asked."""
        return self._synthesizer.cost()

    def answer(
        self, call: Call, result: Spoken | ServeError, noted: Noted, spoken_s: float
    ) -> Answer:
        """Answer a call with what came of it, and log one line.

        Args:
            call: It.
            result: What came of it.
            noted: Of its request.
            spoken_s: How long that took since the worker had it, its batch mates' time included.
        """
        started = time.perf_counter()
        answer = (
            self._refusal(call, result)
            if isinstance(result, ServeError)
            else self._speech(call, result)
        )
        times = {"spoken_s": spoken_s, "encoded_s": time.perf_counter() - started}
        log_piece(self._settings.model, call, answer, noted, times)
        return answer

    def noted(self, request: PieceRequest | ServeError) -> Noted:
        """Answer what the log will tell of a request."""
        if isinstance(request, ServeError):
            return Noted()
        return Noted(piece=request.piece, text=request.text if self._log_texts else None)

    def request_of(self, call: Call) -> PieceRequest | ServeError:
        """Answer what a call asks for, checked, or what is wrong with it; or that its caller has gone."""
        if self.has_gone(call):
            return CallerGoneError()
        if call.fields is None:
            return RequestError("the body is empty; send a JSON object with the field 'text'")
        if isinstance(call.fields, ServeError):
            return call.fields
        try:
            require_uploads(call.fields, self._settings.limits)
            return parse(call.fields, PieceRequest, from_form=call.from_form)
        except ServeError as error:
            return error

    def has_gone(self, call: Call) -> bool:
        """Tell whether a call's caller is known to have gone."""
        return self._departures.has_gone(call.caller)

    def _refusal(self, call: Call, error: ServeError) -> Answer:
        answer = torchserve.refuse(error, call)
        if not (isinstance(error, NotFiniteError) and self._settings.guard.enabled):
            return answer
        told = guard.told([Retry(reason="not_finite", mended=False)])
        return replace(answer, headers={**answer.headers, **told})

    def _speech(self, call: Call, spoken: Spoken) -> Answer:
        headers = {**torchserve.identity(call), **headers_of(self._settings, spoken)}
        speech = Speech(samples=spoken.samples, headers=headers, segments=())
        return speech_answer(speech, spoken.request.response_format)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A call that is not answered yet, without its fields; ``since`` when, by ``time.perf_counter``."""

    call: Call
    noted: Noted
    since: float


class ContinuousWorker:
    """Answers calls that come and go, each as soon as it is spoken.

    Args:
        worker: Reads requests and writes answers.
        speaker: Speaks.
    """

    def __init__(self, worker: LanguageWorker, speaker: ContinuousSpeaker) -> None:
        self._worker = worker
        self._speaker = speaker
        self._waiting: dict[str, _Waiting] = {}
        self._gave_way = False

    def turn(self, data: Sequence[Row], context: Context) -> list[bytes]:
        """Take in the requests that are new, and give the model a turn.

        What can be refused is refused first, without a turn; but not twice in a row, or who sends refusals would keep
        all others waiting.

        Args:
            data: All requests of the batch, those that are under way among them.
            context: Of the batch; the ids of what is not answered yet are taken from it.

        Returns:
            One body a row; that of a request that is not answered yet is empty.
        """
        now = time.perf_counter()
        places = {context.get_request_id(index) or "": index for index in range(len(data))}
        arrived = {
            key: torchserve.read_call(data[index], context, index)
            for key, index in places.items()
            if not self._speaker.knows(key)
        }
        requests = {key: self._worker.request_of(call) for key, call in arrived.items()}
        results: dict[str, Spoken | ServeError] = {**self._speaker.admit(requests)}
        self._gave_way = bool(results) and not self._gave_way
        gone = {key for key, one in self._waiting.items() if self._worker.has_gone(one.call)}
        results.update({key: CallerGoneError() for key in gone & places.keys()})
        if not self._gave_way:
            results.update(self._speaker.turn(places.keys() - gone))
        for key, call in arrived.items():
            # The fields, which may hold a clip, are in the requests by now.
            bare, noted = replace(call, fields=None), self._worker.noted(requests[key])
            self._waiting[key] = _Waiting(call=bare, noted=noted, since=now)
        self._waiting = {key: one for key, one in self._waiting.items() if key in places}
        answers = {
            places[key]: self._answer(self._waiting.pop(key), result)
            for key, result in results.items()
        }
        count(list(answers.values()), self._speaker.cost(), torchserve.Recorder(context))
        return torchserve.write_finished(answers, len(data), context)

    def _answer(self, one: _Waiting, result: Spoken | ServeError) -> Answer:
        return self._worker.answer(one.call, result, one.noted, time.perf_counter() - one.since)


def load_synthesizer(settings: ModelSettings, root: Path, device: str) -> Synthesizer:
    """Load an unpacked archive.

    Args:
        settings: The archive's settings.
        root: The folder that holds its files.
        device: ``cpu`` or ``cuda:<index>``.

    Raises:
        ConfigurationError: If a file is missing or does not fit the settings.
    """
    engine = load_engine(settings, root, device)
    return Synthesizer(engine, engine.vocabulary, settings, root)


def load_engine(settings: ModelSettings, root: Path, device: str) -> F5Engine:
    """Load the models of an unpacked archive; arguments and errors as for ``load_synthesizer``."""
    engine = F5Engine.load(
        EngineFiles(
            checkpoint=root / settings.weights,
            vocabulary=root / settings.vocabulary,
            architecture=settings.architecture,
            vocoder=root / settings.vocoder_weights,
            vocoder_config=settings.vocoder_config,
        ),
        device=device,
        dtype=settings.dtype,
        cuda_graphs=settings.cuda_graphs,
        max_batch_frames=settings.max_batch_frames,
    )
    cores = cores_of_this_server(os.environ)
    if cores is not None:
        engine.share(cores)
    return engine


def device_of(settings: ModelSettings, gpu_id: int | None) -> str:
    """Answer the torch device of this worker.

    Raises:
        ConfigurationError: If the catalogue wants a GPU and TorchServe assigned none.
    """
    if settings.device == "cpu" or (settings.device == "auto" and gpu_id is None):
        return "cpu"
    if gpu_id is None:
        raise ConfigurationError(
            f"{settings.model}: placement.device is gpu, but TorchServe assigned none; it counts GPUs "
            "with nvidia-smi, which must be in PATH"
        )
    return f"cuda:{gpu_id}"
