"""What CI servers say of a run is what its own job would say; no address that they name is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.fetch import buildkite, github, gitlab, jenkins
from ingest.fetch.found import FoundRun, Provider, Wanted
from ingest.fetch.site import Site
from ingest.limits import Limits
from ingest.model import RunIdentity, RunState, Trigger
from ingest.sources.url import Header
from tests.ingest.fetch.fake_buildkite import FakeBuildkite
from tests.ingest.fetch.fake_github import FAILED, PASSED, TOKEN, FakeGitHub, packed, saying
from tests.ingest.fetch.fake_gitlab import FakeGitLab
from tests.ingest.fetch.fake_jenkins import FakeJenkins
from tests.loopback import Server

LIMITS = Limits(fetch_seconds=60)
MARCH_1 = 1772330400000
"""2026-03-01T02:00:00Z"""


_open_sites = ExitStack()


@pytest.fixture(autouse=True)
def closed_sites() -> Iterator[None]:
    """No connection outlives its test."""
    with _open_sites:
        yield


def site_at(url: str, headers: list[Header]) -> Site:
    """A server's API, until the test ends."""
    return _open_sites.enter_context(Site(url, headers, "CI_TOKEN", LIMITS))


def of_github(server: Server, wanted: Wanted = Wanted(0)) -> github.GitHub:  # noqa: B008 - frozen
    return github.GitHub(site_at(github.api_url(server.url), github.headers(TOKEN)), "acme/shop", wanted)


def of_gitlab(server: Server, wanted: Wanted = Wanted(0), *, is_test_report: bool = False) -> gitlab.GitLab:  # noqa: B008
    site = site_at(gitlab.api_url(server.url), gitlab.headers(TOKEN))
    return gitlab.GitLab(site, "acme/tills/shop", wanted, is_test_report=is_test_report)


def of_buildkite(server: Server, wanted: Wanted = Wanted(0)) -> buildkite.Buildkite:  # noqa: B008 - frozen
    site = site_at(buildkite.api_url(server.url), buildkite.headers(TOKEN))
    return buildkite.Buildkite(site, "acme/shop", wanted)


def of_jenkins(fake: FakeJenkins, wanted: Wanted = Wanted(0)) -> jenkins.Jenkins:  # noqa: B008
    return jenkins.Jenkins(site_at(fake.url, jenkins.headers(TOKEN, "ada")), wanted)


def ids(provider: Provider) -> list[str | None]:
    """The run ids in the order of the server."""
    return [found.identity.run_id for found in provider.runs()]


def names(found: FoundRun) -> list[str]:
    """The names of what a run left."""
    return [artifact.name for artifact in found.list_artifacts()]


def changes(provider: Provider, *known: str) -> list[tuple[str, Any]]:
    """(last parts of the address, content) of the deployments."""
    found = provider.deployments(lambda address: address.endswith(known) if known else False)
    return [(one.address.partition("/deployments/")[2], json.loads(one.data)) for one in found]


def test_a_run_of_github(servers: tuple[Server, Server]) -> None:
    """As `ingest.run_environment` has it of the variables in its job."""
    fake = FakeGitHub(*servers)
    fake.run(17, fake.artifact(1, "e2e-results", b""), fake.artifact(2, "dist", b""))
    (found,) = of_github(servers[0]).runs()
    assert found.identity == RunIdentity(
        pipeline="nightly",
        run_id="17",
        run_attempt=1,
        branch="main",
        revision=f"{17:040x}",
        repository="acme/shop",
        trigger=Trigger.SCHEDULE,
        url="https://github.example/acme/shop/actions/runs/17",
        start_ms=MARCH_1,
    )
    assert (found.is_over, names(found)) == (True, ["e2e-results"])
    (found,) = of_github(servers[0], Wanted(0, artifact="d*t")).runs()
    assert names(found) == ["dist"]


