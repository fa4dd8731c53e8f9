"""The routing model's worker: language, pieces, the right model for each, one answer.

A worker serves one request at a time and holds no model, so many are cheap. It imports no torch: a
test holds its archive to that.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import msgspec
import urllib3

from f5serve import audio, pages, torchserve
from f5serve.errors import ConfigurationError, NotFoundError, ServeError
from f5serve.language import Resolution, build_detector, resolve
from f5serve.request import SpeechRequest, parse, require_within
from f5serve.response import Answer, Speech, json_answer, speech_answer
from f5serve.routing.assemble import assemble, headers
from f5serve.routing.backends import Deadline, LanguageModels, SpokenPiece
from f5serve.routing.plan import Piece, plan_pieces
from f5serve.routing.segments import TextSegment, segment
from f5serve.settings import RouterSettings, read_settings
from f5serve.text.clean import clean, require_speakable
from f5serve.torchserve import Call, Context, Row
from f5serve.voices import VoiceRegistry

logger = logging.getLogger(__name__)

RESOLUTIONS: Final = "LanguageResolutions"  # declared in config/metrics.yaml
ADDRESS_VARIABLE: Final = "F5SERVE_INFERENCE_ADDRESS"


class RoutingHandler:
    """What TorchServe calls: ``initialize`` once a worker, ``handle`` once a request."""

    def __init__(self) -> None:
        self._router: Router | None = None

    def initialize(self, context: Context) -> None:
        """Read the archive's settings and make the detector ready.

        Raises:
            ConfigurationError: If the settings are wrong; the worker does not become ready.
        """
        settings = read_settings(context.model_yaml_config.get("handler"), RouterSettings)
        self._router = Router(with_address(settings, os.environ.get(ADDRESS_VARIABLE)))

    def handle(self, data: Sequence[Row], context: Context) -> list[bytes]:
        """Answer each row, in order, with its own status."""
        if self._router is None:
            raise ConfigurationError("handle() was called before initialize()")
        calls = torchserve.read_calls(data, context)
        answers = [self._router.answer(call) for call in calls]
        for answer in answers:
            _count(answer, context)
        return torchserve.write_answers(answers, context)


class Router:
    """Finds the language of a text and has the right models speak it.

    Args:
        settings: Backends, voices, bounds.
    """

    def __init__(self, settings: RouterSettings) -> None:
        self._settings = settings
        self._voices = VoiceRegistry(settings.voices)
        self._backends = settings.model_of()
        self._max_piece_s = {code: backend.max_piece_s for code, backend in self._backends.items()}
        self._detector = build_detector(tuple(self._backends))
        self._threads = ThreadPoolExecutor(settings.max_concurrent_pieces)
        pool = urllib3.PoolManager(maxsize=settings.max_concurrent_pieces, block=True)
        self._models = LanguageModels(pool, max_refused_s=settings.max_refused_s)

    def answer(self, call: Call) -> Answer:
        """Answer one call; whatever goes wrong is an answer too."""
        try:
            return self._dispatch(call)
        except ServeError as error:
            log = logger.warning if error.status >= 500 else logger.info
            log("refused: id=%s status=%d code=%s", call.correlation_id, error.status, error.code)
            return torchserve.refuse(error, call)
        except Exception:  # honest: logged, and told as 500 under the request's id
            logger.exception("failed: id=%s", call.correlation_id)
            return torchserve.refuse(
                ServeError("the router failed; the log holds the reason under this request_id"),
                call,
            )

    def _dispatch(self, call: Call) -> Answer:
        bare = not call.path and call.fields is None
        if call.path == pages.PLAYGROUND or (bare and call.accepts_html):
            return pages.playground_answer(torchserve.identity(call))
        if call.path == "status" or bare:
            return json_answer(self._status(), torchserve.identity(call))
        if call.path:
            raise NotFoundError(
                f"nothing is served at {call.path[:100]!r}; there are 'status' and 'playground'"
            )
        if isinstance(call.fields, ServeError):
            raise call.fields
        request = parse(call.fields or {}, SpeechRequest, from_form=call.from_form)
        return speech_answer(self._speech(request, call), request.response_format)

    def _speech(self, request: SpeechRequest, call: Call) -> Speech:
        deadline = Deadline(self._settings.deadline_s)
        require_within(request, self._settings.limits)
        text = clean(request.text)
        require_speakable(text)
        resolution = self._resolve(request, text)
        segments = self._segments(text, resolution)
        pieces = plan_pieces(segments, max_piece_s=self._max_piece_s, speed=request.speed)
        spoken = self._speak_all(pieces, request, deadline, call.correlation_id)
        samples, told = assemble(segments, pieces, spoken, self._backends)
        return Speech(
            samples=samples,
            headers={
                **torchserve.identity(call),
                **headers(resolution, told, spoken, self._backends),
                "X-Seed": str(request.seed),
                "X-Audio-Seconds": f"{audio.seconds(samples):.3f}",
            },
            segments=told,
        )

    def _resolve(self, request: SpeechRequest, text: str) -> Resolution:
        named = self._voices.get(request.voice) if request.voice else None
        return resolve(
            text,
            explicit=request.language,
            voice_language=named.language if named else None,
            default=self._settings.default_language,
            served=tuple(self._backends),
            detector=self._detector,
            strict=request.strict,
        )

    def _segments(self, text: str, resolution: Resolution) -> tuple[TextSegment, ...]:
        """Cut a text where its language changes; a language that was asked for is kept throughout."""
        if resolution.source == "explicit":
            return (TextSegment(text=text, language=resolution.language),)
        return segment(
            text,
            main=resolution.language,
            served=tuple(self._backends),
            detector=self._detector,
        )

    def _piece_fields(self, request: SpeechRequest, piece: Piece) -> dict[str, object]:
        """Answer what a language model is asked for one piece; the voice asked for speaks them all."""
        fields: dict[str, object] = {
            "text": piece.text,
            "piece": piece.index,
            "language": piece.language,
            "steps": request.sampling_steps(),
            "speed": request.speed,
            "seed": request.seed,
            "cfg_strength": request.cfg_strength,
        }
        if request.ref_audio is not None:
            return {**fields, "ref_audio": request.ref_audio, "ref_text": request.ref_text}
        return {**fields, "voice": request.voice or self._voices.default(piece.language).name}

    def _speak_all(
        self,
        pieces: Sequence[Piece],
        request: SpeechRequest,
        deadline: Deadline,
        request_id: str,
    ) -> list[SpokenPiece]:
        """Have all pieces spoken at the same time, a bounded number at once; the first error wins."""
        futures: list[Future[SpokenPiece]] = [
            self._threads.submit(
                self._models.speak,
                self._backends[piece.language],
                self._piece_fields(request, piece),
                deadline=deadline,
                request_id=request_id,
            )
            for piece in pieces
        ]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        error = next((failed for future in done if (failed := future.exception())), None)
        if error is not None:
            deadline.cancel()  # pieces under way are not tried again
            for future in futures:
                future.cancel()
            raise error
        return [future.result() for future in futures]

    def _status(self) -> dict[str, object]:
        """Tell what is served: languages, models, licences, voices, formats, limits."""
        return {
            "languages": sorted(self._backends),
            "default_language": self._settings.default_language,
            "models": [msgspec.to_builtins(backend) for backend in self._settings.backends],
            "voices": [
                {"name": voice.name, "language": voice.language, "licence": voice.licence}
                for voice in self._voices.all()
            ],
            "formats": ["wav", "pcm", "json"],
            "limits": msgspec.to_builtins(self._settings.limits),
        }


def with_address(settings: RouterSettings, address: str | None) -> RouterSettings:
    """Answer the settings with every backend on another scheme, host and port.

    Args:
        settings: As packaged.
        address: Such as ``http://127.0.0.1:9080``; None leaves the settings as they are.

    Raises:
        ConfigurationError: If the address is none.
    """
    if not address:
        return settings
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ConfigurationError(
            f"{ADDRESS_VARIABLE}={address!r} is no address; give one such as http://127.0.0.1:8080"
        )
    backends = tuple(
        msgspec.structs.replace(
            backend,
            url=urlunsplit((parts.scheme, parts.netloc, urlsplit(backend.url).path, "", "")),
        )
        for backend in settings.backends
    )
    return msgspec.structs.replace(settings, backends=backends)


def _count(answer: Answer, context: Context) -> None:
    """Count how the language of a spoken text was found."""
    told = answer.headers
    if "X-Language" in told:
        labels = {"Language": told["X-Language"], "Source": told["X-Language-Source"]}
        torchserve.count(context, RESOLUTIONS, labels)
