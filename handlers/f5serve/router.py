"""The routing model's worker: language, pieces, the right model for each, one answer.

A worker serves one request at a time and holds no model, so many are cheap. It imports no torch: a
test holds its archive to that.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, TypeVar

from f5serve import log, openai_api, pages, torchserve
from f5serve.departures import Departures, departures_of_this_server
from f5serve.encoding import CONTENT_TYPES
from f5serve.errors import CallerGoneError, ConfigurationError, NotFoundError, ServeError
from f5serve.language import Resolution, build_detector, resolve
from f5serve.metrics import OK, RESOLUTIONS, Meter, Uncounted
from f5serve.request import SpeechRequest, parse, require_uploads, require_within
from f5serve.response import Answer, StreamedAnswer, json_answer, speech_answer
from f5serve.routing import dialogue
from f5serve.routing.account import Account
from f5serve.routing.assemble import Finish, Plan, planned_headers, stream, whole
from f5serve.routing.backends import LanguageModels, connections
from f5serve.routing.board import Board, board_of_this_server
from f5serve.routing.deadline import Deadline
from f5serve.routing.known_voices import KnownVoices
from f5serve.routing.plan import plan_pieces
from f5serve.routing.replicas import placed
from f5serve.routing.segments import TextSegment, segment
from f5serve.routing.speaking import Speakers
from f5serve.routing.status import status
from f5serve.settings import UPLOADED, RouterSettings, read_settings
from f5serve.text.clean import clean, require_speakable
from f5serve.text.markup import plain
from f5serve.tidying import Tidying
from f5serve.torchserve import Call, Context, Row
from f5serve.voice_store import FOLDER_VARIABLE, VoiceStore, store_of_this_server
from f5serve.voices import VoiceRegistry

logger = logging.getLogger(__name__)

STATUS: Final = "status"
UNCOUNTED: Final = Uncounted()


class RoutingHandler:
    """What TorchServe calls: ``initialize`` once a worker, ``handle`` once a request."""

    def __init__(self) -> None:
        self._router: Router | None = None
        self._tidying = Tidying()

    def initialize(self, context: Context) -> None:
        """Read the archive's settings and make the detector ready.

        Raises:
            ConfigurationError: If the settings are wrong; the worker does not become ready.
        """
        log.begin(context.model_name, os.environ)
        settings = read_settings(context.model_yaml_config.get("handler"), RouterSettings)
        self._router = Router(
            placed(settings, os.environ),
            board_of_this_server(),
            departures=departures_of_this_server(os.environ),
            voices=store_of_this_server(os.environ),
            log_texts=log.texts_wanted(os.environ),
        )

    def handle(self, data: Sequence[Row], context: Context) -> list[bytes]:
        """Answer each row, in order, with its own status."""
        if self._router is None:
            raise ConfigurationError("handle() was called before initialize()")
        calls = torchserve.read_calls(data, context)
        meter = torchserve.Recorder(context)
        answers = [self._router.answer(call, meter) for call in calls]
        for answer in answers:
            _count(answer, meter)
        bodies = torchserve.write_answers(answers, context)
        self._tidying.batch_done()
        return bodies


class Router:
    """Finds the language of a text and has the right models speak it.

    Args:
        settings: Backends, voices, bounds.
        board: What the workers of this router tell each other; one of its own by default.
        documents: Where the OpenAPI document and the page made from it lie.
        departures: Tells which callers have gone; none by default.
        voices: Those that are added while the server runs; None where none can be.
        log_texts: Whether texts may stand in the log.

    Raises:
        ConfigurationError: If voices can be added, and no model may be sent a clip.
    """

    def __init__(
        self,
        settings: RouterSettings,
        board: Board | None = None,
        documents: Path = pages.FOLDER,
        *,
        departures: Departures | None = None,
        voices: VoiceStore | None = None,
        log_texts: bool = False,
    ) -> None:
        if voices is not None and not settings.limits.uploads:
            raise ConfigurationError(
                f"{FOLDER_VARIABLE} and 'uploads: false' exclude each other: the clip of an added voice goes with each"
                " piece, which the models then refuse; unset the one, or package with the other"
            )
        self._settings = settings
        self._departures = departures or Departures()
        self._log_texts = log_texts
        self._readable: Mapping[str, Callable[[Mapping[str, str]], Answer]] = {
            STATUS: lambda told: json_answer(status(settings, self._models, self._voices), told),
            pages.PLAYGROUND: pages.playground_answer,
            pages.REFERENCE: lambda told: pages.reference_answer(told, documents),
            pages.OPENAPI: lambda told: pages.openapi_answer(told, documents),
            openai_api.MODELS: lambda told: json_answer(openai_api.models(), told),
            openai_api.VOICES: lambda told: json_answer(
                openai_api.voices(self._voices.listed()), told
            ),
        }
        self._voices = KnownVoices(VoiceRegistry(settings.voices), voices)
        self._backends = settings.model_of()
        self._max_piece_s = {code: backend.max_piece_s for code, backend in self._backends.items()}
        self._detector = build_detector(tuple(self._backends))
        self._models = LanguageModels(
            connections(settings.max_concurrent_pieces),
            max_refused_s=settings.max_refused_s,
            max_holders=settings.max_holders(),
            board=board,
        )
        self._speakers = Speakers(
            self._models,
            self._backends,
            self._voices,
            settings.max_concurrent_pieces,
        )

    def answer(self, call: Call, meter: Meter = UNCOUNTED) -> Answer | StreamedAnswer:
        """Answer one call; whatever goes wrong before the first chunk of a stream is an answer too."""
        text = _text_of(call) if self._log_texts else None
        account = Account(
            meter, self._models.retries, tell=lambda told: _log_request(call, told, text)
        )
        answer = self._answer(call, account)
        if isinstance(answer, Answer):
            account.close(answer.status, answer.reason)
        elif not account.is_streamed:  # one piece, told as events
            account.close(answer.status, OK)
        return answer

    def _answer(self, call: Call, account: Account) -> Answer | StreamedAnswer:
        try:
            return self._dispatch(call, account)
        except ServeError as error:
            return _refuse(error, call)
        except Exception:  # honest: logged, and told as 500 under the request's id
            logger.exception("failed", extra=log.told(**_identity(call)))
            return _refuse(
                ServeError("the router failed; the log holds the reason under this request_id"),
                call,
            )

    def _dispatch(self, call: Call, account: Account) -> Answer | StreamedAnswer:
        shown = self._shown(call)
        if shown is not None:
            return shown
        if call.path == openai_api.VOICES:
            return self._added_voice(call)
        if call.path == openai_api.REMOVAL:
            removed = self._voices.remove(call.fields, from_form=call.from_form)
            return json_answer(removed, torchserve.identity(call))
        if call.path == openai_api.SPEECH:
            return self._openai_speech(call, account)
        if call.path:
            raise NotFoundError(
                f"nothing is served at {call.path[:100]!r}; 'reference' lists what is"
            )
        if isinstance(call.fields, ServeError):
            raise call.fields
        sent = call.fields or {}
        require_uploads(sent, self._settings.limits)
        return self._speech(parse(sent, SpeechRequest, from_form=call.from_form), call, account)

    def _shown(self, call: Call) -> Answer | None:
        """Answer what there is to read; None where something is to be spoken."""
        path = call.path
        if not path and call.fields is None:
            path = pages.PLAYGROUND if call.accepts_html else STATUS
        if path == openai_api.VOICES and (call.has_body or isinstance(call.fields, Mapping)):
            return None  # a voice to be added
        show = self._readable.get(path)
        return None if show is None else show(torchserve.identity(call))

    def _added_voice(self, call: Call) -> Answer:
        added = self._voices.add(
            call.fields,
            from_form=call.from_form,
            limits=self._settings.limits,
            served=tuple(self._backends),
            detector=self._detector,
        )
        return json_answer({"id": added["name"], **added}, torchserve.identity(call), status=201)

    def _openai_speech(self, call: Call, account: Account) -> Answer | StreamedAnswer:
        wish = openai_api.read(
            call.fields,
            from_form=call.from_form,
            voices=self._voices,
        )
        request = parse(wish.fields, SpeechRequest)
        answer = self._speech(request, call, account)
        if not wish.events:
            return answer
        chunks = answer.chunks if isinstance(answer, StreamedAnswer) else iter([answer.body])
        return StreamedAnswer(
            chunks=openai_api.events(chunks, characters=len(request.text)),
            content_type=openai_api.EVENT_STREAM,
            headers=answer.headers,
        )

    def _speech(
        self, request: SpeechRequest, call: Call, account: Account
    ) -> Answer | StreamedAnswer:
        """Speak a text; what goes wrong before the first piece is there is raised.

        A text of one piece has nothing to stream: it is answered whole.
        """
        deadline = Deadline(
            self._settings.deadline_s,
            gone_s=call.waited_s,
            unwanted=self._departures.of(call.caller),
        )
        # Nothing is begun for who has waited for a worker until now, or for who has given that up.
        deadline.left_s()
        plan = self._plan(request)
        account.planned(plan, wants_stream=request.stream, speed=request.speed)
        pieces = self._speakers.speak(
            plan.pieces,
            request,
            deadline,
            call.correlation_id,
            call.passed_on,
            added=plan.added,
        )
        spoken = _begun(account.heard(pieces))
        headers = {
            **torchserve.identity(call),
            **planned_headers(plan),
            "X-Seed": str(request.seed),
            "X-First-Audio-Ms": f"{deadline.spent_s() * 1000:.1f}",
        }
        finish = Finish(trim_silence=request.trim_silence, loudness=request.loudness)
        if not request.stream or len(plan.pieces) == 1:
            return speech_answer(whole(plan, spoken, headers, finish), request.response_format)
        chunks = _begun(stream(plan, spoken, request.response_format, finish))
        return StreamedAnswer(
            chunks=account.streamed(_logged(chunks, call)),
            content_type=CONTENT_TYPES[request.response_format],
            headers=headers,
        )

    def _plan(self, request: SpeechRequest) -> Plan:
        """Decide how a text is spoken; it depends on the text alone, whole or streamed."""
        require_within(request, self._settings.limits)
        said = self._turns(request)
        text = dialogue.joined(said)
        require_speakable(text)
        resolution = self._resolve(request, text)
        segments = dialogue.cast(self._segments(text, resolution, dialogue.ends(said)), said)
        voices = [self._speakers.voice_of(request, part) for part in segments]
        return Plan(
            resolution=resolution,
            segments=segments,
            voices=voices,
            added=self._voices.added(name for name in voices if name != UPLOADED),
            pieces=plan_pieces(segments, max_piece_s=self._max_piece_s, speed=request.speed),
            backends=self._backends,
        )

    def _turns(self, request: SpeechRequest) -> tuple[dialogue.Turn, ...]:
        """Answer who says what: one turn of the request's own voice, unless it has speakers."""
        if request.speakers is None:
            return (dialogue.Turn(text=_cleaned(request.text, request), voice=None),)
        dialogue.require_speakers(request.speakers)
        for voice in request.speakers.values():
            self._voices.get(voice, field="speakers")
        said = dialogue.turns(request.text, request.speakers)
        return dialogue.cleaned(said, lambda text: _cleaned(text, request))

    def _resolve(self, request: SpeechRequest, text: str) -> Resolution:
        voices = {request.voice, *(request.speakers or {}).values()} - {None}
        languages = {self._voices.get(voice).language for voice in voices if voice}
        return resolve(
            text,
            explicit=request.language,
            # Voices of several languages tell nothing of the text's.
            voice_language=languages.pop() if len(languages) == 1 else None,
            default=self._settings.default_language,
            served=tuple(self._backends),
            detector=self._detector,
            strict=request.strict,
        )

    def _segments(
        self, text: str, resolution: Resolution, turn_ends: Sequence[int]
    ) -> tuple[TextSegment, ...]:
        """Cut a text where its language changes; a language that was asked for is kept throughout."""
        if resolution.source == "explicit":
            return (TextSegment(text=text, language=resolution.language),)
        return segment(
            text,
            main=resolution.language,
            served=tuple(self._backends),
            detector=self._detector,
            turn_ends=turn_ends,
        )


