"""What can go wrong between this machine and a hub, as one line each that names the remedy."""

from __future__ import annotations

import errno

import httpx
from huggingface_hub import constants
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from f5serve.errors import ConfigurationError

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


class FetchError(ConfigurationError):
    """A file cannot be fetched.

    Args:
        detail: What happened, and the remedy.
        hopeless: Whether every other file would meet the same (no network, no room).
    """

    def __init__(self, detail: str, *, hopeless: bool = False) -> None:
        super().__init__(detail)
        self.hopeless = hopeless


class BrokenOffError(Exception):
    """A body ended before all of it had come."""


def is_passing(error: Exception) -> bool:
    """Answer whether the same request may succeed a moment later."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in _PASSING
    return isinstance(error, httpx.TransportError | BrokenOffError) and not isinstance(
        error, httpx.UnsupportedProtocol
    )


def explain(error: Exception, endpoint: str, repository: str, what: str) -> FetchError:
    """Answer an error as a person needs it.

    Args:
        error: What the hub's client raised.
        endpoint: Address of the hub.
        repository: ``owner/name``.
        what: The file or revision that was asked for.
    """
    if isinstance(error, FetchError):
        return error
    # HfHubHTTPError is an httpx.HTTPError and an OSError as well, OfflineModeIsEnabled an OSError.
    if isinstance(error, HfHubHTTPError):
        return _refused(error, endpoint, repository, what)
    if isinstance(error, httpx.HTTPError | BrokenOffError | httpx.InvalidURL):
        return _unreachable(error, endpoint, repository, what)
    if isinstance(error, OSError) and not isinstance(error, OfflineModeIsEnabled):
        return _disk(error, repository, what)
    return _odd(error, endpoint, repository, what)


def _odd(error: Exception, endpoint: str, repository: str, what: str) -> FetchError:
    if isinstance(error, OfflineModeIsEnabled):
        return FetchError(
            f"{repository}: {what} is not here, and HF_HUB_OFFLINE forbids the network; unset it, or"
            " copy models/ and config/hub.lock.json from a machine that has them",
            hopeless=True,
        )
    if isinstance(error, HFValidationError):
        return FetchError(
            f"{repository}: no name of a hub repository; correct 'repository' in config/catalogue.yaml"
            " (owner/name)"
        )
    return FetchError(
        f"{endpoint} does not answer as a hub does ({_short(error)}); check HF_ENDPOINT, and that no"
        " proxy or login page answers in its place",
        hopeless=True,
    )


def _refused(error: HfHubHTTPError, endpoint: str, repository: str, what: str) -> FetchError:
    if isinstance(error, GatedRepoError):
        return FetchError(
            f"{repository} is gated: log in and accept its conditions at {endpoint}/{repository}, then"
            " set HF_TOKEN to a token of that account (or store it: hf auth login)"
        )
    if isinstance(error, RepositoryNotFoundError):
        return FetchError(
            f"{endpoint} shows no repository {repository}: it does not exist, or is private. Correct"
            " 'repository' in config/catalogue.yaml, or set HF_TOKEN to a token that may read it"
        )
    if isinstance(error, RevisionNotFoundError):
        return FetchError(
            f"{repository} has no revision {what}; correct 'revision' in config/catalogue.yaml, or, where"
            " config/hub.lock.json has it, run the same command with UPDATE=1 (--update)"
        )
    if isinstance(error, RemoteEntryNotFoundError):
        return FetchError(
            f"{repository} has no file {what} in its revision; see {endpoint}/{repository}/tree/main and"
            " correct its path in config/catalogue.yaml"
        )
    if isinstance(error, DisabledRepoError):
        return FetchError(f"{repository} was disabled on {endpoint}; name another in the catalogue")
    return _refused_by_status(error.response.status_code, endpoint, repository, what)


def _refused_by_status(status: int, endpoint: str, repository: str, what: str) -> FetchError:
    if status == 401:
        return FetchError(
            f"{endpoint} refuses the token (401) for {repository}: renew it at {endpoint}/settings/tokens"
            f" and set HF_TOKEN, or remove it (HF_TOKEN, {constants.HF_TOKEN_PATH})"
        )
    if status == 403:
        return FetchError(
            f"{endpoint} forbids {repository} (403): accept its conditions at {endpoint}/{repository}, and"
            " set HF_TOKEN to a token of that account that may read it"
        )
    if status == 404:
        return FetchError(
            f"{endpoint} knows no {what} of {repository} (404); check HF_ENDPOINT and config/catalogue.yaml"
        )
    if status == 429:
        return FetchError(
            f"{endpoint} answers 429, too many requests, for {repository}; wait some minutes and run the"
            " same command again, or set HF_TOKEN",
            hopeless=True,
        )
    again = "; run the same command again later" if status >= 500 else "; check HF_ENDPOINT"
    return FetchError(f"{endpoint} answers {status} for {what} of {repository}{again}")


def _unreachable(error: Exception, endpoint: str, repository: str, what: str) -> FetchError:
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return FetchError(
            f"{endpoint}: no address of a hub ({_short(error)}); correct or unset HF_ENDPOINT",
            hopeless=True,
        )
    if isinstance(error, BrokenOffError):
        return FetchError(
            f"{repository}: {what} broke off again and again ({error}); what came is kept: run the same"
            " command again"
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return FetchError(
            f"{endpoint} cannot be reached ({_short(error)}); check the network, a proxy (HTTPS_PROXY) and"
            " HF_ENDPOINT, or copy models/ from a machine that has the files",
            hopeless=True,
        )
    return FetchError(
        f"{repository}: {what} did not come ({_short(error)}); what came is kept: run the same command"
        " again (HF_HUB_DOWNLOAD_TIMEOUT=60 waits longer)"
    )


def _disk(error: OSError, repository: str, what: str) -> FetchError:
    if error.errno in NO_ROOM:
        return FetchError(
            f"{repository}: the disk is full while {what} was written; free some space and run the same"
            " command again: it goes on where it stopped",
            hopeless=True,
        )
    where = error.filename or what
    return FetchError(
        f"{where}: {error.strerror or error}; make it writable, or move what is in the way"
    )


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
