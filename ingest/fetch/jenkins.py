"""Jenkins: builds of a job, or of all branches of a multibranch job, with the test reports that Jenkins made of them.

www.jenkins.io/doc/book/using/remote-access-api, and the fields that `hudson.model.Run`, the Git plugin and the JUnit
plugin export.

- A build is told as its own job would tell it (`ingest.run_environment`), so that both ways lead to one run.
- What is read is Jenkins' own test report: builds seldom archive the files that it was made of.
- No address that Jenkins names is asked: its own idea of where it is need not be that of who asks.
- A build that was aborted is incomplete; one that was not built is no run. Jenkins knows no deployments.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from ingest.changes.fields import count, mapping, moment, text
from ingest.errors import Refused
from ingest.fetch.found import Artifact, Document, FoundRun, Wanted, objects, rows_of
from ingest.fetch.site import Site
from ingest.model import RunIdentity, RunState, Trigger
from ingest.run_environment import jenkins_run, pull_request_of, repository_of_url
from ingest.sources.url import Header

TOKENS = ("JENKINS_API_TOKEN", "JENKINS_TOKEN")
USERS = ("JENKINS_USER_ID", "JENKINS_USER")
_AT_ONCE = 50
_MOST_BUILDS = 10_000
"""Of one job, that are listed."""
_BUILD = (
    "number,url,result,building,timestamp,duration,actions[urlName,causes[_class],lastBuiltRevision[SHA1,branch[name]],"
    "remoteUrls]"
)
_REPORT = "suites[name,cases[className,name,status,duration,skippedMessage,errorDetails,errorStackTrace]]"
_TRIGGERS = (
    ("TimerTrigger", Trigger.SCHEDULE),
    ("SCMTrigger", Trigger.POST_MERGE),
    ("BranchEventCause", Trigger.POST_MERGE),
    ("BranchIndexingCause", Trigger.POST_MERGE),
    ("PushCause", Trigger.POST_MERGE),
    ("UserIdCause", Trigger.MANUAL),
)
_REF = ("refs/remotes/", "refs/heads/", "origin/")


def headers(token: str, user: str) -> list[Header]:
    """What says who asks."""
    if not user:
        return [("Authorization", f"Bearer {token}")]
    return [("Authorization", "Basic " + b64encode(f"{user}:{token}".encode()).decode())]


class Jenkins:
    """One job; its address is the site's."""

    def __init__(self, site: Site, wanted: Wanted) -> None:
        self._site = site
        self._wanted = wanted

    def runs(self) -> Iterator[FoundRun]:
        """Builds, the newest first; of a multibranch job, branch by branch."""
        job = mapping(self._site.load("/api/json", {"tree": "_class,fullName,name,jobs[name]"}))
        name = text(job.get("fullName")) or text(job.get("name"))
        if "jobs" not in job:
            yield from self._builds("", name, None)
            return
        inner = [text(one.get("name")) for one in objects(job["jobs"])]
        if "MultiBranch" not in text(job.get("_class")):
            raise Refused("no-job", f"is a folder; fetch its jobs one by one: {', '.join(inner[:20]) or 'it has none'}")
        for encoded in inner:
            if self._wanted.branch in ("", unquote(encoded)):
                path = f"/job/{quote(encoded, safe='')}"
                yield from self._builds(path, f"{name}/{encoded}", unquote(encoded))

    def deployments(self, _: Callable[[str], bool]) -> Iterator[Document]:
        """None."""
        return iter(())

    def _builds(self, path: str, name: str, branch: str | None) -> Iterator[FoundRun]:
        """The builds of a job that are wanted."""
        for first in range(0, _MOST_BUILDS, _AT_ONCE):
            tree = f"allBuilds[{_BUILD}]{{{first},{first + _AT_ONCE}}}"
            rows = rows_of(self._site.load(f"{path}/api/json", {"tree": tree}), "allBuilds", "number")
            for row in rows:
                identity = self._identity(row, name, branch)
                if identity.start_ms is not None and identity.start_ms < self._wanted.since_ms:
                    return
                is_asked = branch is not None or self._wanted.branch in ("", identity.branch)
                if is_asked and text(row.get("result")) != "NOT_BUILT":
                    number = f"{path}/{count(row.get('number'))}"
                    has_report = any(text(one.get("urlName")) == "testReport" for one in objects(row.get("actions")))
                    yield FoundRun(
                        self._site.address(f"{number}/"),
                        identity,
                        row.get("building") is not True,
                        partial(self._report, number, has_report),
                    )
            if len(rows) < _AT_ONCE:
                return

    def _report(self, path: str, has_report: bool) -> Sequence[Artifact]:
        """Jenkins' report of a build, where it made one."""
        if not has_report:
            return ()
        query = {"tree": f"failCount,passCount,skipCount,{_REPORT},childReports[result[{_REPORT}]]"}
        open_it = partial(self._site.open, f"{path}/testReport/api/json", query)
        return (Artifact("testReport", self._site.address(f"{path}/testReport.json"), open_it),)

    def _identity(self, row: Mapping[str, Any], name: str, branch: str | None) -> RunIdentity:
        started, duration = moment(row.get("timestamp")), count(row.get("duration"))
        causes = [
            text(one.get("_class")) for action in objects(row.get("actions")) for one in objects(action.get("causes"))
        ]
        built = next((one for one in objects(row.get("actions")) if one.get("lastBuiltRevision")), {})
        revision = mapping(built.get("lastBuiltRevision"))
        reference = next((text(one.get("name")) for one in objects(revision.get("branch"))), "")
        request = branch.removeprefix("PR-") if branch is not None and branch.startswith("PR-") else None
        request = request or pull_request_of(reference)
        is_over = row.get("building") is not True
        state = RunState.INCOMPLETE if text(row.get("result")) == "ABORTED" else None
        trigger = next((one for word, one in _TRIGGERS for cause in causes if word in cause), None)
        urls = built.get("remoteUrls")
        branch = branch or _branch_of(reference)
        pipeline, run = jenkins_run(name, text(row.get("number")), branch or "")
        return RunIdentity(
            pipeline=pipeline or None,
            run_id=run or None,
            branch=branch,
            revision=text(revision.get("SHA1")) or None,
            repository=repository_of_url(text(urls[0])) if isinstance(urls, list) and urls else None,
            trigger=Trigger.PRE_MERGE if request else trigger,
            state=state if is_over else RunState.RUNNING,
            url=text(row.get("url")) or None,
            start_ms=started.ms if started else None,
            end_ms=started.ms + duration if started and duration and is_over else None,
            merge_request=request,
        )


def _branch_of(reference: str) -> str | None:
    """A branch's own name, of what the Git plugin calls it.

    >>> _branch_of("refs/remotes/origin/main"), _branch_of("detached")
    ('main', None)
    """
    for prefix in _REF:
        reference = reference.removeprefix(prefix)
    return reference if reference not in ("", "detached") else None