@pytest.mark.parametrize(
    ("status", "conclusion", "state", "is_over"),
    [
        ("completed", "success", None, True),
        ("completed", "cancelled", RunState.INCOMPLETE, True),
        ("completed", "timed_out", RunState.INCOMPLETE, True),
        ("in_progress", None, RunState.RUNNING, False),
        ("queued", None, RunState.RUNNING, False),
    ],
)
def test_how_far_a_run_of_github_got(
    servers: tuple[Server, Server], status: str, conclusion: str | None, state: RunState | None, is_over: bool
) -> None:
    """Whether it is complete its reports say, where nothing broke it off."""
    FakeGitHub(*servers).run(1, status=status, conclusion=conclusion)
    (found,) = of_github(servers[0]).runs()
    assert (found.identity.state, found.is_over) == (state, is_over)


def test_attempts_of_github_have_their_own_artifacts(servers: tuple[Server, Server]) -> None:
    """By when these were made; an attempt that cannot be read is said and does not hide the others."""
    fake = FakeGitHub(*servers)
    times = ("2026-03-01T02:10:00Z", "2026-03-01T04:10:00Z", "2026-03-01T06:10:00Z")
    some = [fake.artifact(at, f"test-{at}", b"", created_at=time) for at, time in enumerate(times, 1)]
    last = fake.run(17, *some, run_attempt=3, run_started_at="2026-03-01T06:00:00Z", event="pull_request")
    fake.api.answers[f"{fake.path}/actions/runs/17/attempts/1"] = saying(
        last | {"run_attempt": 1, "run_started_at": "2026-03-01T02:00:00Z"}
    )
    fake.api.answers[f"{fake.path}/actions/runs/17/attempts/2"] = lambda reply: reply.say(b"", 500)
    unread, first, third = of_github(servers[0]).runs()
    assert (unread.identity.run_attempt, first.identity.run_attempt, third.identity.run_attempt) == (2, 1, 3)
    with pytest.raises(Refused, match="500"):
        unread.list_artifacts()
    assert (names(first), names(third)) == (["test-1", "test-2"], ["test-3"])
    assert third.identity.trigger is Trigger.PRE_MERGE


def test_what_is_asked_for_of_github(servers: tuple[Server, Server]) -> None:
    """By name or file of the workflow, back to a time; skipped runs are none."""
    fake = FakeGitHub(*servers)
    for number, day in ((1, "01"), (2, "02"), (3, "03"), (4, "04"), (5, "05")):
        fake.run(number, created_at=f"2026-03-{day}T02:00:00Z", conclusion="skipped" if number == 4 else "success")
    assert ids(of_github(servers[0])) == ["5", "3", "2", "1"]
    asked = len(servers[0].asked)
    assert ids(of_github(servers[0], Wanted(MARCH_1 + 2 * 86_400_000))) == ["5", "3"]
    assert len(servers[0].asked) - asked == 3, "the pages behind are asked for until all of one is older"
    for name in ("nightly", "e2e.yml", "7"):
        assert ids(of_github(servers[0], Wanted(0, workflow=name))) == ["5", "3", "2", "1"]
    with pytest.raises(Refused, match=r"no workflow is called weekly; there are e2e\.yml"):
        ids(of_github(servers[0], Wanted(0, workflow="weekly")))


def test_deployments_of_github(servers: tuple[Server, Server]) -> None:
    """With how they ended; what is over and known is not asked for again, what goes on is."""
    fake = FakeGitHub(*servers)
    fake.deployment(1, "inactive", "success", "in_progress")
    fake.deployment(2, "in_progress")
    fake.deployment(3, "inactive")
    found = dict(changes(of_github(servers[0])))
    assert set(found) == {"1/statuses", "2", "3/statuses"}
    assert found["1/statuses"]["deployment_status"]["state"] == "success"
    assert "deployment_status" not in found["2"]
    servers[0].asked.clear()
    again = changes(of_github(servers[0]), "/1/statuses", "/3/statuses")
    assert [address for address, _ in again] == ["2"]
    assert [path for path, _ in servers[0].asked if "statuses" in path] == [
        f"{fake.path}/deployments/2/statuses?per_page=100"
    ]


