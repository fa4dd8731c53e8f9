"""Settings of a pod, from its environment: every variable is ``F5SERVE_`` and the field's name in capitals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from f5serve.errors import ConfigurationError

ROOT: Final = Path(__file__).resolve().parent.parent
PREFIX: Final = "F5SERVE_"
ROUTER: Final = "tts"

Role = Literal["all", "router", "shard"]
Port = Annotated[int, Meta(ge=1, le=65_535)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
# Values go into nginx's configuration: nothing that ends a word or a line there.
FilePath = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._/+@-]{1,255}$")]
Address = Annotated[str, Meta(pattern=r"^([0-9.]{7,15}|\[[0-9a-fA-F:]{2,39}\])$")]
Words = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:/, -]*$")]


class PodSettings(Struct, frozen=True, kw_only=True, rename=lambda name: PREFIX + name.upper()):
    """What one pod serves, and how.

    Attributes:
        role: ``all`` hosts the router and language models, ``router`` the router alone, ``shard`` language
            models alone; it decides which paths are let in, too.
        store: The model store.
        run: The one folder that is written to.
        models: Models to serve, separated by blanks or commas; all that the store's lock names for the role
            without it.
        allow_degraded: Whether to serve the other models where one is broken.
        address: Where the edge listens.
        edge_port: The edge's port without TLS.
        tls_port: The edge's port with TLS; the other is closed then.
        metrics_port: Where a collector finds the metrics.
        metrics_address: Where the edge listens for it; ``address`` without it.
        control_port: The supervisor's own, on loopback.
        torchserve_port: TorchServe's first, on loopback; the others follow from it.
        tls_cert: Certificate chain (PEM); with ``tls_key`` it turns TLS on.
        tls_key: Its private key.
        api_keys_file: Hashes of the keys that are valid (see ``scripts/keys.py``); none needs a key without it.
        rate: Requests a second of one key, or address; 0 for no limit. A shard's default is no limit.
        connections: Requests in flight of one key, or address; 0 for no limit. A shard's default is no limit.
        trusted_proxies: Networks whose ``X-Forwarded-For`` is believed, separated by blanks or commas.
        access_log: A file for the access log; the standard output without it.
        log_texts: Whether the workers log the texts that they are sent.
        header_timeout_s: How long all headers of a request may take.
        body_timeout_s: How long a client may pause within a body.
        idle_timeout_s: How long a connection may stay open between two requests.
        drain_delay_s: How long to go on serving after the wish to stop, until nothing is sent here any more.
        drain_s: How long what was taken up may take after that.
        give_up_s: How long TorchServe may call itself unhealthy until ``/healthz`` says so.
        poll_s: How often the models are looked at once they are ready.
        threads: CPU threads of each language worker; 0 shares the cores by need.
        workers: Workers of each language model; 0 for as many as its archive says. A router is told of those of
            its backends.
        dtype: Precision of each language model; nothing for what its archive says.
        voices: Where a router keeps the voices that are added over the API; none can be without it.
        backends: Where a router's language models are: ``f5_fr=http://shard-a:8000,…``, or a JSON object.
    """

    role: Role = "all"
    store: str = "model_store"
    run: FilePath = "run"
    models: Words = ""
    allow_degraded: bool = False
    address: Address = "0.0.0.0"  # noqa: S104  # the edge is what faces the network
    edge_port: Port = 8000
    tls_port: Port = 8443
    metrics_port: Port = 8002
    metrics_address: Address | None = None
    control_port: Port = 9000
    torchserve_port: Port = 8080
    tls_cert: FilePath | None = None
    tls_key: FilePath | None = None
    api_keys_file: str | None = None
    rate: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    connections: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    trusted_proxies: Words = ""
    access_log: FilePath = "/dev/stdout"
    log_texts: bool = False
    header_timeout_s: Annotated[int, Meta(ge=1, le=300)] = 10
    body_timeout_s: Annotated[int, Meta(ge=1, le=300)] = 20
    idle_timeout_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    drain_delay_s: Seconds = 5.0
    drain_s: Seconds = 120.0
    give_up_s: Seconds = 60.0
    poll_s: Annotated[float, Meta(gt=0, le=600)] = 10.0
    threads: Annotated[int, Meta(ge=0, le=1024)] = 0
    workers: Annotated[int, Meta(ge=0, le=64)] = 0
    dtype: Literal["", "auto", "float32", "float16", "bfloat16"] = ""
    voices: str = ""
    backends: str = ""

    @property
    def folder(self) -> Path:
        """The run folder, absolute."""
        return (ROOT / self.run).absolute()

    @property
    def store_folder(self) -> Path:
        """The model store, absolute."""
        return (ROOT / self.store).absolute()

    @property
    def voices_folder(self) -> Path | None:
        """The folder of added voices, absolute; None where none can be added."""
        return (ROOT / self.voices).absolute() if self.voices else None

    @property
    def keys_path(self) -> Path | None:
        """The file of keys; None where no key is needed."""
        return (ROOT / self.api_keys_file).absolute() if self.api_keys_file else None

    @property
    def requests_per_s(self) -> float:
        """The limit of requests a second; 0 for none."""
        return self.rate if self.rate is not None else (0.0 if self.role == "shard" else 10.0)

    @property
    def requests_in_flight(self) -> int:
        """The limit of requests in flight; 0 for none."""
        if self.connections is not None:
            return self.connections
        return 0 if self.role == "shard" else 32

    @property
    def proxies(self) -> tuple[str, ...]:
        """The networks that are believed."""
        return words(self.trusted_proxies)


def words(text: str) -> tuple[str, ...]:
    """Answer the words of a list that is separated by blanks or commas."""
    return tuple(re.findall(r"[^\s,]+", text))


def read_pod(environment: Mapping[str, str]) -> PodSettings:
    """Read a pod's settings; an empty variable counts as absent.

    Raises:
        ConfigurationError: If a value is out of range, or two do not go together; names the variable.
    """
    given = {
        name: value for name, value in environment.items() if name.startswith(PREFIX) and value
    }
    try:
        settings = msgspec.convert(given, PodSettings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"environment: {error}; docs/edge.md lists the variables"
        ) from error
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise ConfigurationError(
            "environment: F5SERVE_TLS_CERT and F5SERVE_TLS_KEY go together; one of them is missing"
        )
    if 0 < settings.requests_per_s < 1 / 60:
        raise ConfigurationError(
            f"environment: F5SERVE_RATE={settings.rate:g} is less than one request a minute; 0 is no limit"
        )
    return settings
