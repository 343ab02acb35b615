"""A report or an archive from a URL.

- http and https only, also behind a redirect; redirects are followed by hand, ten at most.
- Secrets (given headers, user and password of the URL) go to the first origin only; once left, never again.
- Nothing compressed in transit: what is counted is what arrives. Bytes and seconds are limited in total.
- A body that ends early is refused whole.
- No URL that is shown, logged or stored has a user, a password or a query that signs or unlocks.
"""

from __future__ import annotations

import logging
import re
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urljoin, urlsplit, urlunsplit

from ingest.clean import clean_line
from ingest.errors import Refused
from ingest.limits import Limits
from ingest.redact import redact
from ingest.sources.inputs import Input

if TYPE_CHECKING:
    import ssl

    import httpx

Header = tuple[str, str]
SCHEMES = ("http", "https")
_PREFIXES = tuple(f"{scheme}://" for scheme in SCHEMES)
_REDIRECTS = 10
_MOVED = frozenset({301, 302, 303, 307, 308})
_IN_MEMORY = 8 * 1024 * 1024
_WAIT_S = 30.0
"""For a connection, or for the next bytes."""
_SECRET_WORDS = ("token", "key", "secret", "passw", "pwd", "auth", "sig", "credential", "jwt", "session")
_SIGNED_PREFIXES = ("x-amz-", "x-goog-")
_SAS = frozenset(
    {"sv", "ss", "srt", "sp", "se", "st", "spr", "sr", "sig", "skoid", "sktid", "skt", "ske", "sks", "skv"}
)
"""Parameters of an Azure signature, besides the signature itself: they change with it."""

_ENDED = re.compile(r"peer closed|disconnected|closed by|reset", re.IGNORECASE)
_TLS = re.compile(r"\bSSL\b|certificate", re.IGNORECASE)
"""In the library's words, which have no class of their own for it."""


class Answered(Refused):
    """A server answered with another status than 200.

    Args:
        status: HTTP's.
        headers: of the answer, names in lower case.
    """

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        super().__init__("http-status", f"answered {status}; check the address and what it needs to be read")
        self.status = status
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server sent."""

    body: BinaryIO
    """In memory or in an unnamed file, at its start."""
    next_url: str
    """Where the server says that the next page is, absolute; empty where it names none."""


def is_url(text: str) -> bool:
    """Whether an argument is a URL that can be fetched.

    >>> is_url("https://ci.example/r.xml"), is_url("http.xml")
    (True, False)
    """
    return text.lower().startswith(_PREFIXES)


def shown_url(url: str) -> str:
    """A URL as it is shown and stored: without user, password, fragment and what signs or unlocks it.

    >>> shown_url("https://me:pw@ci.example/a.zip?job=7&private_token=x#top")
    'https://ci.example/a.zip?job=7'
    """
    parts = _split(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    names = {name.lower() for name, _ in query}
    kept = [(name, value) for name, value in query if not _is_secret(name.lower(), names)]
    return redact(clean_line(urlunsplit((parts.scheme, _host(parts), parts.path or "/", urlencode(kept), ""))))


def url_input(url: str, headers: Sequence[Header], limits: Limits) -> Input:
    """The input behind a URL; nothing is fetched before it is opened.

    Args:
        headers: sent to the URL's own origin only.
    """
    shown = shown_url(url)
    return Input(shown, None, None, None, True, None, shown.encode(), lambda: fetch(url, headers, limits))


def fetch(url: str, headers: Sequence[Header], limits: Limits) -> BinaryIO:
    """What a URL holds, in memory or in an unnamed file, at its start.

    Raises:
        Refused: `http-...` or `too-large`; the reason names no secret.
    """
    with Transfer(limits) as transfer:
        return transfer.get(url, headers).body


class Transfer:
    """Fetches one URL after the other and keeps connections between them; a context manager."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._client: httpx.Client | None = None

    def __enter__(self) -> Transfer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, url: str, headers: Sequence[Header]) -> Reply:
        """What a URL holds.

        Args:
            headers: sent to the URL's own origin only.

        Raises:
            Refused: `http-...` or `too-large`; the reason names no secret.
        """
        import httpx

        limits = self._limits
        deadline = time.monotonic() + limits.fetch_seconds
        body = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - handed on
        try:
            with self._until_late() as client:
                next_url = _follow(client, url, [*_user_header(url), *headers], body, limits, deadline)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, RuntimeError, OSError, ValueError) as problem:
            body.close()
            self.close()
            raise _refusal(problem, deadline, limits) from None
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return Reply(body, next_url)

    @contextmanager
    def _until_late(self) -> Iterator[httpx.Client]:
        """A client that is closed when the time of this URL is over, whatever it waits for."""
        import httpx

        if self._client is None or self._client.is_closed:
            logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs
            wait = min(_WAIT_S, self._limits.fetch_seconds)
            self._client = httpx.Client(follow_redirects=False, timeout=wait, verify=_trusted())
        timer = threading.Timer(self._limits.fetch_seconds, self.close)
        timer.daemon = True
        timer.start()
        try:
            yield self._client
        finally:
            timer.cancel()

    def close(self) -> None:
        """End what is being fetched, and the connections."""
        import httpx

        if self._client is not None:
            with suppress(RuntimeError, OSError, httpx.HTTPError):
                self._client.close()


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are trusted; reading them takes longer than most answers."""
    import httpx

    return httpx.create_ssl_context()


def _follow(
    client: httpx.Client, url: str, secrets: list[Header], body: BinaryIO, limits: Limits, deadline: float
) -> str:
    """Fetch a URL through its redirects; where the next page is, or nothing."""
    origin = origin_of(url)
    for _ in range(_REDIRECTS + 1):
        headers = [("Accept-Encoding", "identity"), ("Accept", "*/*"), ("User-Agent", "crywolf"), *secrets]
        with client.stream("GET", _without_user(url), headers=headers) as reply:
            if reply.status_code not in _MOVED:
                _read(reply, body, limits, deadline)
                return urljoin(url, following) if (following := reply.links.get("next", {}).get("url")) else ""
            url = urljoin(url, reply.headers.get("Location", ""))
        if not is_url(url):
            raise Refused("http-redirect", "redirects to an address that is neither http nor https")
        if origin_of(url) != origin:
            secrets = []
    raise Refused("http-redirect", f"redirects more than {_REDIRECTS} times")


def _read(reply: httpx.Response, body: BinaryIO, limits: Limits, deadline: float) -> None:
    """Copy a reply's body, counted as it arrives."""
    if reply.status_code != 200:
        raise Answered(reply.status_code, {name.lower(): value for name, value in reply.headers.items()})
    if reply.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        raise Refused("http-encoding", "answered with compressed content that was not asked for; serve it as it is")
    size = 0
    for chunk in reply.iter_raw():
        size += len(chunk)
        if size > limits.file_bytes:
            raise Refused("too-large", f"more than {limits.file_bytes:,} bytes; raise limits.file_bytes if it is meant")
        if time.monotonic() > deadline:
            raise _timeout(limits)
        body.write(chunk)


