"""`crywolf serve`: who may come in, and the dashboard in a real browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.tui.browser import chromium
from tests.tui.poisoned_store import poisoned_store
from tests.tui.screens.terminal_bytes import foreign

ROOT = Path(__file__).resolve().parents[3]
CRYWOLF = Path(sys.executable).with_name("crywolf")
TOKEN = "a-token-of-20-letters"
PATIENCE_S = 60.0
ACTIVE_PARTS = "document.querySelectorAll('script, img, iframe, object, embed, a, [onerror], [onload]').length"

needs_chromium = pytest.mark.skipif(chromium.program() is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample in a store."""
    target = tmp_path_factory.mktemp("served") / "sample.db"
    folder = ROOT / "sample_reports" / "data"
    command = [str(CRYWOLF), "--db", str(target), "ingest", "."]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return target


@contextmanager
def serving(database: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A server, and the port that it listens at; no process of it is left in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(CRYWOLF), "--db", str(database), "serve", "--port", str(port), *options]
    environ = {**os.environ, "CRYWOLF_TOKEN": TOKEN, "HOME": str(database.parent)}
    folder = ROOT / "sample_reports" / "data"
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environ, cwd=folder)
    try:
        assert child.stderr is not None
        assert "the dashboard is at" in child.stderr.readline()
        _wait_until_it_listens(port)
        yield port, child
    finally:
        child.terminate()
        child.communicate(timeout=PATIENCE_S)
        _wait_until_nobody_has(database)


def _wait_until_it_listens(port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("it does not listen")


def dashboards_of(database: Path) -> list[str]:
    """Processes of the dashboard over a store."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(database).encode() in line and b"\0dashboard" in line:
            found.append(folder.name)
    return found


def _wait_until_nobody_has(database: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while dashboards_of(database):
        assert time.monotonic() < end, "a dashboard is left behind"
        time.sleep(0.1)


async def status(port: int, path: str = "/", **headers: str) -> int:
    """How a request is answered, redirects not followed."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}", headers=headers, allow_redirects=False) as response,
    ):
        return response.status


async def socket_status(port: int, **headers: str) -> int:
    """How the websocket is answered; 101: it is open."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(f"http://127.0.0.1:{port}/ws", headers=headers):
                return 101
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status


@needs_chromium
async def test_dashboard_in_a_browser(database: Path, tmp_path: Path) -> None:
    """The answer is on the page, keys reach it, nothing is loaded from elsewhere, and leaving ends its process."""
    with serving(database) as (port, _):
        async with chromium.page(tmp_path) as page:
            await page.go(f"http://127.0.0.1:{port}/")
            await page.wait_for("2 real")
            assert len(dashboards_of(database)) == 1
            await page.press("2")
            await page.wait_for("last runs")
            await page.press("1")
            (tmp_path / "page.png").write_bytes(await page.picture())
            assert await page.evaluate("document.body.className.includes('-first-byte')")
            assert all(url.startswith((f"http://127.0.0.1:{port}/", "data:", "blob:")) for url in page.requested)
        _wait_until_nobody_has(database)


@needs_chromium
async def test_strangers_texts_act_on_nothing_in_a_browser(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """What somebody else wrote into the store is text on the page: no sequence comes, nothing is loaded or run."""
    database = poisoned_store(tmp_path_factory)
    with serving(database) as (port, _):
        async with chromium.page(tmp_path) as page:
            await page.go(f"http://127.0.0.1:{port}/")
            await page.wait_for("undecided")
            title, parts = await page.evaluate("document.title"), await page.evaluate(ACTIVE_PARTS)
            await page.press("2")
            await page.wait_for("last runs")
            await page.press("5")
            await page.wait_for("<script>")
            assert foreign(page.brought.split("undecided", 1)[1]) == []
            assert await page.evaluate("document.title") == title
            assert await page.evaluate(ACTIVE_PARTS) == parts
            assert all(url.startswith((f"http://127.0.0.1:{port}/", "data:", "blob:")) for url in page.requested)


async def test_token_is_asked_for_everywhere(database: Path) -> None:
    """Beyond loopback, and where it is wished for: page, files and websocket; the right one becomes a cookie."""
    with serving(database, "--token") as (port, _):
        for path in ("/", "/static/js/textual.js", "/?token=wrong", "/?token="):
            assert await status(port, path) == 401
        assert await socket_status(port) == 401
        assert await socket_status(port, Cookie=f"crywolf-{port}=wrong") == 401
        assert await status(port, f"/?token={TOKEN}") == 303
        cookie = f"crywolf-{port}={TOKEN}"
        assert await status(port, Cookie=cookie) == 200
        assert await socket_status(port, Cookie=cookie) == 101


async def test_other_sites_stay_outside(database: Path) -> None:
    """No other name leads here, and no other site's page opens the websocket."""
    with serving(database) as (port, _):
        assert await status(port) == 200
        assert await status(port, Host="evil.example") == 421
        assert await status(port, Host=f"evil.example:{port}") == 421
        assert await socket_status(port, Origin="http://evil.example") == 403
        assert await socket_status(port, Origin="null") == 403
        assert await socket_status(port, Origin=f"http://127.0.0.1:{port + 1}") == 403
        assert await socket_status(port, Origin=f"http://127.0.0.1:{port}") == 101


async def test_everywhere_needs_a_token(database: Path) -> None:
    """Bound to all addresses there is a token though nobody asked for it."""
    with serving(database, "--host", "0.0.0.0") as (port, _):
        assert await status(port) == 401
        assert await status(port, Host="crywolf.example", Cookie=f"crywolf-{port}={TOKEN}") == 200


async def test_a_server_that_dies_leaves_nothing_behind(database: Path) -> None:
    """Killed without a chance to tidy up, its dashboards end by themselves."""
    with serving(database) as (port, child):
        async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{port}/ws"):
            await chromium.until(lambda: bool(dashboards_of(database)))
            child.kill()
        _wait_until_nobody_has(database)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--onwer", "x"), "No such option"),
        (("--url", "ftp://x"), "--url is such as"),
        (("--port", "0"), "1<=x<=65535"),
    ],
)
def test_usage(database: Path, options: tuple[str, ...], said: str) -> None:
    """Wrong options end it at once, also those that are the dashboard's."""
    command = [str(CRYWOLF), "--db", str(database), "serve", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 2
    assert said in done.stderr


def test_short_tokens_are_refused(database: Path) -> None:
    """A token that can be guessed is none."""
    command = [str(CRYWOLF), "--db", str(database), "serve", "--token"]
    environ = {**os.environ, "CRYWOLF_TOKEN": "short"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, timeout=PATIENCE_S)
    assert done.returncode == 2
    assert "CRYWOLF_TOKEN needs 16" in done.stderr