def test_a_pipeline_of_gitlab(servers: tuple[Server, Server]) -> None:
    """As `ingest.run_environment` has it of the variables in its jobs, with each job's own; all their archives."""
    fake = FakeGitLab(servers[0])
    jobs = fake.job(5, "e2e 1/2", packed(a_xml=PASSED)), fake.job(6, "e2e 2/2", packed(a_xml=FAILED))
    fake.pipeline(17, *jobs, fake.job(7, "build", b"PK", junit=False), fake.job(8, "lint", junit=False))
    (found,) = of_gitlab(servers[0]).runs()
    assert found.identity == RunIdentity(
        pipeline="shop",
        run_id="17",
        branch="main",
        revision=f"{17:040x}",
        repository="acme/tills/shop",
        trigger=Trigger.SCHEDULE,
        url="https://gitlab.example/acme/tills/shop/-/pipelines/17",
        start_ms=MARCH_1 + 123,
    )
    artifacts = found.list_artifacts()
    assert [(one.identity.job, one.identity.shard_index, one.identity.shard_total) for one in artifacts] == [
        ("e2e 1/2", 1, 2),
        ("e2e 2/2", 2, 2),
    ]
    assert names(next(of_gitlab(servers[0], Wanted(0, artifact="b*")).runs())) == ["build"]


def test_names_that_say_something(servers: tuple[Server, Server]) -> None:
    """Of artifacts and jobs: the variant, the shard, the environment, by a template as for paths."""
    fake, other = FakeGitHub(*servers), FakeGitLab(servers[0])
    fake.run(1, *(fake.artifact(at, f"junit-{name}", b"") for at, name in enumerate(("linux-canary", "dist"))))
    (found,) = of_github(servers[0], Wanted(0, artifact="junit-{variant.os}-{environment}")).runs()
    (artifact,) = found.list_artifacts()
    assert artifact.identity == RunIdentity(environment="canary", variant=(("os", "linux"),))
    other.pipeline(1, other.job(5, "e2e: [linux, firefox]", packed(a_xml=PASSED)), other.job(6, "lint", b"PK"))
    (found,) = of_gitlab(servers[0], Wanted(0, artifact="e2e: [{variant.os}, {variant.browser}]")).runs()
    (artifact,) = found.list_artifacts()
    assert artifact.identity.variant == (("browser", "firefox"), ("os", "linux"))
    assert artifact.identity.job == "e2e: [linux, firefox]"


def test_jobs_of_gitlab_without_an_archive(servers: tuple[Server, Server]) -> None:
    """GitLab's own report stands in for them, without what archives tell."""
    fake = FakeGitLab(servers[0])
    fake.pipeline(17, fake.job(5, "e2e 1/2", packed(a_xml=PASSED)), fake.job(6, "unit"))
    fake.test_report(17, {"total_count": 2, "test_suites": [{"name": "e2e"}, {"name": "unit"}]})

    def suites(is_test_report: bool) -> tuple[list[str], list[str]]:
        (found,) = of_gitlab(servers[0], is_test_report=is_test_report).runs()
        with found.list_artifacts()[-1].open() as body:
            return names(found), [suite["name"] for suite in json.loads(body.read())["test_suites"]]

    assert suites(False) == (["e2e 1/2", "test_report"], ["unit"])
    assert suites(True) == (["test_report"], ["e2e", "unit"])


def test_how_far_a_pipeline_of_gitlab_got(servers: tuple[Server, Server]) -> None:
    """One that waits for a person is over; a merge request's has no branch of its own."""
    fake = FakeGitLab(servers[0])
    for number, status in enumerate(("success", "canceled", "manual", "running", "skipped"), 1):
        fake.pipeline(number, status=status, ref="refs/merge-requests/12/head")
    found = {run.identity.run_id: run for run in of_gitlab(servers[0]).runs()}
    assert {name: (run.identity.state, run.is_over) for name, run in found.items()} == {
        "4": (RunState.RUNNING, False),
        "3": (None, True),
        "2": (RunState.INCOMPLETE, True),
        "1": (None, True),
    }
    known = found["1"].identity
    assert (known.branch, known.merge_request, known.trigger) == (None, "12", Trigger.PRE_MERGE)


