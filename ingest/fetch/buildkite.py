"""Buildkite: builds of a pipeline with the artifacts of their jobs.

buildkite.com/docs/apis/rest-api: builds, artifacts.

- A build is told as its jobs would tell it (`ingest.run_environment`), so that both ways lead to one run; a job that
  was retried is an attempt of it.
- A build that was canceled is incomplete; one that was skipped or not run is no run. One that waits for a person is
  over. Buildkite knows no deployments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from ingest.changes.fields import count, first_text, mapping, moment, text
from ingest.fetch.found import Artifact, Document, FoundRun, Wanted, objects, rows_of
from ingest.fetch.site import Site
from ingest.model import RunIdentity, RunState, Trigger
from ingest.run_environment import BUILDKITE_TRIGGERS, repository_of_url
from ingest.sources.url import Header

BASE_URL = "https://api.buildkite.com"
TOKENS = ("BUILDKITE_API_TOKEN", "BUILDKITE_TOKEN")
_BUILDS = {"per_page": "30", "include_retried_jobs": "true"}
_OVER = frozenset({"passed", "failed", "canceled", "blocked"})
_NO_RUN = frozenset({"skipped", "not_run"})
_GONE = frozenset({"deleted", "expired"})


def api_url(base_url: str) -> str:
    """The API's address.

    >>> api_url(""), api_url("https://ci.acme.example/")
    ('https://api.buildkite.com/v2', 'https://ci.acme.example/v2')
    """
    url = base_url.rstrip("/") or BASE_URL
    return url if url.endswith("/v2") else f"{url}/v2"


def headers(token: str) -> list[Header]:
    """What says who asks."""
    return [("Authorization", f"Bearer {token}")]


class Buildkite:
    """One pipeline.

    Args:
        project: `organization/pipeline`, both as they stand in addresses.
    """

    def __init__(self, site: Site, project: str, wanted: Wanted) -> None:
        self._site = site
        organization, _, self._name = project.partition("/")
        self._path = f"/organizations/{quote(organization, safe='')}/pipelines/{quote(self._name, safe='')}/builds"
        self._wanted = wanted

    def runs(self) -> Iterator[FoundRun]:
        """Builds, the newest first."""
        query = _BUILDS | ({"branch": self._wanted.branch} if self._wanted.branch else {})
        for page in self._site.pages(self._path, query):
            for row in rows_of(page, number="number"):
                created, state = moment(row.get("created_at")), text(row.get("state"))
                if created is not None and created.ms < self._wanted.since_ms:
                    return
                if state not in _NO_RUN:
                    path = f"{self._path}/{count(row.get('number'))}"
                    jobs = {text(job.get("id")): job for job in objects(row.get("jobs"))}
                    yield FoundRun(
                        self._site.address(f"{path}/"),
                        self._identity(row, state),
                        state in _OVER,
                        partial(self._artifacts, path, jobs),
                        state,
                    )

    def deployments(self, _: Callable[[str], bool]) -> Iterator[Document]:
        """None."""
        return iter(())

    def _identity(self, row: Mapping[str, Any], state: str) -> RunIdentity:
        pipeline = mapping(row.get("pipeline"))
        request = text(mapping(row.get("pull_request")).get("id")) or None
        started, ended = moment(row.get("started_at")) or moment(row.get("created_at")), moment(row.get("finished_at"))
        broken_off = RunState.INCOMPLETE if state == "canceled" else None
        return RunIdentity(
            pipeline=text(pipeline.get("slug")) or self._name,
            run_id=text(row.get("number")),
            run_attempt=1,
            branch=text(row.get("branch")) or None,
            revision=text(row.get("commit")) or None,
            repository=repository_of_url(text(pipeline.get("repository"))),
            trigger=Trigger.PRE_MERGE if request else BUILDKITE_TRIGGERS.get(text(row.get("source"))),
            state=broken_off if state in _OVER else RunState.RUNNING,
            url=text(row.get("web_url")) or None,
            start_ms=started.ms if started else None,
            end_ms=ended.ms if ended and state in _OVER else None,
            merge_request=request,
        )

    def _artifacts(self, path: str, jobs: Mapping[str, Mapping[str, Any]]) -> Sequence[Artifact]:
        """The artifacts of all jobs that are wanted, each a file."""
        found = []
        for page in self._site.pages(f"{path}/artifacts", {"per_page": "100"}):
            for row in objects(page):
                name, job = text(row.get("path")), text(row.get("job_id"))
                said = self._wanted.identity_of(name)
                if said is not None and text(row.get("state")) in {"finished", *_GONE}:
                    number = quote(text(row.get("id")), safe="")
                    download = f"{path}/jobs/{quote(job, safe='')}/artifacts/{number}/download"
                    found.append(
                        Artifact(
                            name,
                            self._site.address(f"{path}/artifacts/{number}/{quote(name, safe='')}"),
                            partial(self._site.open, download),
                            count(row.get("file_size")),
                            text(row.get("state")) in _GONE,
                            said.over(_identity_of(jobs.get(job, {}))),
                        )
                    )
        return found


def _identity_of(job: Mapping[str, Any]) -> RunIdentity:
    """What is known of a job."""
    total, index = count(job.get("parallel_group_total")), count(job.get("parallel_group_index"))
    is_shard = total is not None and total > 1 and index is not None
    return RunIdentity(
        run_attempt=(count(job.get("retries_count")) or 0) + 1,
        job=first_text(job, "step_key", "name") or None,
        job_url=text(job.get("web_url")) or None,
        shard_index=index + 1 if is_shard and index is not None else None,
        shard_total=total if is_shard else None,
    )
