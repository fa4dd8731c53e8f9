"""Every error a caller can meet, in one tree; each class carries its HTTP status and a stable code.

ServeError                      500 internal_error
├── RequestError                400 invalid_request        the request is malformed
│   ├── ForbiddenError          403 uploads_disabled       the server's owner has switched it off
│   ├── ConflictError           409 voice_exists           what is there already stands in its way
│   ├── TooLargeError           413 too_large
│   ├── MediaTypeError          415 unsupported_media_type
│   ├── ValueRefusedError       422 invalid_value          one field holds a value that is not allowed
│   └── NotFoundError           404 not_found
├── OverloadedError             503 overloaded             try again after ``retry_after_s``
│   └── UnavailableError        503 model_unavailable      every replica of a language model has failed
├── StoreError                  503 voice_store_failed     the folder of added voices cannot be used
├── BackendError                502 backend_failed         a language model answered something unusable
├── PassedOnError               as the backend said        a language model refused its piece, with its reason
├── DeadlineError               504 deadline_exceeded
│   └── CallerGoneError         499 caller_gone            nobody waits for the answer any more
├── SynthesisError              500 synthesis_failed       the model gave no usable audio for this piece
│   ├── NotFiniteError          500 synthesis_failed       its audio holds values that are not finite
│   └── OutOfMemoryError        507 out_of_memory          one piece alone does not fit into the device
├── PoisonError                 500 poison                 the piece has ended its worker's process again and again
├── DeviceLostError             500 device_lost            the device answers no more; the worker must end
└── ConfigurationError          500 configuration          catalogue, settings, archive or voice is wrong

Statuses and codes never depend on the text of a message. ``ConfigurationError`` is for start-up and
packaging: it names the file, the key and the remedy.
"""

from __future__ import annotations

from typing import ClassVar


class ServeError(Exception):
    """An error with an HTTP status.

    Args:
        detail: What was wrong, what was given and what is allowed; shown to the caller.
        field: The request's field at fault, if there is one.
        code: A narrower code than the class's own (``voice_not_found`` instead of ``not_found``).
    """

    title: ClassVar[str] = "Internal error"
    status: int = 500
    code: str = "internal_error"

    def __init__(self, detail: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        if code is not None:
            self.code = code


class RequestError(ServeError):
    """The request is malformed."""

    status = 400
    code = "invalid_request"
    title = "Invalid request"


class ForbiddenError(RequestError):
    """The server's owner does not allow what is asked, whoever asks."""

    status = 403
    code = "uploads_disabled"
    title = "Not allowed"


class ConflictError(RequestError):
    """What is there already stands in the way of what is asked."""

    status = 409
    code = "voice_exists"
    title = "Conflict"


class TooLargeError(RequestError):
    """The request, or a part of it, is larger than allowed."""

    status = 413
    code = "too_large"
    title = "Request too large"


class MediaTypeError(RequestError):
    """The body's content type is not one that is read."""

    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class ValueRefusedError(RequestError):
    """One field holds a value that is not allowed; ``field`` names it."""

    status = 422
    code = "invalid_value"
    title = "Invalid value"


class NotFoundError(RequestError):
    """The path names nothing that is served."""

    status = 404
    code = "not_found"
    title = "Not found"


class OverloadedError(ServeError):
    """No free slot; the same request may succeed after ``retry_after_s``."""

    status = 503
    code = "overloaded"
    title = "Overloaded"

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class UnavailableError(OverloadedError):
    """Every replica of a language model has failed, or none is known; other languages are served."""

    code = "model_unavailable"
    title = "Language model unavailable"


class StoreError(ServeError):
    """The folder of added voices cannot be read, or written to; other voices are served."""

    status = 503
    code = "voice_store_failed"
    title = "Voice store unavailable"


class BackendError(ServeError):
    """A language model answered something unusable, or broke off."""

    status = 502
    code = "backend_failed"
    title = "Language model failed"


class PassedOnError(ServeError):
    """A language model refused its piece; status, code and field are the model's own."""

    title = "Refused by the language model"

    def __init__(self, detail: str, *, status: int, code: str, field: str | None = None) -> None:
        super().__init__(detail, field=field, code=code)
        self.status = status


class DeadlineError(ServeError):
    """The answer was not ready within the deadline."""

    status = 504
    code = "deadline_exceeded"
    title = "Deadline exceeded"


class CallerGoneError(DeadlineError):
    """Whoever asked has closed the connection. Nobody reads this answer; logs and metrics tell it."""

    status = 499  # as nginx has it
    code = "caller_gone"
    title = "Caller gone"

    def __init__(self) -> None:
        super().__init__("the caller closed the connection before the answer was there")


class SynthesisError(ServeError):
    """The model gave no usable audio for this piece."""

    status = 500
    code = "synthesis_failed"
    title = "Synthesis failed"


class NotFiniteError(SynthesisError):
    """The model gave values that are not finite; another seed may give others."""


class OutOfMemoryError(SynthesisError):
    """One piece alone does not fit into the device's memory."""

    status = 507
    code = "out_of_memory"
    title = "Out of memory"


class PoisonError(ServeError):
    """The piece has ended its worker's process, with others and alone."""

    code = "poison"
    title = "Refused after crashes"

    def __init__(self) -> None:
        super().__init__(
            "this text has ended the language model's process twice and is refused for ten minutes; change it, or "
            "its voice, and tell whoever runs the server"
        )


class DeviceLostError(ServeError):
    """The device answers no more, whatever it is asked; only a new process gets it back."""

    code = "device_lost"
    title = "Device lost"


class ConfigurationError(ServeError):
    """A catalogue, setting, archive or voice is wrong; names file, key and remedy."""

    code = "configuration"
    title = "Configuration error"
