"""Asks a hub, by its own client (``huggingface_hub``): what a repository holds, and its files' bytes.

``hf_hub_download`` of that client begins anew after a kill (its unfinished file has a name of its own
each time, release 1.33), which several GB make a pity. Listing, addresses, headers, tokens, redirects
and ranges are the client's here too; only where the bytes are collected is ours. They come by plain HTTP,
as the client gets them where hf_xet is not installed.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import httpx
from huggingface_hub import HfApi, constants, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.file_download import http_get
from huggingface_hub.hf_api import ModelInfo, RepoSibling
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from scripts.hub.trouble import BrokenOffError, FetchError, explain, is_passing

Result = TypeVar("Result")
# Where one fails, the next try waits this long, in seconds; the client itself goes on with a body that broke off.
WAITS_S: Final = (1.0, 2.0, 4.0)
LONGEST_WAIT: Final = 1.5
"""How much longer than told a wait may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """One file, as the hub lists it.

    Attributes:
        path: In its repository.
        bytes: Size.
        sha256: Digest, told for large files (LFS).
        blob: git's own digest, told for small ones.
    """

    path: str
    bytes: int
    sha256: str | None
    blob: str | None

    @property
    def identity(self) -> str:
        """A name for these very bytes; an unfinished file of another content is never gone on with."""
        return (self.sha256 or self.blob or str(self.bytes))[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a repository holds at one commit.

    Attributes:
        revision: The commit.
        licence: As the card states it; None where it states none.
        files: By path.
    """

    revision: str
    licence: str | None
    files: Mapping[str, Remote]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A hub, and how patiently it is asked.

    Attributes:
        endpoint: Its address, without a slash at the end.
        say: Takes one line about what is going on.
        waits_s: Waits between tries, at least; one try more than there are waits.
    """

    endpoint: str
    say: Callable[[str], None] = field(default=print)
    waits_s: tuple[float, ...] = WAITS_S

    def listing(self, repository: str, revision: str | None) -> Listing:
        """Answer what a repository holds at a revision; the newest one for None.

        Raises:
            FetchError: If the hub cannot be reached or refuses; names the remedy.
        """
        api = HfApi(endpoint=self.endpoint)
        what = revision or "main"

        def ask() -> ModelInfo:
            return api.model_info(
                repository,
                revision=revision,
                files_metadata=True,
                timeout=constants.HF_HUB_ETAG_TIMEOUT,
            )

        try:
            return _listing(self._patiently(ask, repository))
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise explain(error, self.endpoint, repository, what) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # Where something else than a hub answers, the client stumbles over its JSON.
            raise explain(error, self.endpoint, repository, what) from error

    def download(self, repository: str, revision: str, remote: Remote, partial: Path) -> None:
        """Bring a file's bytes into an unfinished file, going on where it ends.

        Args:
            repository: ``owner/name``.
            revision: The commit.
            remote: The file.
            partial: Where to write; kept whatever happens.

        Raises:
            FetchError: If it does not come whole; names the remedy.
        """
        url = hf_hub_url(repository, remote.path, revision=revision, endpoint=self.endpoint)

        def get() -> None:
            _collect(url, remote, partial)

        try:
            self._patiently(get, f"{repository}: {remote.path}")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, BrokenOffError) as error:
            raise explain(error, self.endpoint, repository, remote.path) from error

    def _patiently(self, ask: Callable[[], Result], what: str) -> Result:
        for number, wait_s in enumerate(self.waits_s, start=1):
            try:
                return ask()
            except (httpx.HTTPError, BrokenOffError) as error:
                if not is_passing(error):
                    raise
                self.say(
                    f"{what}: {_reason(error)}; trying again in {wait_s:.0f} s"
                    f" ({number} of {len(self.waits_s)})"
                )
                # Spread, for the pods of one release all ask at the same time.
                time.sleep(wait_s * random.uniform(1.0, LONGEST_WAIT))  # noqa: S311 - no secret
        return ask()


def _listing(info: ModelInfo) -> Listing:
    if info.sha is None or info.siblings is None:
        raise ValueError("the answer tells no commit and no files")
    remotes = (_remote(sibling) for sibling in info.siblings)
    return Listing(
        revision=info.sha,
        licence=_licence(info),
        files={remote.path: remote for remote in remotes if remote is not None},
    )


def _remote(sibling: RepoSibling) -> Remote | None:
    """Answer a file; None for one whose size is not told, which is then missing by name."""
    size = sibling.lfs.size if sibling.lfs else sibling.size
    if size is None:
        return None
    return Remote(
        path=sibling.rfilename,
        bytes=size,
        sha256=sibling.lfs.sha256 if sibling.lfs else None,
        blob=None if sibling.lfs else sibling.blob_id,
    )


def _licence(info: ModelInfo) -> str | None:
    licence = info.card_data.get("license") if info.card_data is not None else None
    if isinstance(licence, list):
        licence = licence[0] if licence else None
    # Anyone may write a card, and this is shown on a terminal.
    return re.sub(r"[^A-Za-z0-9.+-]", "", str(licence))[:60] or None if licence else None


def _collect(url: str, remote: Remote, partial: Path) -> None:
    headers = build_hf_headers(library_name="f5serve")
    headers["Accept-Encoding"] = "identity"  # a range of compressed bytes would be of no use
    with partial.open("ab") as file:
        held = file.tell()
        if held > remote.bytes:
            file.truncate(0)
            held = 0
        try:
            http_get(
                url,
                file,
                resume_size=held,
                headers=headers,
                expected_size=remote.bytes,
                displayed_filename=remote.path.rsplit("/", 1)[-1],
            )
        except HfHubHTTPError:
            raise
        except OSError as error:
            # The client tells a body that ended early, or is too long, by a bare OSError.
            if error.errno is not None or isinstance(error, httpx.HTTPError):
                raise
            raise BrokenOffError(f"{file.tell()} of {remote.bytes} bytes came") from error


def _reason(error: Exception) -> str:
    if isinstance(error, HfHubHTTPError):
        return f"the hub answers {error.response.status_code}"
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def endpoint_of(environment: Mapping[str, str]) -> str:
    """Answer the hub's address: ``HF_ENDPOINT``, or the public hub.

    Raises:
        FetchError: If ``HF_ENDPOINT`` is no http address.
    """
    endpoint = environment.get("HF_ENDPOINT", "").strip().rstrip("/")
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise FetchError(
            f"HF_ENDPOINT={endpoint}: no address; give one with its scheme (https://…), or unset it"
        )
    return endpoint or "https://huggingface.co"
