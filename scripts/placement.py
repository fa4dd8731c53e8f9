"""What a pod serves: its models, whether their archives are as they were built, and where it finds others."""

from __future__ import annotations

from collections.abc import Callable

from f5serve.departures import FOLDER_VARIABLE
from f5serve.errors import ConfigurationError
from scripts.edge import departures_folder
from scripts.launch import ServerOptions
from scripts.lock import read_lock
from scripts.pod import ROUTER, PodSettings, words
from scripts.ports import Ports
from scripts.probe import backend_addresses
from scripts.running import record_path
from scripts.verify import problems_of


def expected_models(settings: PodSettings) -> tuple[str, ...]:
    """Answer the models that the pod is to serve.

    Raises:
        ConfigurationError: If there are none, or they do not fit the role.
    """
    archives = read_lock(settings.store_folder).archives
    router = archives.get(ROUTER)
    # Without a router nothing tells which archives belong together: all do.
    packaged = (*router.models, ROUTER) if router is not None else tuple(archives)
    named = words(settings.models)
    if settings.role == "router":
        models = named or (ROUTER,)
    elif settings.role == "shard":
        models = named or tuple(name for name in packaged if name != ROUTER)
    else:
        models = named or packaged
    if not models:
        raise ConfigurationError(f"{settings.store_folder}: nothing is packaged; run make package")
    if settings.role == "shard" and ROUTER in models:
        raise ConfigurationError(
            f"F5SERVE_MODELS: a shard has no {ROUTER}; that is the role router"
        )
    return models


def broken_models(
    settings: PodSettings, expected: tuple[str, ...], tell: Callable[[str], None]
) -> dict[str, str]:
    """Compare the archives with the lock before TorchServe reads them, since it would only log a bad one.

    Returns:
        The models that are not served, each with the reason.

    Raises:
        ConfigurationError: If there is one and the others may not be served alone, or none is left.
    """
    broken = problems_of(settings.store_folder, expected)
    if not broken:
        return {}
    reasons = "; ".join(broken.values())
    if not settings.allow_degraded:
        raise ConfigurationError(
            f"{reasons}. To serve the other models all the same: F5SERVE_ALLOW_DEGRADED=1"
        )
    if len(broken) == len(expected):
        raise ConfigurationError(f"no archive is as it was built: {reasons}")
    tell(f"degraded: {reasons}")
    return broken


def backends_of(settings: PodSettings) -> tuple[str, ...]:
    """Answer the other pods that a router needs.

    Raises:
        ConfigurationError: If a router is told of none, or of one that is no address.
    """
    if settings.role != "router":
        return ()
    backends = backend_addresses(settings.backends)
    if not backends:
        raise ConfigurationError(
            "the role router needs F5SERVE_BACKENDS, such as f5_fr=http://shard-a:8000"
        )
    return backends


def server_options(settings: PodSettings, served: tuple[str, ...]) -> ServerOptions:
    """Answer how TorchServe is started; all that it writes is in the run folder."""
    ports = Ports.from_base(settings.torchserve_port)
    record = record_path(settings.torchserve_port)
    return ServerOptions(
        store=settings.store_folder,
        models=served,
        ports=ports,
        logs=settings.folder / "logs",
        environment={
            **({"F5SERVE_BACKENDS": settings.backends} if settings.backends else {}),
            FOLDER_VARIABLE: str(departures_folder(settings)),
            "F5SERVE_LOG_TEXTS": "1" if settings.log_texts else "0",
        },
        threads=settings.threads,
        workers=settings.workers,
        dtype=settings.dtype,
        voices=settings.voices_folder,
        # `make stop` looks there; a container is stopped by its signal.
        record=record if record.parent == settings.folder else None,
        temporary=settings.folder / "tmp",
        drain_s=settings.drain_delay_s + settings.drain_s,
    )
