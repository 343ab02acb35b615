"""GitLab CI: pipelines, the artifacts of their jobs, and deployments.

docs.gitlab.com/api: pipelines, jobs, job_artifacts, deployments.

- A pipeline is told as its jobs would tell it (`ingest.run_environment`), so that both ways lead to one run. It is
  looked at again when a job of it was retried; what the job left before stays, and is the retry's evidence.
- Of the jobs that declare JUnit reports the archive is read, since GitLab's own test report drops retries and
  properties; for those that have no archive, GitLab's report is.
- A pipeline that was canceled is incomplete; one that was skipped is no run. One that waits for a person is over.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import quote

import msgspec

from ingest.changes.fields import count, first_text, mapping, moment, text
from ingest.fetch.found import NOTHING_ELSE, Artifact, Document, FoundRun, Wanted, objects, rows_of
from ingest.fetch.site import Site
from ingest.model import RunIdentity, RunState, Trigger
from ingest.run_environment import GITLAB_TRIGGERS
from ingest.sources.url import Header

BASE_URL = "https://gitlab.com"
TOKENS = ("GITLAB_TOKEN",)
_PAGE = {"per_page": "100"}
_NEWEST = _PAGE | {"order_by": "updated_at", "sort": "desc"}
_OVER = frozenset({"success", "failed", "canceled", "manual"})
_REQUEST = re.compile(r"refs/merge-requests/(\d+)/")
_PARALLEL = re.compile(r"\A(.*\S)\s+(\d+)/(\d+)\Z", re.DOTALL)
_ENDS = {"success": "success", "failed": "failure", "canceled": "failure"}


def api_url(base_url: str) -> str:
    """The API's address by that of the server.

    >>> api_url(""), api_url("https://git.acme.example/"), api_url("https://git.acme.example/api/v4")
    ('https://gitlab.com/api/v4', 'https://git.acme.example/api/v4', 'https://git.acme.example/api/v4')
    """
    url = base_url.rstrip("/") or BASE_URL
    return url if url.endswith("/api/v4") else f"{url}/api/v4"


def headers(token: str) -> list[Header]:
    """What says who asks."""
    return [("PRIVATE-TOKEN", token)]


class GitLab:
    """One project.

    Args:
        project: its whole path, `group/project`.
        is_test_report: read GitLab's own test report instead of archives.
    """

    def __init__(self, site: Site, project: str, wanted: Wanted, *, is_test_report: bool = False) -> None:
        self._site = site
        self._project = project
        self._name = project.rpartition("/")[2]
        self._path = f"/projects/{quote(project, safe='')}"
        self._wanted = wanted
        self._is_test_report = is_test_report

    def runs(self) -> Iterator[FoundRun]:
        """Pipelines, those in which something was new last first."""
        query = _NEWEST | ({"ref": self._wanted.branch} if self._wanted.branch else {})
        for row in self._recent("pipelines", query):
            status = text(row.get("status"))
            if status != "skipped":
                path = f"{self._path}/pipelines/{text(row.get('id'))}"
                yield FoundRun(
                    self._site.address(f"{path}/"),
                    self._identity(row, status),
                    status in _OVER,
                    partial(self._artifacts, path),
                    text(row.get("updated_at")),
                )

    def deployments(self, is_known: Callable[[str], bool]) -> Iterator[Document]:
        """Deployments that have begun, as rows of a table of changes."""
        for row in self._recent("deployments", _NEWEST):
            status, job = text(row.get("status")), mapping(row.get("deployable"))
            address = self._site.address(f"{self._path}/deployments/{text(row.get('id'))}")
            if status not in (*_ENDS, "running") or (status in _ENDS and is_known(address)):
                continue
            finished = first_text(job, "finished_at") or text(row.get("updated_at"))
            started = first_text(job, "started_at") or text(row.get("created_at"))
            change = {
                "id": f"gitlab:deployment:{text(row.get('id'))}",
                "service": self._name,
                "version": first_text(row, "sha"),
                "environment": text(mapping(row.get("environment")).get("name")),
                "time": finished if status in _ENDS else started,
                "started": started,
                "status": _ENDS.get(status, "running"),
                "title": text(mapping(job.get("commit")).get("title")),
                "author": text(mapping(row.get("user")).get("username")),
                "url": text(job.get("web_url")),
                "commit": first_text(row, "sha"),
                "repository": self._project,
            }
            suffix = "" if status in _ENDS else "?status=running"
            yield Document(
                address + suffix, msgspec.json.encode({key: value for key, value in change.items() if value})
            )

    def _recent(self, what: str, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """The entries of a listing in which something was new since then."""
        for page in self._site.pages(f"{self._path}/{what}", query):
            for row in rows_of(page):
                at = moment(row.get("updated_at")) or moment(row.get("created_at"))
                if at is not None and at.ms < self._wanted.since_ms:
                    return
                yield row

    def _identity(self, row: Mapping[str, Any], status: str) -> RunIdentity:
        reference, started = text(row.get("ref")), moment(row.get("created_at"))
        request = _REQUEST.match(reference)
        state = RunState.INCOMPLETE if status == "canceled" else None
        return RunIdentity(
            pipeline=self._name,
            run_id=text(row.get("id")) or None,
            branch=None if request else reference or None,
            revision=text(row.get("sha")) or None,
            repository=self._project,
            trigger=Trigger.PRE_MERGE if request else GITLAB_TRIGGERS.get(text(row.get("source"))),
            state=state if status in _OVER else RunState.RUNNING,
            url=text(row.get("web_url")) or None,
            start_ms=started.ms if started else None,
            merge_request=request[1] if request else None,
        )

    def _artifacts(self, path: str) -> Sequence[Artifact]:
        """The archives of the jobs that are wanted, retried ones included, and GitLab's report of the others."""
        found, archived, unarchived = [], set[str](), False
        for page in self._site.pages(f"{path}/jobs", _PAGE | {"include_retried": "true"}):
            for job in rows_of(page):
                name = text(job.get("name"))
                kinds = {text(one.get("file_type")) for one in objects(job.get("artifacts"))}
                said = self._wanted.identity_of(name)
                if said is None and ("junit" not in kinds or self._wanted.artifact):
                    continue
                has_archive = "archive" in kinds or bool(mapping(job.get("artifacts_file")))
                if has_archive and not self._is_test_report:
                    archived |= {name, _group_of(name)}
                    found.append(self._archive(path, job, said or NOTHING_ELSE))
                unarchived |= "junit" in kinds and (self._is_test_report or not has_archive)
        if unarchived:
            open_it = partial(self._test_report, path, frozenset(archived))
            found.append(Artifact("test_report", self._site.address(f"{path}/test_report"), open_it))
        return found

    def _archive(self, path: str, job: Mapping[str, Any], said: RunIdentity) -> Artifact:
        """The archive of a job, of which its name says something by itself where it is one of several in parallel."""
        name, number = text(job.get("name")), text(job.get("id"))
        parallel = _PARALLEL.match(name)
        of_job = RunIdentity(
            job=name,
            job_url=text(job.get("web_url")) or None,
            shard_index=count(parallel[2]) if parallel else None,
            shard_total=count(parallel[3]) if parallel else None,
        )
        return Artifact(
            name,
            self._site.address(f"{path}/jobs/{number}/{quote(name, safe='')}.zip"),
            partial(self._site.open, f"{self._path}/jobs/{number}/artifacts"),
            count(mapping(job.get("artifacts_file")).get("size")),
            identity=said.over(of_job),
        )

    def _test_report(self, path: str, archived: frozenset[str]) -> BinaryIO:
        """GitLab's test report without the suites of jobs whose archives are read."""
        report = dict(mapping(self._site.load(f"{path}/test_report")))
        suites = objects(report.get("test_suites"))
        report["test_suites"] = [suite for suite in suites if text(suite.get("name")) not in archived]
        return io.BytesIO(msgspec.json.encode(report))


def _group_of(name: str) -> str:
    """What GitLab calls the suite of a parallel job.

    >>> _group_of("e2e 1/5"), _group_of("e2e")
    ('e2e', 'e2e')
    """
    parallel = _PARALLEL.match(name)
    return parallel[1] if parallel else name
