"""One CI server's API: JSON documents, listings page by page, and files.

- What carries the token goes to the origin of the base address and nowhere else: where a server names another one as
  that of the next page, nobody asks. Redirects, bytes and seconds are those of `ingest.sources.url`.
- A listing ends: a page that comes again, and more pages than anybody reads, are refused.
- Who is asked to wait waits, where that fits into the time for one URL; else fetching stops, and says until when.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import urlencode

from ingest.changes.json_text import decode
from ingest.errors import IngestError, Refused
from ingest.limits import Limits
from ingest.sources.url import Answered, Header, Reply, Transfer, origin_of

MOST_PAGES = 200
_WAIT_S = 60.0
"""Where a server says that it is asked too often and not when it may be asked again."""
_SHORTEST_WAIT_S = 1.0
_RESETS = ("x-ratelimit-reset", "ratelimit-reset")
_REMAINING = ("x-ratelimit-remaining", "ratelimit-remaining")


class AskedTooOften(IngestError):
    """The server wants to be left alone for longer than fetching waits: nothing more is to be had of it now."""

    def __init__(self, until_s: float) -> None:
        at = datetime.fromtimestamp(until_s, UTC).strftime("%Y-%m-%d %H:%M")
        super().__init__(f"the server was asked too often, until {at} UTC; the same command goes on then")


class Site:
    """An API below one address.

    Args:
        base_url: of the API, without a slash at its end.
        headers: sent to its origin only: the token.
        token_from: the variable that holds the token, for sentences about it.
        limits: of one URL.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        base_url: str,
        headers: Sequence[Header],
        token_from: str,
        limits: Limits,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.limits = limits
        self._headers = headers
        self._token_from = token_from
        self._sleep = sleep
        self._transfer = Transfer(limits)

    def __enter__(self) -> Site:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transfer.close()

    def address(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The whole address of a path, which starts with a slash."""
        return f"{self.base_url}{path}" + (f"?{urlencode(query)}" if query else "")

    def open(self, path: str, query: Mapping[str, str] | None = None) -> BinaryIO:
        """A file.

        Raises:
            Refused: it cannot be fetched.
            AskedTooOften: nor can anything else.
        """
        return self._get(self.address(path, query)).body

    def load(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """A JSON document.

        Raises:
            Refused: as `open`, or it is none.
        """
        return self._decoded(self._get(self.address(path, query)))

    def pages(self, path: str, query: Mapping[str, str]) -> Iterator[Any]:
        """The pages of a listing, each a JSON document, in the server's order.

        Raises:
            Refused: as `load`; after the pages that could be read.
        """
        url = self.address(path, query)
        asked: set[str] = set()
        while len(asked) < MOST_PAGES:
            asked.add(url)
            reply = self._get(url)
            yield self._decoded(reply)
            url = reply.next_url
            if not url:
                return
            if origin_of(url) != origin_of(self.base_url):
                raise Refused("http-pages", "says that the next page is on another server, which is not asked")
            if url in asked:
                raise Refused("http-pages", "says that the next page is one that was read; the rest is not listed")
        raise Refused("http-pages", f"lists more than {MOST_PAGES} pages; ask for less with --since")

    def _decoded(self, reply: Reply) -> Any:
        with reply.body as body:
            data = body.read(self.limits.document_bytes + 1)
        if data.lstrip()[:1] == b"<":
            raise Refused("http-page", "answered with a web page, perhaps for logging in; " + self._remedy())
        return decode(data, self.limits)

    def _get(self, url: str) -> Reply:
        """What an address holds, asked again where the server says when."""
        patience_s = float(self.limits.fetch_seconds)
        while True:
            try:
                return self._transfer.get(url, self._headers)
            except Answered as answered:
                now_s = time.time()
                wait_s = asked_to_wait_s(answered, now_s)
                if wait_s is None:
                    raise Refused(answered.code, self._said(answered.status)) from None
                wait_s = max(wait_s, _SHORTEST_WAIT_S)
                if wait_s > patience_s:
                    raise AskedTooOften(now_s + wait_s) from None
                patience_s -= wait_s
                self._sleep(wait_s)

    def _said(self, status: int) -> str:
        """What a status means to whoever has to do something about it."""
        if status in (401, 403):
            return f"answered {status}: this may not be read; {self._remedy()}"
        if status == 404:
            return f"answered 404: it is not there, or hidden from who may not read it; {self._remedy()}"
        if status == 410:
            return "answered 410: it is no longer kept"
        return f"answered {status}; try again later" if status >= 500 else f"answered {status}; check the address"

    def _remedy(self) -> str:
        is_given = f"check the address and the token in {self._token_from}"
        return is_given if self._headers else f"check the address, or put a token into {self._token_from}"


def asked_to_wait_s(answered: Answered, now_s: float) -> float | None:
    """Seconds that a server asks to wait; None where it asks for nothing of the kind.

    >>> asked_to_wait_s(Answered(429, {"retry-after": "7"}), 0.0), asked_to_wait_s(Answered(404, {}), 0.0)
    (7.0, None)
    >>> asked_to_wait_s(Answered(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "90"}), 50.0)
    40.0
    """
    headers = answered.headers
    is_used_up = any(headers.get(name) == "0" for name in _REMAINING)
    if answered.status != 429 and not (answered.status == 403 and ("retry-after" in headers or is_used_up)):
        return None
    after = headers.get("retry-after", "")
    if after.isascii() and after.isdecimal():
        return float(after[:9])
    try:
        return max(0.0, parsedate_to_datetime(after).timestamp() - now_s)
    except (ValueError, OverflowError):
        pass
    reset = next((headers[name] for name in _RESETS if headers.get(name, "").isdecimal()), "")
    return max(0.0, float(reset[:10]) - now_s) if reset else _WAIT_S
