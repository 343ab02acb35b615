"""A server on this machine that breaks every rule: nothing secret leaves, nothing is endless, nothing half goes in."""

from __future__ import annotations

import gzip
import io
import logging
import socket
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import Refused
from ingest.limits import Limits
from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.url import fetch, shown_url, url_input
from store.connect import open_reader
from tests.loopback import Answer, Handler, Server, served

REPORT = b"<testsuite name='s'><testcase classname='c' name='t'/></testsuite>"
SECRET = "CANARY-token-1234567890"
HEADERS = [("PRIVATE-TOKEN", SECRET), ("Authorization", f"Bearer {SECRET}"), ("X-Api-Key", SECRET)]


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """Two origins."""
    with served() as first, served() as second:
        yield first, second


def refused(url: str, limits: Limits | None = None) -> Refused:
    """The refusal of a URL; it names no secret."""
    with pytest.raises(Refused) as caught:
        fetch(url, HEADERS, limits or Limits(fetch_seconds=5))
    assert SECRET not in str(caught.value)
    return caught.value


def test_secrets_stay_with_the_first_origin(servers: tuple[Server, Server]) -> None:
    """Headers and the URL's user go there and not further, also not after a way back."""
    first, second = servers
    first.answers["/a"] = lambda reply: reply.say(b"", 302, Location="/b")
    first.answers["/b"] = lambda reply: reply.say(b"", 307, Location=f"{second.url}/c")
    second.answers["/c"] = lambda reply: reply.say(b"", 301, Location=f"{first.url}/d")
    first.answers["/d"] = lambda reply: reply.say(REPORT)
    url = first.url.replace("://", f"://me:{SECRET}@") + "/a"
    with fetch(url, HEADERS[:1], Limits()) as body:
        assert body.read() == REPORT
    held = {path: SECRET in headers or "Basic " in headers for path, headers in first.asked + second.asked}
    assert held == {"/a": True, "/b": True, "/c": False, "/d": False}
    assert all(
        "Accept-Encoding: identity" in headers.replace("accept-encoding", "Accept-Encoding")
        for _, headers in first.asked
    )


def test_another_port_or_scheme_is_another_origin(servers: tuple[Server, Server]) -> None:
    """None of the headers reaches it, whatever its name."""
    first, second = servers
    first.answers["/a"] = lambda reply: reply.say(b"", 302, Location=f"{second.url}/b")
    second.answers["/b"] = lambda reply: reply.say(REPORT)
    fetch(f"{first.url}/a", HEADERS, Limits()).close()
    assert SECRET not in str(second.asked)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "//", "javascript:x", "gopher://x/", "http://["]
)
def test_redirects_lead_to_http_only(servers: tuple[Server, Server], target: str) -> None:
    """Nothing else is opened."""
    servers[0].answers["/a"] = lambda reply: reply.say(b"", 302, Location=target)
    assert refused(f"{servers[0].url}/a").code in ("http-redirect", "http-address", "http-connect", "http-failed")


def test_redirects_end(servers: tuple[Server, Server]) -> None:
    """A loop is left after ten."""
    servers[0].answers["/a"] = lambda reply: reply.say(b"", 302, Location="/a")
    assert refused(f"{servers[0].url}/a").code == "http-redirect"
    assert len(servers[0].asked) == 11


def test_what_is_no_content_is_refused(servers: tuple[Server, Server]) -> None:
    """Errors and login pages by their status, with the status."""
    servers[0].answers["/a"] = lambda reply: reply.say(b"<html>", 403)
    assert "403" in refused(f"{servers[0].url}/a").reason


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "x-unknown"])
def test_nothing_compressed_in_transit(servers: tuple[Server, Server], encoding: str) -> None:
    """Nothing is inflated that was not asked for."""
    body = gzip.compress(gzip.compress(b"x" * 1_000_000))
    servers[0].answers["/a"] = lambda reply: reply.say(body, Content_Encoding=encoding)
    assert refused(f"{servers[0].url}/a").code == "http-encoding"


def endless(pause_s: float) -> Answer:
    """A body that never ends."""

    def answer(reply: Handler) -> None:
        reply.send_response(200)
        reply.send_header("Connection", "close")
        reply.end_headers()
        while True:
            reply.wfile.write(b"x" * (1 if pause_s else 65_536))
            time.sleep(pause_s)

    return answer


def test_bytes_are_capped_as_they_arrive(servers: tuple[Server, Server]) -> None:
    """Without a length and with a wrong one."""
    servers[0].answers["/a"] = endless(0)
    reason = refused(f"{servers[0].url}/a", Limits(file_bytes=300_000, fetch_seconds=20))
    assert (reason.code, "limits.file_bytes" in reason.reason) == ("too-large", True)


def slow_head(reply: Handler) -> None:
    """A head that never ends."""
    reply.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        reply.wfile.write(b"x")
        time.sleep(0.05)


def no_answer(reply: Handler) -> None:
    """Nothing, until the other side leaves."""
    reply.connection.recv(1)


@pytest.mark.parametrize("answer", [endless(0.05), slow_head, no_answer], ids=["body", "head", "none"])
def test_the_deadline_is_total(servers: tuple[Server, Server], answer: Answer) -> None:
    """However little arrives in time, and wherever it stops; without it none of these would ever end."""
    servers[0].answers["/a"] = answer
    assert refused(f"{servers[0].url}/a", Limits(fetch_seconds=1)).code == "http-timeout"


