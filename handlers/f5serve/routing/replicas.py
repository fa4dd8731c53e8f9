"""Where a language model can be asked: the addresses that stand behind its URLs.

In Kubernetes a headless Service names one address a pod. The router asks for them itself, because a
proxy in between would share out connections, and what must be shared out is seconds of speech.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

import msgspec

from f5serve import log
from f5serve.errors import ConfigurationError
from f5serve.settings import RouterSettings

logger = logging.getLogger(__name__)

ADDRESS_VARIABLE: Final = "F5SERVE_INFERENCE_ADDRESS"
BACKENDS_VARIABLE: Final = "F5SERVE_BACKENDS"
WORKERS_VARIABLE: Final = "F5SERVE_WORKERS"
KEPT_S: Final = 5.0
"""How long an answer of DNS is taken for true; a pod that has gone sooner is found by asking it."""

Lookup = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Replica:
    """One server that holds a language model.

    Attributes:
        url: What to request, with the server's own address in it.
        host: The name that it is known by, for the ``Host`` header.
    """

    url: str
    host: str


def by_dns(host: str, port: int) -> list[str]:
    """Answer the addresses of a host.

    Raises:
        OSError: If there is none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for *_, address in found})


class Directory:
    """Finds the replicas behind a URL, and finds them again when they may have changed.

    A host that stops being known keeps its last addresses: the pods may well outlive the name server.

    Args:
        lookup: Finds the addresses of a host and port.
        clock: Monotonic seconds.
    """

    def __init__(
        self, lookup: Lookup = by_dns, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lookup = lookup
        self._clock = clock
        self._known: dict[str, tuple[float, tuple[Replica, ...]]] = {}
        self._lock = threading.Lock()

    def of(self, url: str) -> tuple[Replica, ...]:
        """Answer the replicas behind a URL; none if its host is not known and never was.

        The first question waits for DNS; afterwards what is known is answered, and renewed meanwhile.
        """
        parts = urlsplit(url)
        if parts.scheme == "https" or _is_address(parts.hostname or ""):
            # A certificate names the host, so a secure connection is made to the name.
            return (Replica(url=url, host=parts.netloc),)
        with self._lock:
            known = self._known.get(url)
            fresh = known is not None and self._clock() - known[0] < KEPT_S
            if known is not None and not fresh:
                self._known[url] = (self._clock(), known[1])  # one caller renews, the others go on
        if known is None:
            return self._renew(url, parts)
        if not fresh:
            threading.Thread(target=self._renew, args=(url, parts), daemon=True).start()
        return known[1]

    def _renew(self, url: str, parts: SplitResult) -> tuple[Replica, ...]:
        host, port = parts.hostname or "", parts.port or 80
        try:
            addresses = self._lookup(host, port)
        except OSError as error:
            logger.warning("not found", extra=log.told(host=host, why=str(error)))
            return ()
        replicas = tuple(
            Replica(url=_at(parts, address, port), host=parts.netloc) for address in addresses
        )
        with self._lock:
            self._known[url] = (self._clock(), replicas)
        return replicas


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _at(parts: SplitResult, address: str, port: int) -> str:
    shown = f"[{address}]" if ":" in address else address
    return urlunsplit((parts.scheme, f"{shown}:{port}", parts.path, "", ""))


def placed(settings: RouterSettings, environment: Mapping[str, str]) -> RouterSettings:
    """Answer the settings with the language models where the environment says they are.

    ``F5SERVE_INFERENCE_ADDRESS`` moves them all to one scheme, host and port. ``F5SERVE_BACKENDS``
    tells single ones, ``f5_fr=http://shard-a:8000,f5_es=http://shard-b:8000`` or a JSON object of
    model and address, or list of addresses; a model named several times has several. ``F5SERVE_WORKERS``
    tells that each has so many workers, whatever its archive says: several do not answer in order.

    Raises:
        ConfigurationError: If an address is none, a model is not served, or a number is none.
    """
    in_order = _workers_of(environment) <= 1
    everywhere = environment.get(ADDRESS_VARIABLE)
    named = addresses_of(environment.get(BACKENDS_VARIABLE, ""))
    served = [backend.model for backend in settings.backends]
    for model in named:
        if model not in served:
            raise ConfigurationError(
                f"{BACKENDS_VARIABLE} names {model!r}, which this router does not know; "
                f"there are {', '.join(served)}"
            )
    backends = []
    for backend in settings.backends:
        bases = named.get(backend.model) or ([everywhere] if everywhere else [])
        variable = BACKENDS_VARIABLE if backend.model in named else ADDRESS_VARIABLE
        urls = [_moved(backend.url, base, variable) for base in bases] or [backend.url]
        backends.append(
            msgspec.structs.replace(
                backend,
                url=urls[0],
                more_urls=tuple(urls[1:]),
                in_order=backend.in_order and in_order,
            )
        )
    return msgspec.structs.replace(settings, backends=tuple(backends))


def _workers_of(environment: Mapping[str, str]) -> int:
    """Answer how many workers each language model was given; 0 where only its archive says so."""
    told = environment.get(WORKERS_VARIABLE) or "0"
    if not told.isdecimal():
        raise ConfigurationError(
            f"{WORKERS_VARIABLE}={told!r} is not a number; leave it out, or say how many workers"
        )
    return int(told)


def addresses_of(text: str) -> dict[str, list[str]]:
    """Read what ``F5SERVE_BACKENDS`` says: the addresses of each model that it names.

    Args:
        text: ``f5_fr=http://shard-a:8000,f5_es=http://shard-b:8000``, lines in place of commas, or a JSON object
            of model and address, or list of addresses.

    Raises:
        ConfigurationError: If it is none of these, or an address is none.
    """
    named = _from_json(text) if text.lstrip().startswith("{") else _from_pairs(text)
    for bases in named.values():
        for base in bases:
            _address(base, BACKENDS_VARIABLE)
    return named


def _from_json(text: str) -> dict[str, list[str]]:
    try:
        document = msgspec.json.decode(text, type=dict[str, str | list[str]])
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{BACKENDS_VARIABLE} is no JSON object: {error}") from error
    return {name: [told] if isinstance(told, str) else told for name, told in document.items()}


def _from_pairs(text: str) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for pair in filter(None, (part.strip() for part in text.replace("\n", ",").split(","))):
        model, sign, base = pair.partition("=")
        if not sign:
            raise ConfigurationError(
                f"{BACKENDS_VARIABLE}: {pair!r} is not of the form f5_fr=http://host:8080"
            )
        named.setdefault(model.strip(), []).append(base.strip())
    return named


def _moved(url: str, base: str, variable: str) -> str:
    parts = _address(base, variable)
    return urlunsplit((parts.scheme, parts.netloc, urlsplit(url).path, "", ""))


def _address(base: str, variable: str) -> SplitResult:
    parts = _parts_of(base)
    if parts is None or any(character.isspace() for character in base):
        raise ConfigurationError(
            f"{variable}: {base!r} is no address; give one such as http://127.0.0.1:8080"
        )
    return parts


def _parts_of(base: str) -> SplitResult | None:
    try:
        parts = urlsplit(base)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        return None
    return parts if good else None
