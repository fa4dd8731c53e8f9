"""Entry point of a language model's archive; all logic is in the package beside it."""

from f5serve.handler import SpeechHandler


class F5Handler(SpeechHandler):
    """TorchServe wants exactly one class defined in this file."""
