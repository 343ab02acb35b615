"""A server that answers as Jenkins' remote access API does, with the keys that are read."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from tests.ingest.fetch.fake_github import TOKEN
from tests.loopback import Answer, Handler, Server

_RANGE = re.compile(r"%7B(\d+)%2C(\d+)%7D")


class FakeJenkins:
    """One job at `/job/shop`; with branches, a multibranch one."""

    def __init__(self, api: Server, *branches: str) -> None:
        self.api = api
        self.url = f"{api.url}/job/shop"
        self.builds: dict[str, list[dict[str, Any]]] = {}
        self.job: dict[str, Any] = {"_class": "hudson.model.FreeStyleProject", "fullName": "shop", "name": "shop"}
        if branches:
            kind = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
            self.job |= {"_class": kind, "jobs": [{"name": branch} for branch in branches]}
        api.answers["/job/shop/api/json"] = self._json(self._job)

    def build(self, number: int, report: dict[str, Any] | None = None, path: str = "/job/shop", **more: Any) -> None:
        """Add a build; later ones come first."""
        actions: list[dict[str, Any]] = [
            {"causes": [{"_class": "hudson.triggers.TimerTrigger$TimerTriggerCause"}]},
            {},
            {
                "lastBuiltRevision": {"SHA1": f"{number:040x}", "branch": [{"name": "refs/remotes/origin/main"}]},
                "remoteUrls": ["https://git.example/acme/shop.git"],
            },
        ]
        if report is not None:
            actions.append({"urlName": "testReport"})
            self.api.answers[f"{path}/{number}/testReport/api/json"] = self._json(lambda _: report)
        self.builds.setdefault(path, []).insert(
            0,
            {
                "number": number,
                "url": f"https://ci.example{path}/{number}/",
                "result": "UNSTABLE",
                "building": False,
                "timestamp": 1772330400000 + number * 1000,
                "duration": 60_000,
                "actions": actions,
            }
            | more,
        )
        if path != "/job/shop":
            self.api.answers[f"{path}/api/json"] = self._json(lambda reply: self._some(reply, path))

    def _job(self, reply: Handler) -> dict[str, Any]:
        return self._some(reply, "/job/shop") if "allBuilds" in reply.path else self.job

    def _some(self, reply: Handler, path: str) -> dict[str, Any]:
        found = _RANGE.search(reply.path)
        assert found is not None
        return {"allBuilds": self.builds.get(path, [])[int(found[1]) : int(found[2])]}

    def _json(self, found: Any) -> Answer:
        def answer(reply: Handler) -> None:
            if reply.headers.get("Authorization") != "Basic " + base64.b64encode(f"ada:{TOKEN}".encode()).decode():
                return reply.say(b"<html>log in</html>", 403)
            return reply.say(json.dumps(found(reply)).encode())

        return answer
