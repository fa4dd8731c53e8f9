"""Entry point of the archive ``tts``; all logic is in the package beside it."""

from f5serve.router import RoutingHandler


class RouterHandler(RoutingHandler):
    """TorchServe wants exactly one class defined in this file."""
