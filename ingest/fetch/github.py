"""GitHub Actions: runs of workflows, their artifacts, and deployments.

docs.github.com/rest: actions/workflows, actions/workflow-runs, actions/artifacts, deployments.

- A run is told as its own job would tell it (`ingest.run_environment`), so that both ways lead to one run. The server
  lists the artifacts of all attempts together; each belongs to the attempt that had begun last when it was made.
- A run that was cancelled, timed out or could not start is incomplete; one that was skipped is no run.
- A deployment is over with the first status that says how it ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any
from urllib.parse import quote

import msgspec

from ingest.changes.fields import count, mapping, moment, text
from ingest.errors import Refused
from ingest.fetch.found import Artifact, Document, FoundRun, Wanted, objects, rows_of
from ingest.fetch.site import Site
from ingest.model import RunIdentity, RunState, Trigger
from ingest.run_environment import GITHUB_TRIGGERS
from ingest.sources.url import Header

BASE_URL = "https://api.github.com"
TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
_PAGE = {"per_page": "100"}
_ATTEMPT = re.compile(r"/attempts/\d+\Z")
_MOST_ATTEMPTS = 20
"""Of one run, that are fetched."""
_BROKEN_OFF = frozenset({"cancelled", "timed_out", "startup_failure", "stale"})
_NO_RUN = frozenset({"skipped", "action_required"})
_ENDS = ("success", "failure", "error", "inactive")


def api_url(base_url: str) -> str:
    """The API's address by that of GitHub or of GitHub Enterprise.

    >>> api_url("https://github.com"), api_url("https://github.acme.example/"), api_url("https://g.example/api/v3")
    ('https://api.github.com', 'https://github.acme.example/api/v3', 'https://g.example/api/v3')
    """
    url = base_url.rstrip("/")
    if url in ("", "https://github.com", BASE_URL):
        return BASE_URL
    return url if url.endswith("/api/v3") else f"{url}/api/v3"


def headers(token: str) -> list[Header]:
    """What says who asks."""
    return [("Authorization", f"Bearer {token}"), ("X-GitHub-Api-Version", "2022-11-28")]


class GitHub:
    """One repository.

    Args:
        project: `owner/name`.
    """

    def __init__(self, site: Site, project: str, wanted: Wanted) -> None:
        self._site = site
        self._project = project
        self._path = f"/repos/{quote(project, safe='/')}"
        self._wanted = wanted

    def runs(self) -> Iterator[FoundRun]:
        """Attempts of runs, the newest run first, the first attempt of a run first."""
        query = _PAGE | ({"branch": self._wanted.branch} if self._wanted.branch else {})
        of_workflow = f"/workflows/{self._workflow_id()}" if self._wanted.workflow else ""
        for page in self._site.pages(f"{self._path}/actions{of_workflow}/runs", query):
            rows = rows_of(page, "workflow_runs")
            for row in rows:
                if self._is_recent(row) and text(row.get("conclusion")) not in _NO_RUN:
                    yield from self._attempts(row)
            if rows and not any(map(self._is_recent, rows)):
                return

    def deployments(self, is_known: Callable[[str], bool]) -> Iterator[Document]:
        """Deployments with the status that says how they ended, where there is one."""
        for page in self._site.pages(f"{self._path}/deployments", _PAGE):
            rows = rows_of(page)
            for row in rows:
                path = f"{self._path}/deployments/{text(row.get('id'))}"
                over = self._site.address(f"{path}/statuses")
                if not self._is_recent(row) or is_known(over):
                    continue
                end = self._end_of(path)
                said = {"deployment": row, "repository": {"full_name": self._project}}
                said |= {"deployment_status": end} if end else {}
                yield Document(over if end else self._site.address(path), msgspec.json.encode(said))
            if rows and not any(map(self._is_recent, rows)):
                return

    def _is_recent(self, row: Mapping[str, Any]) -> bool:
        at = moment(row.get("created_at"))
        return at is None or at.ms >= self._wanted.since_ms

    def _workflow_id(self) -> str:
        """Of the workflow that is asked for by its name, its file or its id."""
        asked, names = self._wanted.workflow, []
        for page in self._site.pages(f"{self._path}/actions/workflows", _PAGE):
            for row in rows_of(page, "workflows"):
                file = text(row.get("path")).rpartition("/")[2]
                if asked in (text(row.get("name")), file, text(row.get("id"))):
                    return text(row.get("id"))
                names.append(file or text(row.get("name")))
        there = f"there are {', '.join(names[:20])}" if names else "there is none"
        raise Refused("no-workflow", f"no workflow is called {asked}; {there}")

    def _attempts(self, row: Mapping[str, Any]) -> Iterator[FoundRun]:
        """The earlier attempts of a run, and the one that is listed."""
        run, last = text(row.get("id")), count(row.get("run_attempt")) or 1
        path = f"{self._path}/actions/runs/{run}"
        rows = {}
        for number in range(max(1, last - _MOST_ATTEMPTS + 1), last):
            try:
                rows[number] = mapping(self._site.load(f"{path}/attempts/{number}"))
            except Refused as refusal:
                known = RunIdentity(pipeline=self._identity(row, last).pipeline, run_id=run, run_attempt=number)
                address = self._site.address(f"{path}/attempts/{number}/")
                yield FoundRun(address, known, True, partial(_cannot_be_read, refusal))
        rows[last] = row
        starts = [*map(_start_of, rows.values()), None]
        list_all = cache(partial(self._artifacts, path))
        for at, (number, one) in enumerate(rows.items()):
            address = self._site.address(f"{path}/attempts/{number}/")
            yield FoundRun(
                address,
                self._identity(one, number),
                text(one.get("status")) == "completed",
                partial(_made_between, list_all, address, starts[at] if at else None, starts[at + 1]),
            )

    def _identity(self, row: Mapping[str, Any], attempt: int) -> RunIdentity:
        request = next(iter(objects(row.get("pull_requests"))), {})
        trigger = GITHUB_TRIGGERS.get(text(row.get("event")))
        state = RunState.INCOMPLETE if text(row.get("conclusion")) in _BROKEN_OFF else None
        return RunIdentity(
            pipeline=text(row.get("name")) or text(row.get("path")).rpartition("/")[2] or None,
            run_id=text(row.get("id")) or None,
            run_attempt=attempt,
            branch=text(row.get("head_branch")) or None,
            revision=text(row.get("head_sha")) or None,
            base_revision=text(mapping(request.get("base")).get("sha")) or None,
            repository=text(mapping(row.get("repository")).get("full_name")) or self._project,
            trigger=trigger,
            state=state if text(row.get("status")) == "completed" else RunState.RUNNING,
            url=_page_of(text(row.get("html_url")), attempt),
            start_ms=_start_of(row),
            merge_request=text(request.get("number")) or None if trigger is Trigger.PRE_MERGE else None,
        )

    def _artifacts(self, path: str) -> tuple[tuple[int | None, Artifact], ...]:
        """(when it was made, artifact) of all attempts of a run that are wanted."""
        found = []
        for page in self._site.pages(f"{path}/artifacts", _PAGE):
            for row in rows_of(page, "artifacts"):
                name, made, number = text(row.get("name")), moment(row.get("created_at")), text(row.get("id"))
                said = self._wanted.identity_of(name)
                if said is not None:
                    one = Artifact(
                        name,
                        f"{number}/{quote(name, safe='')}.zip",
                        partial(self._site.open, f"{self._path}/actions/artifacts/{number}/zip"),
                        count(row.get("size_in_bytes")),
                        row.get("expired") is True,
                        said,
                    )
                    found.append((made.ms if made else None, one))
        return tuple(found)

    def _end_of(self, path: str) -> Mapping[str, Any] | None:
        """The newest status that says how a deployment ended: that a later one took over only where no other does."""
        page = self._site.load(f"{path}/statuses", _PAGE)
        ends = [row for row in objects(page) if text(row.get("state")) in _ENDS]
        return next((row for row in ends if text(row.get("state")) != "inactive"), ends[0] if ends else None)


def _page_of(url: str, attempt: int) -> str | None:
    """The page of an attempt; the server names that of the first one differently once there is another.

    >>> _page_of("https://x/runs/7/attempts/1", 1), _page_of("https://x/runs/7", 2)
    ('https://x/runs/7', 'https://x/runs/7/attempts/2')
    """
    page = _ATTEMPT.sub("", url)
    return (f"{page}/attempts/{attempt}" if attempt > 1 else page) if page else None


def _start_of(row: Mapping[str, Any]) -> int | None:
    at = moment(row.get("run_started_at")) or moment(row.get("created_at"))
    return at.ms if at else None


def _cannot_be_read(refusal: Refused) -> Sequence[Artifact]:
    raise refusal


def _made_between(
    list_all: Callable[[], tuple[tuple[int | None, Artifact], ...]], address: str, start: int | None, end: int | None
) -> Sequence[Artifact]:
    """The artifacts that were made while an attempt was the newest; those without a time are the last one's."""
    return [
        replace(artifact, address=f"{address}artifacts/{artifact.address}")
        for made, artifact in list_all()
        if (start is None or made is None or made >= start) and (end is None or (made is not None and made < end))
    ]
