"""A server's API that lies, hides, drips and turns in circles: what is told of it, and what it never gets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.fetch.site import AskedTooOften, Site
from ingest.limits import Limits
from tests.ingest.fetch.fake_github import TOKEN, saying
from tests.loopback import Answer, Handler, Server

HEADERS = [("PRIVATE-TOKEN", TOKEN), ("Authorization", f"Bearer {TOKEN}")]
LIMITS = Limits(fetch_seconds=20)


def site_at(server: Server, limits: Limits = LIMITS, sleep: Callable[[float], None] = lambda _: None) -> Site:
    """A site with a token."""
    return Site(f"{server.url}/api", HEADERS, "CI_TOKEN", limits, sleep)


def linking(url: str, value: Any = None) -> Answer:
    """A page that names the next."""
    return lambda reply: reply.say(json.dumps(value or []).encode(), 200, Link=f'<{url}>; rel="next"')


def refused(site: Site, path: str = "/x") -> Refused:
    """The refusal of a listing; it names no secret."""
    with site, pytest.raises(Refused) as caught:
        list(site.pages(path, {}))
    assert TOKEN not in str(caught.value)
    return caught.value


def test_pages_in_their_order(servers: tuple[Server, Server]) -> None:
    """Until none names a next one; a connection is kept between them."""
    first, _ = servers
    first.answers["/api/x"] = linking("/api/y?page=2", [1])
    first.answers["/api/y"] = saying([2])
    with site_at(first) as site:
        assert list(site.pages("/x", {"per_page": "100"})) == [[1], [2]]
    assert [path for path, _ in first.asked] == ["/api/x?per_page=100", "/api/y?page=2"]


def test_no_other_server_is_asked_for_a_page(servers: tuple[Server, Server]) -> None:
    """Neither with the token nor without."""
    first, second = servers
    first.answers["/api/x"] = linking(f"{second.url}/api/x?page=2")
    assert refused(site_at(first)).code == "http-pages"
    assert not second.asked


def test_the_token_stays_where_it_belongs(servers: tuple[Server, Server]) -> None:
    """A download that leads elsewhere goes there without it."""
    first, second = servers
    first.answers["/api/zip"] = lambda reply: reply.say(b"", 302, Location=f"{second.url}/blob")
    second.answers["/blob"] = lambda reply: reply.say(b"PK")
    with site_at(first) as site, site.open("/zip") as body:
        assert body.read() == b"PK"
    assert [TOKEN in headers for _, headers in first.asked + second.asked] == [True, False]


def test_a_listing_ends(servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that names a page that was read is left; so is one without end."""
    monkeypatch.setattr("ingest.fetch.site.MOST_PAGES", 5)
    first, _ = servers
    first.answers["/api/x"] = linking("/api/x")
    assert refused(site_at(first)).code == "http-pages"
    assert len(first.asked) == 1

    def endless(reply: Handler) -> None:
        reply.say(b"[]", 200, Link=f'</api/y?page={len(first.asked)}>; rel="next"')

    first.answers["/api/y"] = endless
    first.asked.clear()
    assert "--since" in refused(site_at(first), "/y").reason
    assert len(first.asked) == 5


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "the token in CI_TOKEN"), (403, "may not be read"), (404, "not there"), (410, "no longer"), (503, "later")],
)
def test_what_a_status_means(servers: tuple[Server, Server], status: int, said: str) -> None:
    """It is said with what to do about it."""
    servers[0].answers["/api/x"] = lambda reply: reply.say(b"<html>", status)
    refusal = refused(site_at(servers[0]))
    assert (refusal.code, str(status) in refusal.reason, said in refusal.reason) == ("http-status", True, True)


def test_without_a_token_one_is_asked_for(servers: tuple[Server, Server]) -> None:
    """By the name of its variable."""
    servers[0].answers["/api/x"] = lambda reply: reply.say(b"", 401)
    refusal = refused(Site(f"{servers[0].url}/api", (), "CI_TOKEN", LIMITS))
    assert "put a token into CI_TOKEN" in refusal.reason


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "http-page"),
        (b'[{"id": ', "json-truncated"),
        (b"", "empty-file"),
        (b"[" * 200 + b"]" * 200, "json-depth"),
    ],
)
def test_what_is_no_document_is_refused(servers: tuple[Server, Server], body: bytes, code: str) -> None:
    """A page for logging in says that it is one."""
    servers[0].answers["/api/x"] = lambda reply: reply.say(body)
    assert refused(site_at(servers[0])).code == code


def test_a_document_is_no_larger_than_documents_are(servers: tuple[Server, Server]) -> None:
    """Its limit has a name."""
    servers[0].answers["/api/x"] = saying(["x" * 1000])
    refusal = refused(site_at(servers[0], Limits(document_bytes=900)))
    assert (refusal.code, "limits.document_bytes" in refusal.reason) == ("too-large", True)


@pytest.mark.parametrize(
    ("status", "headers", "waited"),
    [
        (429, {"Retry_After": "7"}, 7.0),
        (403, {"Retry_After": "3"}, 3.0),
        (403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1"}, 1.0),
        (429, {"Retry_After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 1.0),
    ],
)
def test_who_is_asked_to_wait_waits(
    servers: tuple[Server, Server], status: int, headers: dict[str, str], waited: float
) -> None:
    """And asks again."""
    first, slept = servers[0], list[float]()
    first.answers["/api/x"] = lambda reply: (
        reply.say(b"[1]") if len(first.asked) > 1 else reply.say(b"", status, **headers)
    )
    with site_at(first, sleep=slept.append) as site:
        assert site.load("/x") == [1]
    assert slept == [waited]


@pytest.mark.parametrize("headers", [{"Retry_After": "3600"}, {"RateLimit_Reset": "99999999999999999999"}, {}])
def test_who_is_asked_to_wait_for_long_stops(servers: tuple[Server, Server], headers: dict[str, str]) -> None:
    """And says until when."""
    servers[0].answers["/api/x"] = lambda reply: reply.say(b"", 429, **headers)
    with site_at(servers[0]) as site, pytest.raises(AskedTooOften, match="until 2"):
        site.load("/x")


def test_waiting_ends(servers: tuple[Server, Server]) -> None:
    """A server that always asks to come back at once is left."""
    servers[0].answers["/api/x"] = lambda reply: reply.say(b"", 429, Retry_After="0")
    with site_at(servers[0], Limits(fetch_seconds=3)) as site, pytest.raises(AskedTooOften):
        site.load("/x")
    assert len(servers[0].asked) == 4


def test_after_a_deadline_the_next_one_is_asked(servers: tuple[Server, Server]) -> None:
    """One slow document costs its own time only."""
    first, _ = servers
    first.answers["/api/slow"] = lambda reply: time.sleep(3)
    first.answers["/api/x"] = saying([1])
    with site_at(first, Limits(fetch_seconds=1)) as site:
        with pytest.raises(Refused) as caught:
            site.load("/slow")
        assert caught.value.code == "http-timeout"
        assert site.load("/x") == [1]


def test_a_next_page_that_is_no_address(servers: tuple[Server, Server]) -> None:
    """It is refused and nothing else happens."""
    servers[0].answers["/api/x"] = linking("http://[")
    assert refused(site_at(servers[0])).code in ("http-failed", "http-pages")
