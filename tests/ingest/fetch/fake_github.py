"""A server that answers as GitHub's REST API (version 2022-11-28) does, page by page, with the keys that are read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from tests.loopback import Answer, Handler, Server

TOKEN = "CANARY-token-1234567890"
PASSED = b"<testsuite name='s'><testcase classname='shop.Cart' name='pays' time='0.2'/></testsuite>"
FAILED = (
    b"<testsuite name='s'><testcase classname='shop.Cart' name='pays'><failure message='no'/></testcase></testsuite>"
)


def packed(**files: bytes) -> bytes:
    """A zip archive of files, `_` in their names standing for a dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


def saying(value: Any) -> Answer:
    """An answer in JSON."""
    return lambda reply: reply.say(json.dumps(value).encode())


def page_of(reply: Handler, rows: list[Any], size: int) -> tuple[list[Any], dict[str, str]]:
    """The rows of the page that is asked for, and the header that names the next."""
    query = dict(part.partition("=")[::2] for part in reply.path.partition("?")[2].split("&"))
    page = int(query.get("page", "1"))
    path = reply.path.partition("?")[0]
    link = f'<{reply.server.url}{path}?page={page + 1}>; rel="next"' if page * size < len(rows) else ""
    return rows[(page - 1) * size : page * size], {"Link": link} if link else {}


class FakeGitHub:
    """One repository, `acme/shop`.

    Args:
        api: answers for the API, which wants the token.
        blobs: another origin, where artifacts are.
    """

    def __init__(self, api: Server, blobs: Server) -> None:
        self.api, self.blobs = api, blobs
        self.runs: list[dict[str, Any]] = []
        self.deployments: list[dict[str, Any]] = []
        self.path = "/api/v3/repos/acme/shop"
        self.api.answers[f"{self.path}/actions/runs"] = lambda reply: self._page(reply, self.runs, "workflow_runs")
        self.api.answers[f"{self.path}/deployments"] = lambda reply: self._page(reply, self.deployments)
        workflows = [{"id": 7, "name": "nightly", "path": ".github/workflows/e2e.yml"}]
        self.api.answers[f"{self.path}/actions/workflows"] = saying({"total_count": 1, "workflows": workflows})
        self.api.answers[f"{self.path}/actions/workflows/7/runs"] = self.api.answers[f"{self.path}/actions/runs"]

    def run(self, number: int, *artifacts: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Add a run, and what it left; later ones come first."""
        row = {
            "id": number,
            "name": "nightly",
            "path": ".github/workflows/e2e.yml",
            "run_attempt": 1,
            "event": "schedule",
            "status": "completed",
            "conclusion": "failure",
            "head_branch": "main",
            "head_sha": f"{number:040x}",
            "pull_requests": [],
            "created_at": "2026-03-01T02:00:00Z",
            "run_started_at": "2026-03-01T02:00:00Z",
            "html_url": f"https://github.example/acme/shop/actions/runs/{number}",
            "repository": {"full_name": "acme/shop"},
        } | more
        self.runs.insert(0, row)
        rows = list(artifacts)
        self.api.answers[f"{self.path}/actions/runs/{number}/artifacts"] = lambda reply: self._page(
            reply, rows, "artifacts"
        )
        return row

    def artifact(self, number: int, name: str, content: bytes, **more: Any) -> dict[str, Any]:
        """An artifact, whose download leads to the other origin."""
        place = f"/blob/{number}"
        self.blobs.answers[place] = lambda reply: reply.say(content)
        self.api.answers[f"{self.path}/actions/artifacts/{number}/zip"] = lambda reply: reply.say(
            b"", 302, Location=f"{self.blobs.url}{place}?sig=abc"
        )
        return {
            "id": number,
            "name": name,
            "size_in_bytes": len(content),
            "expired": False,
            "created_at": "2026-03-01T02:10:00Z",
            "archive_download_url": f"{self.blobs.url}/not-to-be-asked",
        } | more

    def deployment(self, number: int, *states: str, **more: Any) -> dict[str, Any]:
        """Add a deployment with its statuses, the newest first."""
        row = {
            "id": number,
            "sha": f"{number:040x}",
            "task": "deploy",
            "environment": "staging",
            "description": "feat: vouchers",
            "created_at": "2026-03-01T01:00:00Z",
            "creator": {"login": "ada"},
            "payload": {},
            "statuses_url": f"{self.blobs.url}/not-to-be-asked",
        } | more
        self.deployments.insert(0, row)
        statuses = [
            {"state": state, "environment": "staging", "created_at": f"2026-03-01T01:{59 - at:02}:00Z"}
            for at, state in enumerate(states)
        ]
        self.api.answers[f"{self.path}/deployments/{number}/statuses"] = saying(statuses)
        return row

    def _page(self, reply: Handler, rows: list[Any], key: str = "") -> None:
        """A page of two, for those who have the token."""
        if f"Bearer {TOKEN}" not in str(reply.headers):
            return reply.say(b'{"message": "Bad credentials"}', 401)
        some, headers = page_of(reply, rows, 2)
        value = {"total_count": len(rows), key: some} if key else some
        return reply.say(json.dumps(value).encode(), 200, **headers)