def test_deployments_of_gitlab(servers: tuple[Server, Server]) -> None:
    """Those that have begun; those that are over once."""
    fake = FakeGitLab(servers[0])
    for number, status in enumerate(("success", "failed", "running", "blocked", "created"), 1):
        fake.deployment(number, status)
    found = dict(changes(of_gitlab(servers[0])))
    assert {address: (row["status"], row["time"]) for address, row in found.items()} == {
        "3?status=running": ("running", "2026-03-01T01:01:00.000Z"),
        "2": ("failure", "2026-03-01T01:09:00.000Z"),
        "1": ("success", "2026-03-01T01:09:00.000Z"),
    }
    assert found["1"]["id"] == "gitlab:deployment:1"
    assert [address for address, _ in changes(of_gitlab(servers[0]), "/1", "/2")] == ["3?status=running"]


def test_listings_of_gitlab_end_with_what_is_older(servers: tuple[Server, Server]) -> None:
    """In the order of what was new last."""
    fake = FakeGitLab(servers[0])
    for number in range(1, 8):
        fake.pipeline(number, updated_at=f"2026-03-0{number}T02:00:00Z")
    assert ids(of_gitlab(servers[0], Wanted(MARCH_1 + 4 * 86_400_000))) == ["7", "6", "5"]
    assert len(servers[0].asked) == 2


def test_a_build_of_jenkins(servers: tuple[Server, Server]) -> None:
    """As `ingest.run_environment` has it of the variables in it; what Jenkins calls itself is not asked."""
    fake = FakeJenkins(servers[0])
    fake.build(8, {"suites": []})
    fake.build(9, None, building=True, result=None)
    fake.build(10, None, result="ABORTED")
    fake.build(11, None, result="NOT_BUILT")
    aborted, running, found = of_jenkins(fake).runs()
    assert found.identity == RunIdentity(
        pipeline="shop",
        run_id="8",
        branch="main",
        revision=f"{8:040x}",
        repository="acme/shop",
        trigger=Trigger.SCHEDULE,
        url="https://ci.example/job/shop/8/",
        start_ms=MARCH_1 + 8000,
        end_ms=MARCH_1 + 68_000,
    )
    assert (names(found), names(running)) == (["testReport"], [])
    assert (aborted.identity.state, running.identity.state) == (RunState.INCOMPLETE, RunState.RUNNING)
    assert (aborted.is_over, running.is_over, running.identity.end_ms) == (True, False, None)


def test_branches_of_a_multibranch_job(servers: tuple[Server, Server]) -> None:
    """Each counts from 1; a name with a slash is encoded twice in its address."""
    fake = FakeJenkins(servers[0], "main", "feature%2Fx", "PR-4")
    for path in ("main", "feature%252Fx", "PR-4"):
        fake.build(1, {"suites": []}, f"/job/shop/job/{path}")
    found = [run.identity for run in of_jenkins(fake).runs()]
    assert [(one.pipeline, one.run_id, one.branch, one.trigger) for one in found] == [
        ("shop", "main#1", "main", Trigger.SCHEDULE),
        ("shop", "feature%2Fx#1", "feature/x", Trigger.SCHEDULE),
        ("shop", "PR-4#1", "PR-4", Trigger.PRE_MERGE),
    ]
    assert ids(of_jenkins(fake, Wanted(0, branch="main"))) == ["main#1"]


def test_many_builds_of_jenkins(servers: tuple[Server, Server]) -> None:
    """They are asked for some at a time, until they are older."""
    fake = FakeJenkins(servers[0])
    for number in range(1, 121):
        fake.build(number)
    assert len(ids(of_jenkins(fake))) == 120
    assert ids(of_jenkins(fake, Wanted(MARCH_1 + 119_000))) == ["120", "119"]


def test_a_folder_of_jenkins_is_no_job(servers: tuple[Server, Server]) -> None:
    """Its jobs are named."""
    fake = FakeJenkins(servers[0], "cart", "till")
    fake.job["_class"] = "com.cloudbees.hudson.plugins.folder.Folder"
    with pytest.raises(Refused, match="one by one: cart, till"):
        ids(of_jenkins(fake))