def test_a_cut_body_is_refused(servers: tuple[Server, Server]) -> None:
    """Fewer bytes than promised are no report."""

    def answer(reply: Handler) -> None:
        reply.send_response(200)
        reply.send_header("Content-Length", str(len(REPORT) + 10))
        reply.end_headers()
        reply.wfile.write(REPORT)
        reply.close_connection = True

    servers[0].answers["/a"] = answer
    assert refused(f"{servers[0].url}/a").code == "http-truncated"


def test_an_answer_that_is_no_http(servers: tuple[Server, Server]) -> None:
    """Said as what it is: fetching it again would not help."""

    def answer(reply: Handler) -> None:
        reply.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        reply.close_connection = True

    servers[0].answers["/a"] = answer
    assert refused(f"{servers[0].url}/a").code == "http-answer"


def test_no_secure_connection(servers: tuple[Server, Server]) -> None:
    """Somebody answers there, but not so that it could be trusted."""
    assert refused(servers[0].url.replace("http://", "https://") + "/a").code == "http-tls"


def test_nobody_there() -> None:
    """A closed port, and addresses that are none."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert refused(f"http://127.0.0.1:{port}/a").code == "http-connect"
    assert refused("http://127.0.0.1:99999999/a").code.startswith("http-")
    assert refused("http://[::1/a").code == "http-address"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://me:{SECRET}@CI.example:8443/a.zip", "https://ci.example:8443/a.zip"),
        (f"https://ci.example/a?private_token={SECRET}&job=7", "https://ci.example/a?job=7"),
        (
            f"https://x.blob.core.windows.net/c/a?sv=1&se=2&sp=r&sig={SECRET}&x=1",
            "https://x.blob.core.windows.net/c/a?x=1",
        ),
        (f"https://s3.example/a?X-Amz-Date=1&X-Amz-Signature={SECRET}#{SECRET}", "https://s3.example/a"),
        (
            "https://ci.example/ghp_CANARY0123456789abcdefghijABCDEFGHIJ/a",
            "https://ci.example/[redacted github-token]/a",
        ),
        ("https://ci.example", "https://ci.example/"),
    ],
)
def test_the_url_that_is_shown(url: str, shown: str) -> None:
    """Neither user nor what signs or unlocks it."""
    assert shown_url(url) == shown


def ingest(folder: Path, url: str, headers: list[tuple[str, str]]) -> list[FileOutcome]:
    """Outcomes of a URL."""
    outcomes: list[FileOutcome] = []
    with Ingestion(folder / "crywolf.db", Settings(), RunIdentity(), Limits(fetch_seconds=20), {}) as ingestion:
        ingestion.ingest_all([url_input(url, headers, Limits(fetch_seconds=20))], outcomes.append)
    return outcomes


def test_into_the_store(
    servers: tuple[Server, Server], tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reports and archives; again, with a new token, nothing is new; no secret is written, logged or printed."""
    caplog.set_level(logging.DEBUG)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("run.json", '{"cicd.pipeline.name": "nightly", "cicd.pipeline.run.id": "7"}')
        archive.writestr("r.xml", REPORT.replace(b"'t'", b"'u'"))
    server = servers[0]
    server.answers["/runs/17/r.xml"] = lambda reply: reply.say(REPORT)
    server.answers["/a.zip"] = lambda reply: reply.say(packed.getvalue())
    server.answers["/gone"] = lambda reply: reply.say(b"", 404)
    for again in (False, True):
        url = server.url.replace("://", f"://me:{SECRET}@")
        (report,) = ingest(tmp_path, f"{url}/runs/17/r.xml?token={SECRET}{again}", HEADERS)
        assert (report.path, report.status) == (
            f"{server.url}/runs/17/r.xml",
            FileStatus.DUPLICATE if again else FileStatus.INGESTED,
        )
        members = ingest(tmp_path, f"{url}/a.zip", HEADERS)
        assert [member.path for member in members] == [f"{server.url}/a.zip!run.json", f"{server.url}/a.zip!r.xml"]
        assert {member.status is FileStatus.DUPLICATE for member in members} == {again}
        (gone,) = ingest(tmp_path, f"{url}/gone?sig={SECRET}", HEADERS)
        assert gone.status is FileStatus.REJECTED
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert SECRET.encode() not in written
    assert SECRET not in caplog.text + "".join(capsys.readouterr())
    assert b"nightly" in written
    assert b"runs" in written


def test_the_host_stands_above_the_folders_of_a_url(servers: tuple[Server, Server], tmp_path: Path) -> None:
    """Pipeline and run id are the two innermost folders, the host the outermost of them; never `http:`."""
    server = servers[0]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("r.xml", REPORT.replace(b"'t'", b"'packed'"))
    host = server.url.partition("://")[2]
    for path, body in (
        ("/x.xml", REPORT),
        ("/17/y.xml", REPORT.replace(b"'t'", b"'u'")),
        ("/z.zip", packed.getvalue()),
    ):
        server.answers[path] = lambda reply, body=body: reply.say(body)  # type: ignore[misc]
        ingest(tmp_path, server.url + path, [])
    with closing(open_reader(tmp_path / "crywolf.db")) as connection:
        runs = connection.execute(
            "SELECT l.name, r.name FROM run r JOIN pipeline l USING (pipeline_id) ORDER BY r.name"
        )
        assert sorted(runs.fetchall()) == sorted([(host, host), (host, "17"), (host, "z")])


def test_a_url_that_serves_nothing_is_refused(servers: tuple[Server, Server], tmp_path: Path) -> None:
    """Whatever its name: somebody asked for it."""
    for path in ("/x.xml", "/latest"):
        servers[0].answers[path] = lambda reply: reply.say(b"")
        (outcome,) = ingest(tmp_path, servers[0].url + path, [])
        assert (outcome.status, (outcome.reason or "").partition(":")[0]) == (FileStatus.REJECTED, "empty-file")
