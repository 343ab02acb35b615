"""Servers of this machine, which answer as a test tells them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers a path with the function that stands for it, and keeps what was asked."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Answer."""
        self.server.asked.append((self.path, str(self.headers)))
        with suppress(OSError):
            self.server.answers[self.path.partition("?")[0]](self)

    def say(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        """A reply; `_` in the name of a header is a hyphen."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    """A server of this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients that go away are what is tested."""


@contextmanager
def served() -> Iterator[Server]:
    """A server that is there inside."""
    server = Server()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
