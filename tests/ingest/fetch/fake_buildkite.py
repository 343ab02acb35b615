"""A server that answers as Buildkite's REST API (version 2) does, page by page, with the keys that are read."""

from __future__ import annotations

import json
from typing import Any

from tests.ingest.fetch.fake_github import TOKEN, page_of
from tests.loopback import Answer, Handler, Server


class FakeBuildkite:
    """One pipeline, `acme/shop`; artifacts are on another origin."""

    def __init__(self, api: Server, blobs: Server) -> None:
        self.api, self.blobs = api, blobs
        self.builds: list[dict[str, Any]] = []
        self.path = "/v2/organizations/acme/pipelines/shop/builds"
        self.api.answers[self.path] = self._listing(self.builds)

    def build(self, number: int, *artifacts: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Add a build of two jobs, the second of which repeats the first; later ones come first."""
        row = {
            "number": number,
            "state": "failed",
            "source": "schedule",
            "branch": "main",
            "commit": f"{number:040x}",
            "web_url": f"https://buildkite.example/acme/shop/builds/{number}",
            "created_at": "2026-03-01T02:00:00.000Z",
            "started_at": "2026-03-01T02:00:30.000Z",
            "finished_at": "2026-03-01T02:30:00.000Z",
            "pull_request": None,
            "pipeline": {"slug": "shop", "repository": "git@github.example:acme/shop.git"},
            "jobs": [
                {"id": "j-1", "step_key": "e2e", "retries_count": None, "web_url": "https://buildkite.example/j-1"},
                {"id": "j-2", "step_key": "e2e", "retries_count": 1, "web_url": "https://buildkite.example/j-2"},
                {"id": "j-3", "name": "unit", "parallel_group_index": 0, "parallel_group_total": 2},
                {"type": "waiter"},
            ],
        } | more
        self.builds.insert(0, row)
        self.api.answers[f"{self.path}/{number}/artifacts"] = self._listing(list(artifacts))
        return row

    def artifact(self, build: int, number: str, job: str, path: str, content: bytes, **more: Any) -> dict[str, Any]:
        """An artifact of a job."""
        self.blobs.answers[f"/{number}"] = lambda reply: reply.say(content)
        self.api.answers[f"{self.path}/{build}/jobs/{job}/artifacts/{number}/download"] = lambda reply: reply.say(
            b"", 302, Location=f"{self.blobs.url}/{number}"
        )
        return {"id": number, "job_id": job, "path": path, "file_size": len(content), "state": "finished"} | more

    def _listing(self, rows: list[dict[str, Any]]) -> Answer:
        def answer(reply: Handler) -> None:
            if f"Bearer {TOKEN}" not in str(reply.headers):
                return reply.say(b'{"message": "Authentication required"}', 401)
            some, headers = page_of(reply, rows, 2)
            return reply.say(json.dumps(some).encode(), 200, **headers)

        return answer
