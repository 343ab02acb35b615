"""A headless Chromium, driven by its own protocol: goes to a page, presses keys, tells what the websockets brought."""

from __future__ import annotations

import asyncio
import base64
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE_S = 60.0
"""Loose: the machine may be busy; every wait ends as soon as what is waited for is there."""


def program() -> str | None:
    """The browser, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page:
    """One page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.brought = ""
        """What all websockets of the page have brought, as text."""
        self.requested: list[str] = []
        """Addresses that the page asked for."""

    async def listen(self) -> None:
        """Takes what the browser says until it ends."""
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._replies.pop(said["id"]).set_result(said)
            elif said["method"] == "Network.webSocketFrameReceived":
                frame = said["params"]["response"]
                raw = frame["payloadData"]
                self.brought += base64.b64decode(raw).decode("utf-8", "replace") if frame["opcode"] == 2 else raw
            elif said["method"] == "Network.requestWillBeSent":
                self.requested.append(said["params"]["request"]["url"])

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """One call of the protocol."""
        self._number += 1
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[self._number] = reply
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        said = await asyncio.wait_for(reply, PATIENCE_S)
        assert "error" not in said, said
        return said["result"]  # type: ignore[no-any-return]

    async def go(self, url: str) -> None:
        """Opens a page."""
        await self.call("Network.enable")
        await self.call("Page.enable")
        await self.call("Page.navigate", url=url)

    async def press(self, text: str) -> None:
        """Types a character."""
        await self.evaluate("document.querySelector('.xterm-helper-textarea').focus()")
        for kind in ("keyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, text=text if kind == "keyDown" else "", key=text)

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        return (await self.call("Runtime.evaluate", expression=expression))["result"].get("value")

    async def wait_for(self, text: str) -> None:
        """Until the websockets have brought a text."""
        await until(lambda: text in self.brought)

    async def picture(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


@asynccontextmanager
async def page(folder: Path) -> AsyncIterator[Page]:
    """A browser with one page, its profile in a folder; both are gone in the end."""
    found = program()
    assert found is not None
    profile = folder / "chromium"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1200,700"]
    command = [found, *options, f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"]
    quiet = subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        written = profile / "DevToolsActivePort"
        await until(lambda: written.exists() and bool(written.read_text().strip()))
        port = written.read_text().splitlines()[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
                pages = [one for one in await response.json() if one["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                opened = Page(socket)
                listening = asyncio.create_task(opened.listen())
                yield opened
                listening.cancel()
    finally:
        child.terminate()
        await asyncio.wait_for(child.wait(), PATIENCE_S)


async def until(is_so: Callable[[], bool]) -> None:
    """Waits for something that no event tells of."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.05)
