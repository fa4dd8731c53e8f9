"""The five loopback ports of one server."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, fields
from typing import Final, Self

from f5serve.errors import ConfigurationError

OTHER_PORT: Final = "PORT=9080"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The five ports of one server, all on loopback."""

    inference: int
    management: int
    metrics: int
    grpc_inference: int
    grpc_management: int

    @classmethod
    def from_base(cls, base: int) -> Self:
        """Answer five ports in a row; 8080 gives TorchServe's own defaults instead.

        Raises:
            ConfigurationError: If one of them would not be a port.
        """
        if not 1024 <= base <= 65_531:
            raise ConfigurationError(f"port {base} is out of range; 1024 to 65531 are possible")
        first_grpc = 7070 if base == 8080 else base + 3
        return cls(
            inference=base,
            management=base + 1,
            metrics=base + 2,
            grpc_inference=first_grpc,
            grpc_management=first_grpc + 1,
        )

    @classmethod
    def free(cls) -> Self:
        """Answer five ports that nothing uses at the moment."""
        with contextlib.ExitStack() as held:
            sockets = [held.enter_context(socket.socket()) for _ in range(5)]
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            numbers = [int(one.getsockname()[1]) for one in sockets]
        return cls(
            inference=numbers[0],
            management=numbers[1],
            metrics=numbers[2],
            grpc_inference=numbers[3],
            grpc_management=numbers[4],
        )

    def properties(self) -> dict[str, str]:
        """Answer the lines of TorchServe's properties that name them."""
        return {
            "inference_address": f"http://127.0.0.1:{self.inference}",
            "management_address": f"http://127.0.0.1:{self.management}",
            "metrics_address": f"http://127.0.0.1:{self.metrics}",
            "grpc_inference_port": str(self.grpc_inference),
            "grpc_management_port": str(self.grpc_management),
        }

    def require_free(self, remedy: str = OTHER_PORT) -> None:
        """Refuse to start beside something that listens on one of them.

        Args:
            remedy: What to give to ``make serve`` to listen elsewhere.

        Raises:
            ConfigurationError: If one is taken; names it and the remedy.
        """
        for field in fields(self):
            require_port_free(field.name, getattr(self, field.name), remedy=remedy)


def require_port_free(
    purpose: str, port: int, host: str = "127.0.0.1", remedy: str = OTHER_PORT
) -> None:
    """Refuse to start beside something that listens on a port.

    Args:
        purpose: What the port is for.
        port: Its number.
        host: The address to listen on.
        remedy: What to give to ``make serve`` to listen elsewhere.

    Raises:
        ConfigurationError: If it is taken; names it and the remedy.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port} ({purpose}) is in use. Stop what holds it (make stop, if it is"
                f" ours), or serve elsewhere: make serve {remedy}"
            ) from error