def test_a_build_of_buildkite(servers: tuple[Server, Server]) -> None:
    """As `ingest.run_environment` has it of the variables in its jobs, retried ones included; files that are wanted."""
    fake = FakeBuildkite(*servers)
    fake.build(
        17,
        fake.artifact(17, "a-1", "j-1", "reports/junit.xml", FAILED),
        fake.artifact(17, "a-2", "j-2", "reports/junit.xml", PASSED),
        fake.artifact(17, "a-3", "j-3", "unit/tests.xml", PASSED),
        fake.artifact(17, "a-4", "j-3", "test.log", b"", state="expired"),
        fake.artifact(17, "a-5", "j-3", "test.new", b"", state="new"),
        fake.artifact(17, "a-6", "j-3", "dist/app.tar", b""),
    )
    (found,) = of_buildkite(servers[0]).runs()
    assert found.identity == RunIdentity(
        pipeline="shop",
        run_id="17",
        run_attempt=1,
        branch="main",
        revision=f"{17:040x}",
        repository="acme/shop",
        trigger=Trigger.SCHEDULE,
        url="https://buildkite.example/acme/shop/builds/17",
        start_ms=MARCH_1 + 30_000,
        end_ms=MARCH_1 + 1_800_000,
    )
    artifacts = found.list_artifacts()
    told = [(one.identity.job, one.identity.run_attempt, one.identity.shard_index) for one in artifacts]
    assert told == [("e2e", 1, None), ("e2e", 2, None), ("unit", 1, 1), ("unit", 1, 1)]
    assert [one.is_expired for one in artifacts] == [False, False, False, True]
    with artifacts[1].open() as body:
        assert body.read() == PASSED
    assert TOKEN not in str(servers[1].asked)


def test_how_far_a_build_of_buildkite_got(servers: tuple[Server, Server]) -> None:
    """One that waits for a person is over; listings end with what is older."""
    fake = FakeBuildkite(*servers)
    fake.build(1, created_at="2026-02-01T02:00:00Z")
    for number, state in enumerate(("passed", "canceled", "blocked", "running", "skipped", "not_run"), 2):
        fake.build(number, state=state, pull_request={"id": "12"})
    found = {run.identity.run_id: run for run in of_buildkite(servers[0], Wanted(MARCH_1)).runs()}
    assert {name: (run.identity.state, run.is_over) for name, run in found.items()} == {
        "5": (RunState.RUNNING, False),
        "4": (None, True),
        "3": (RunState.INCOMPLETE, True),
        "2": (None, True),
    }
    assert (found["2"].identity.merge_request, found["2"].identity.trigger) == ("12", Trigger.PRE_MERGE)


ODD: tuple[Any, ...] = (
    None,
    7,
    "x",
    [],
    {},
    [[]],
    [None],
    {"workflow_runs": None},
    {"allBuilds": 1},
    {"jobs": {}},
    [{"id": "../x"}],
)


def test_answers_of_another_shape(servers: tuple[Server, Server]) -> None:
    """They are refused, or tell nothing; nothing else happens."""
    providers: tuple[Provider, ...] = (
        of_github(servers[0]),
        of_gitlab(servers[0]),
        of_buildkite(servers[0]),
        jenkins.Jenkins(site_at(f"{servers[0].url}/job/shop", []), Wanted(0)),
    )
    listings = ("/api/v3/repos/acme/shop/{}", "/api/v4/projects/acme%2Ftills%2Fshop/{}")
    paths = [
        one.format(what) for one in listings for what in ("actions/runs", "deployments", "pipelines", "pipelines//jobs")
    ]
    for value in ODD:
        servers[0].answers.update(
            dict.fromkeys([*paths, "/job/shop/api/json", "/v2/organizations/acme/pipelines/shop/builds"], saying(value))
        )
        for provider in providers:
            with suppress(Refused):
                assert not list(provider.runs()), value
            with suppress(Refused):
                assert not changes(provider), value
