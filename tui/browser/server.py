"""Serves the dashboard to browsers: a process of it for each page, over textual-serve.

Who can open a page can act in the store, so requests are let in by these rules, the websocket's like all others:

- the `Host` must be one that is served, so that no other site's name leads here (DNS rebinding);
- a browser's `Origin` must be this server, so that no other site's page can open the websocket;
- with a token, a cookie must carry it; the address that is printed brings it once and is cleaned of it at once.

Beyond loopback there always is a token. Pages load nothing from elsewhere.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

MOST_PAGES = 16
"""Each is a process of its own."""
SHORTEST_TOKEN = 16
_DAY_S = 86_400
_SHUTDOWN_S = 3.0
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Whether nothing but this machine can reach an address.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0", "ci.example")]
    [True, True, True, True, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_same_origin(origin: str | None, host: str) -> bool:
    """Whether a page that sent a request came from here; programs that are no browsers send no origin."""
    return origin is None or urlsplit(origin).netloc.lower() == host.lower()


def host_of(header: str) -> str:
    """The name in a `Host` header, without its port."""
    return urlsplit(f"//{header}").hostname or ""


class DashboardServer(Server):
    """Pages of one dashboard."""

    def __init__(self, command: str, host: str, port: int, *, token: str = "", url: str = "") -> None:
        """A server of `command`, a line for the shell.

        Args:
            token: what a visitor must know; empty: nothing.
            url: where browsers reach it, if not at its own address, as behind a proxy.
        """
        shown = f"[{host}]" if ":" in host else host
        super().__init__(
            command,
            host,
            port,
            title="crywolf",
            public_url=url.rstrip("/") or f"http://{shown}:{port}",
            templates_path=str(Path(__file__).parent),
        )
        self._token, self._is_behind = token, bool(url)
        self._names = {host_of(urlsplit(self.public_url).netloc), host.strip("[]").lower()}
        if is_loopback(host):
            self._names |= {"localhost", "127.0.0.1", "::1"}
        self._pages: set[asyncio.Task[object]] = set()

    @property
    def cookie(self) -> str:
        """Cookies know no ports: each server's has a name of its own."""
        return f"crywolf-{self.port}"

    @property
    def address(self) -> str:
        """Where to go, with the token."""
        return f"{self.public_url}/{f'?token={self._token}' if self._token else ''}"

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Says nothing: the command does."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Ends every page's process."""
        for page in list(self._pages):
            page.cancel()
        if self._pages:
            await asyncio.wait(self._pages, timeout=_SHUTDOWN_S)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if refusal := self._refusal(request):
            return refusal
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    def _refusal(self, request: web.Request) -> web.Response | None:
        """What is answered to who may not come in; a redirect for who brings the token; None: come in."""
        is_any = not is_loopback(self.host) and bool(self._token) and not self._is_behind
        if not is_any and host_of(request.host) not in self._names:
            return web.Response(status=421, text="this name is not served here")
        if not is_same_origin(request.headers.get("Origin"), request.host):
            return web.Response(status=403, text="pages of other sites may not come in")
        if not self._token or self._knows(request.cookies.get(self.cookie, "")):
            return None
        if request.path == "/" and self._knows(request.query.get("token", "")):
            return self._welcome(request)
        return web.Response(status=401, text="open the address that crywolf serve has printed: it brings the token")

    def _knows(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self._token.encode())

    def _welcome(self, request: web.Request) -> web.Response:
        """The token becomes a cookie that no script reads, and leaves the address."""
        response = web.Response(status=303, headers={**_HEADERS, "Location": "/"})
        is_secure = self.public_url.startswith("https:")
        response.set_cookie(
            self.cookie, self._token, max_age=_DAY_S, httponly=True, samesite="Strict", secure=is_secure
        )
        return response

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page, with addresses by which this visitor reaches the server."""
        base = self.public_url if self._is_behind else f"http://{request.host}"
        socket = f"ws{base.removeprefix('http')}/ws"
        text = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
        return web.Response(text=text.replace("{{socket}}", socket), content_type="text/html")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A page's process, until the page is left."""
        if len(self._pages) >= MOST_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MOST_PAGES} pages are open already")
        task = asyncio.current_task()
        assert task is not None
        self._pages.add(task)
        try:
            return await super().handle_websocket(request)
        finally:
            self._pages.discard(task)


def serve(server: DashboardServer) -> None:
    """Serve until interrupted.

    Raises:
        OSError: the address cannot be had.
    """
    web.run_app(
        server._make_app(),
        host=server.host,
        port=server.port,
        print=lambda *_: None,
        access_log=None,
        shutdown_timeout=_SHUTDOWN_S,
    )


def command_line(parts: Sequence[str]) -> str:
    """A line for the shell that becomes the program, so that ending it ends the program."""
    import shlex

    return f"exec {shlex.join(parts)}"