def _cleaned(text: str, request: SpeechRequest) -> str:
    """Answer a text as it is cut and spoken; markup spans pieces, the rest is read piece by piece, by the model."""
    once = clean(text)
    return clean(plain(once)) if request.normalize else once


Item = TypeVar("Item")


def _begun(items: Iterator[Item]) -> Iterator[Item]:
    """Wait for the first item, so that an error until then is raised here and now."""
    return chain([next(items)], items)


def _logged(chunks: Iterator[bytes], call: Call) -> Iterator[bytes]:
    """Log what breaks a stream off without having a code, by which the line of the request tells it."""
    try:
        yield from chunks
    except ServeError:
        raise
    except Exception:  # honest: logged under the request's id, and raised again
        logger.exception("failed", extra=log.told(**_identity(call)))
        raise


def _log_request(call: Call, told: Mapping[str, object], text: str | None) -> None:
    """Log one line for a request that has ended; what is our fault, or broke off, as a warning."""
    status, reason = told["status"], told["reason"]
    broke_off = status == 200 and reason not in {OK, CallerGoneError.code}
    failed = broke_off or (isinstance(status, int) and status >= 500)
    level = logging.WARNING if failed else logging.INFO
    logger.log(level, "request", extra=log.told(**_identity(call), **told, text=text))


def _identity(call: Call) -> dict[str, object]:
    return {"request_id": call.correlation_id, "trace_id": call.trace_id}


def _text_of(call: Call) -> str | None:
    """Answer the text that was sent, under either API's name."""
    if not isinstance(call.fields, Mapping):
        return None
    text = call.fields.get("text", call.fields.get("input"))
    if isinstance(text, bytes):
        return text.decode("utf-8", "replace")
    return text if isinstance(text, str) else None


def _refuse(error: ServeError, call: Call) -> Answer:
    """Tell of an error in the form that the caller's API has."""
    if call.path.startswith(openai_api.PREFIX):
        return openai_api.refusal(error, torchserve.identity(call))
    return torchserve.refuse(error, call)


def _count(answer: Answer | StreamedAnswer, meter: Meter) -> None:
    """Count how the language of a spoken text was found."""
    told = answer.headers
    if "X-Language" in told:
        meter.record(RESOLUTIONS, 1, told["X-Language"], told["X-Language-Source"])
