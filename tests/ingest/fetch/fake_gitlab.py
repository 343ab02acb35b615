"""A server that answers as GitLab's REST API (version 4) does, page by page, with the keys that are read."""

from __future__ import annotations

import json
from typing import Any

from tests.ingest.fetch.fake_github import TOKEN, page_of
from tests.loopback import Answer, Handler, Server


class FakeGitLab:
    """One project, `acme/tills/shop`."""

    def __init__(self, api: Server) -> None:
        self.api = api
        self.pipelines: list[dict[str, Any]] = []
        self.deployments: list[dict[str, Any]] = []
        self.path = "/api/v4/projects/acme%2Ftills%2Fshop"
        self.api.answers[f"{self.path}/pipelines"] = self._listing(self.pipelines)
        self.api.answers[f"{self.path}/deployments"] = self._listing(self.deployments)

    def pipeline(self, number: int, *jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Add a pipeline with its jobs; later ones come first."""
        row = {
            "id": number,
            "status": "failed",
            "source": "schedule",
            "ref": "main",
            "sha": f"{number:040x}",
            "web_url": f"https://gitlab.example/acme/tills/shop/-/pipelines/{number}",
            "created_at": "2026-03-01T02:00:00.123Z",
            "updated_at": "2026-03-01T02:30:00.123Z",
        } | more
        self.pipelines.insert(0, row)
        self.api.answers[f"{self.path}/pipelines/{number}/jobs"] = self._listing(list(jobs))
        return row

    def job(self, number: int, name: str, archive: bytes = b"", *, junit: bool = True) -> dict[str, Any]:
        """A job, with an archive where it is given one, and with JUnit reports that the server has read."""
        self.api.answers[f"{self.path}/jobs/{number}/artifacts"] = lambda reply: reply.say(archive)
        kinds = [{"file_type": "archive"}] * bool(archive) + [{"file_type": "junit"}] * junit
        return {
            "id": number,
            "name": name,
            "status": "failed",
            "web_url": f"https://gitlab.example/acme/tills/shop/-/jobs/{number}",
            "artifacts": [*kinds, {"file_type": "trace"}],
            "artifacts_file": {"filename": "artifacts.zip", "size": len(archive)} if archive else None,
        }

    def test_report(self, number: int, report: dict[str, Any]) -> None:
        """What the server makes of a pipeline's reports."""
        self.api.answers[f"{self.path}/pipelines/{number}/test_report"] = self._json(lambda _: (report, {}))

    def deployment(self, number: int, status: str, **more: Any) -> dict[str, Any]:
        """Add a deployment."""
        row = {
            "id": number,
            "sha": f"{number:040x}",
            "ref": "main",
            "status": status,
            "created_at": "2026-03-01T01:00:00.000Z",
            "updated_at": "2026-03-01T01:10:00.000Z",
            "user": {"username": "ada"},
            "environment": {"name": "staging"},
            "deployable": {
                "started_at": "2026-03-01T01:01:00.000Z",
                "finished_at": "2026-03-01T01:09:00.000Z",
                "commit": {"title": "feat: vouchers"},
                "web_url": "https://gitlab.example/acme/tills/shop/-/jobs/9",
            },
        } | more
        self.deployments.insert(0, row)
        return row

    def _listing(self, rows: list[dict[str, Any]]) -> Answer:
        return self._json(lambda reply: page_of(reply, rows, 2))

    def _json(self, found: Any) -> Answer:
        def answer(reply: Handler) -> None:
            if reply.headers.get("PRIVATE-TOKEN") != TOKEN:
                return reply.say(b'{"message": "401 Unauthorized"}', 401)
            value, headers = found(reply)
            return reply.say(json.dumps(value).encode(), 200, **headers)

        return answer