def _refusal(problem: Exception, deadline: float, limits: Limits) -> Refused:
    """Why nothing was fetched; never in the library's words, which hold the URL."""
    import httpx

    if time.monotonic() >= deadline or isinstance(problem, httpx.TimeoutException):
        return _timeout(limits)
    if isinstance(problem, httpx.RemoteProtocolError):
        if _ENDED.search(str(problem)):
            return Refused("http-truncated", "the connection ended before the content did; fetch it again")
        return Refused("http-answer", "what answers there does not speak HTTP; check the address and its port")
    if isinstance(problem, httpx.ConnectError):
        if _TLS.search(str(problem)):
            return Refused("http-tls", "no secure connection: its certificate is not trusted, or it speaks no TLS")
        return Refused("http-connect", "nobody answers there; check the address")
    if isinstance(problem, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return Refused("http-address", "is no address that can be fetched")
    return Refused("http-failed", f"the transfer failed ({type(problem).__name__}); fetch it again")


def _timeout(limits: Limits) -> Refused:
    return Refused("http-timeout", f"not done in {limits.fetch_seconds:,} s; raise limits.fetch_seconds if it is meant")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return SplitResult("http", "", "/", "", "")
    return parts


def _host(parts: SplitResult) -> str:
    """Host and port, without the user."""
    return parts.netloc.rpartition("@")[2].lower()


def _without_user(url: str) -> str:
    parts = _split(url)
    return urlunsplit((parts.scheme, _host(parts), parts.path, parts.query, ""))


def _user_header(url: str) -> list[Header]:
    """User and password of a URL as the header that says them."""
    parts = _split(url)
    if parts.username is None:
        return []
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return [("Authorization", "Basic " + b64encode(user.encode()).decode())]


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """(scheme, host, port) of a URL: to where secrets that were given for it may go."""
    parts = _split(url)
    usual = 443 if parts.scheme.lower() == "https" else 80
    return parts.scheme.lower(), parts.hostname, parts.port or usual


def _is_secret(name: str, names: set[str]) -> bool:
    """Whether a parameter (lower case) unlocks a URL, or belongs to the signature that does."""
    if any(word in name for word in _SECRET_WORDS) or name.startswith(_SIGNED_PREFIXES):
        return True
    return name in _SAS and "sig" in names
