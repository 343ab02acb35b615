"""`crywolf fetch` against servers of this machine: what gets in, once, whatever the server does meanwhile."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store.connect import open_reader
from tests.ingest.fetch.fake_buildkite import FakeBuildkite
from tests.ingest.fetch.fake_github import FAILED, PASSED, TOKEN, FakeGitHub, packed, saying
from tests.ingest.fetch.fake_gitlab import FakeGitLab
from tests.ingest.fetch.fake_jenkins import FakeJenkins
from tests.loopback import Server, served
from tests.tui.commands.conftest import Done, run_in
from tui.cli import run

Fetch = Callable[..., Done]
FIXTURES = Path(__file__).parents[2] / "fixtures"
MARCH_2 = {"created_at": "2026-03-02T02:00:00Z", "run_started_at": "2026-03-02T02:00:00Z"}


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """The API, and where artifacts are."""
    with served() as api, served() as blobs:
        yield api, blobs


@pytest.fixture
def crywolf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fetch:
    """Run `crywolf` in this process, with tokens, away from the person's own settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.endswith(("_TOKEN", "_USER", "_USER_ID"))]:
        monkeypatch.delenv(name)
    more = {"HOME": str(tmp_path), "CRYWOLF_DB": str(tmp_path / "crywolf.db"), "JENKINS_USER": "ada"}
    tokens = dict.fromkeys(("GITHUB_TOKEN", "GITLAB_TOKEN", "JENKINS_TOKEN", "BUILDKITE_API_TOKEN"), TOKEN)
    for name, value in (more | tokens).items():
        monkeypatch.setenv(name, value)

    def run_it(*arguments: str) -> Done:
        capsys.readouterr()
        code = run(arguments)
        out, err = capsys.readouterr()
        assert TOKEN not in out + err
        return Done(out, err, code)

    return run_it


def of_github(server: Server, *more: str) -> tuple[str, ...]:
    """The arguments that fetch all of a fake's repository."""
    return ("fetch", "github", "acme/shop", "--base-url", server.url, "--since", "2026-01-01", *more)


def stored_runs(crywolf: Fetch) -> dict[str, dict[str, Any]]:
    """All runs in the store by id and attempt."""
    rows = json.loads(crywolf("runs", "--since", "2026-01-01", "--json").out)["runs"]
    return {f"{row['run_id']}/{row['attempt']}": row for row in rows}


def content(path: Path) -> list[tuple[Any, ...]]:
    """What the store holds that must not change when nothing is new."""
    connection = open_reader(path / "crywolf.db")
    try:
        tables = ("run", "part", "result", "change", "source_file")
        skip = {"last_seen_ms", "attempts"}
        found: list[tuple[Any, ...]] = []
        for table in tables:
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] not in skip]
            found += sorted(connection.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall(), key=repr)
        return found
    finally:
        connection.close()


def test_runs_and_deployments_get_in_once(servers: tuple[Server, Server], crywolf: Fetch, tmp_path: Path) -> None:
    """With what the server says of them; the second time nothing is downloaded and nothing changes."""
    fake = FakeGitHub(*servers)
    fake.run(1, fake.artifact(11, "junit", packed(a_xml=PASSED)))
    fake.run(2, fake.artifact(21, "junit", packed(a_xml=FAILED)), event="pull_request", **MARCH_2)
    fake.deployment(9, "success")
    planned = crywolf(*of_github(servers[0], "--dry-run"))
    assert (planned.code, "2 planned; 1 deployment to fetch" in planned.out) == (0, True)
    assert not (tmp_path / "crywolf.db").exists()
    assert not servers[1].asked

    first = crywolf(*of_github(servers[0], "--environment", "staging", "--pipeline", "shop e2e"))
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines()[0] == "2 runs: 2 fetched; 1 deployment"
    runs = stored_runs(crywolf)
    red = runs["2/1"]
    assert (red["pipeline"], red["environment"], red["trigger"]) == ("shop e2e", "staging", "pre-merge")
    assert (red["start"], red["state"], red["counts"]["failed"]) == ("2026-03-02T02:00:00Z", "complete", 1)
    assert red["url"] == "https://github.example/acme/shop/actions/runs/2"
    assert "feat: vouchers" in crywolf("changes", "--since", "2026-01-01").out

    before, downloads = content(tmp_path), len(servers[1].asked)
    second = crywolf(*of_github(servers[0], "--environment", "staging", "--json"))
    document = json.loads(second.out)
    assert [row["status"] for row in document["runs"]] == ["known", "known"]
    assert (document["files"], document["deployments"], document["totals"]["files"]) == ([], 0, 0)
    assert (content(tmp_path), len(servers[1].asked)) == (before, downloads)

    again = crywolf(*of_github(servers[0], "--environment", "staging", "--pipeline", "shop e2e", "--again"))
    assert again.out.splitlines()[0] == "2 runs: 2 fetched; 0 deployments"
    assert (content(tmp_path), len(servers[1].asked)) == (before, 2 * downloads)
    assert [TOKEN in headers for _, headers in servers[1].asked] == [False] * 4


def test_a_run_that_goes_on_is_fetched_again(servers: tuple[Server, Server], crywolf: Fetch) -> None:
    """It is running until it is over."""
    fake = FakeGitHub(*servers)
    row = fake.run(1, fake.artifact(11, "junit", packed(a_xml=PASSED)), status="in_progress", conclusion=None)
    assert crywolf(*of_github(servers[0])).code == 0
    assert stored_runs(crywolf)["1/1"]["state"] == "running"
    row |= {"status": "completed", "conclusion": "success"}
    assert "1 fetched" in crywolf(*of_github(servers[0])).out
    assert stored_runs(crywolf)["1/1"]["state"] == "complete"
    assert "1 known" in crywolf(*of_github(servers[0])).out


def test_what_the_server_says_differently_later(servers: tuple[Server, Server], crywolf: Fetch) -> None:
    """When a pull request is merged and when a run is run again: what is known stays known."""
    fake = FakeGitHub(*servers)
    request = [{"number": 12, "base": {"sha": "ba5e"}}]
    row = fake.run(1, fake.artifact(11, "junit", packed(a_xml=FAILED)), event="pull_request", pull_requests=request)
    assert "1 fetched" in crywolf(*of_github(servers[0])).out
    page = row["html_url"]
    servers[0].answers[f"{fake.path}/actions/runs/1/attempts/1"] = saying(
        row | {"pull_requests": [], "html_url": f"{page}/attempts/1"}
    )
    row |= {"run_attempt": 2, "run_started_at": "2026-03-01T05:00:00Z", "pull_requests": []}
    done = crywolf(*of_github(servers[0], "--workflow", "nightly"))
    assert done.out.splitlines()[0] == "2 runs: 1 fetched, 1 known; 0 deployments"
    runs = stored_runs(crywolf)
    assert {name: (row["state"], row["url"]) for name, row in runs.items()} == {
        "1/1": ("complete", page),
        "1/2": ("no report", f"{page}/attempts/2"),
    }
    query = "SELECT attempt, merge_request FROM run ORDER BY attempt"
    assert crywolf("sql", query, "--format", "csv").out.split() == ["attempt,merge_request", "1,12", "2,"]


def test_one_bad_run_never_stops_the_others(servers: tuple[Server, Server], crywolf: Fetch) -> None:
    """Errors, bombs, login pages and what is too large; what could not be had is fetched the next time."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.xml", b"<testsuite>" + b" " * 30_000_000)
    fake = FakeGitHub(*servers)
    fake.run(1, fake.artifact(11, "junit", packed(a_xml=PASSED)))
    fake.run(2, fake.artifact(21, "junit", b"<!DOCTYPE html><title>Sign in</title>"))
    fake.run(3, fake.artifact(31, "junit", bomb.getvalue()))
    fake.run(4, fake.artifact(41, "junit", b"", size_in_bytes=10**12))
    fake.run(5, fake.artifact(51, "junit", packed(a_xml=FAILED)))
    fake.run(6)
    servers[0].answers[f"{fake.path}/actions/runs/6/artifacts"] = lambda reply: reply.say(b"", 500)
    good = servers[1].answers["/blob/51"]
    servers[1].answers["/blob/51"] = lambda reply: reply.say(b"", 503)
    done = crywolf(*of_github(servers[0]))
    assert (done.code, done.out.splitlines()[0]) == (3, "6 runs: 1 failed, 5 fetched; 0 deployments")
    assert "failed nightly 6: http-status: answered 500" in done.err
    for code in ("xml-syntax", "zip-ratio", "too-large", "http-status: answered 503"):
        assert code in done.err
    states = {name: row["state"] for name, row in stored_runs(crywolf).items()}
    assert states == {"1/1": "complete"} | dict.fromkeys(("2/1", "3/1", "4/1", "5/1"), "incomplete")

    servers[1].answers["/blob/51"] = good
    done = crywolf(*of_github(servers[0]))
    assert (done.code, done.out.splitlines()[0]) == (3, "6 runs: 1 failed, 1 fetched, 4 known; 0 deployments")
    assert stored_runs(crywolf)["5/1"]["state"] == "complete"
    assert "http-status" not in crywolf("rejected").out


def test_runs_without_reports(servers: tuple[Server, Server], crywolf: Fetch) -> None:
    """They are passed over, with the reason; where their workflow is asked for they are runs without a report."""
    fake = FakeGitHub(*servers)
    fake.run(1, fake.artifact(11, "junit", b"", expired=True))
    fake.run(2, fake.artifact(21, "dist", packed(package_json=b"{}")))
    fake.run(3, fake.artifact(31, "test-notes", packed(notes_txt=b"none")))
    done = crywolf(*of_github(servers[0]))
    assert (done.code, done.out.splitlines()[0]) == (0, "3 runs: 3 skipped; 0 deployments")
    for reason in ("expired: ", "no-artifact: ", "no-report: "):
        assert f"note: 1 run skipped, {reason}" in done.err
    assert not stored_runs(crywolf)
    done = crywolf(*of_github(servers[0], "--workflow", "nightly"))
    assert "2 fetched, 1 skipped" in done.out
    assert "note: 1 run fetched, no-report: " in done.err
    assert {name: row["state"] for name, row in stored_runs(crywolf).items()} == dict.fromkeys(
        ("2/1", "3/1"), "no report"
    )


def test_who_is_asked_to_stop_stops(servers: tuple[Server, Server], crywolf: Fetch) -> None:
    """Also in the middle of a download; what is in stays in, and the same command goes on."""
    fake = FakeGitHub(*servers)
    fake.run(1, fake.artifact(11, "junit", packed(a_xml=PASSED)))
    fake.run(2, fake.artifact(21, "junit", packed(a_xml=PASSED)))
    fake.deployment(9, "success")
    good = servers[0].answers[f"{fake.path}/actions/artifacts/11/zip"]
    servers[0].answers[f"{fake.path}/actions/artifacts/11/zip"] = lambda reply: reply.say(b"", 429, Retry_After="9999")
    done = crywolf(*of_github(servers[0]))
    assert (done.code, "asked too often, until 2" in done.err) == (3, True)
    assert done.out.splitlines()[0] == "1 run: 1 fetched; 0 deployments"
    assert stored_runs(crywolf).keys() == {"2/1"}
    assert "xml" not in crywolf("rejected").out
    servers[0].answers[f"{fake.path}/actions/artifacts/11/zip"] = good
    assert crywolf(*of_github(servers[0])).out.splitlines()[0] == "2 runs: 1 fetched, 1 known; 1 deployment"


def test_what_cannot_be_listed_is_said(servers: tuple[Server, Server], crywolf: Fetch) -> None:
    """And the rest is fetched."""
    fake = FakeGitHub(*servers)
    fake.deployment(9, "success")
    servers[0].answers[f"{fake.path}/actions/runs"] = lambda reply: reply.say(b"<html>Sign in</html>")
    done = crywolf(*of_github(servers[0]))
    assert (done.code, done.out.splitlines()[0]) == (3, "0 runs; 1 deployment")
    assert "runs: http-page: answered with a web page, perhaps for logging in" in done.err
    only = crywolf(*of_github(servers[0], "--only", "deployments"))
    assert (only.code, only.err) == (0, "")


def test_without_a_token(servers: tuple[Server, Server], crywolf: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said where to put one."""
    FakeGitHub(*servers)
    monkeypatch.delenv("GITHUB_TOKEN")
    done = crywolf(*of_github(servers[0]))
    assert (done.code, done.err.count("or put a token into GITHUB_TOKEN")) == (3, 2)


def test_what_a_run_json_says_outranks_the_server(servers: tuple[Server, Server], crywolf: Fetch) -> None:
    """Key by key: what it does not say the server does."""
    said = b'{"deployment.environment.name": "canary", "vcs.ref.head.name": "release"}'
    fake = FakeGitHub(*servers)
    fake.run(1, fake.artifact(11, "junit", packed(run_json=said, a_xml=PASSED)))
    assert crywolf(*of_github(servers[0])).code == 0
    (row,) = json.loads(crywolf("runs", "--since", "2026-01-01", "--json").out)["runs"]
    assert (row["environment"], row["branch"], row["run_id"]) == ("canary", "release", "1")
    assert (row["trigger"], row["state"]) == ("schedule", "complete")
    assert "1 known" in crywolf(*of_github(servers[0])).out


def test_a_run_in_several_environments(servers: tuple[Server, Server], crywolf: Fetch) -> None:
    """Of each its artifacts say, and of none besides; that it goes on is said of all."""
    said = [f'{{"deployment.environment.name": "{name}"}}'.encode() for name in ("staging", "canary")]
    fake = FakeGitHub(*servers)
    some = [fake.artifact(at, f"test-{at}", packed(run_json=one, a_xml=PASSED)) for at, one in enumerate(said, 1)]
    row = fake.run(1, *some, status="in_progress", conclusion=None)
    for status, state in (("in_progress", "running"), ("completed", "complete")):
        row["status"] = status
        assert crywolf(*of_github(servers[0])).code == 0
        rows = json.loads(crywolf("runs", "--since", "2026-01-01", "--json").out)["runs"]
        assert [(one["environment"], one["state"]) for one in rows] == [("canary", state), ("staging", state)]


def test_foreign_names_act_on_no_terminal(servers: tuple[Server, Server], crywolf: Fetch) -> None:
    """Of workflows, branches and artifacts, in what is printed and in what is stored."""
    evil = "e\x1b]0;owned\x07v\u202eil/../\x9b31m"
    fake = FakeGitHub(*servers)
    fake.run(1, fake.artifact(11, f"junit{evil}", packed(a_xml=PASSED)), name=evil, head_branch=evil)
    fake.run(2, fake.artifact(21, f"junit{evil}", b"<testsuite"), name=evil)
    printed = [crywolf(*of_github(servers[0], *more)) for more in (("--dry-run",), (), ("--json",), ("--again",))]
    printed += [crywolf("runs", "--since", "2026-01-01"), crywolf("rejected")]
    for done in printed:
        assert not set("\x1b\x07\x9b\u202e") & set(done.out + done.err)
    assert printed[1].code == 3


def test_gitlab_and_jenkins(servers: tuple[Server, Server], crywolf: Fetch, tmp_path: Path) -> None:
    """Retried jobs are evidence of their run; test reports that the servers made are read; each once."""
    gitlab, jenkins = FakeGitLab(servers[0]), FakeJenkins(servers[1], "main", "topic")
    failed, passed = packed(a_xml=FAILED), packed(a_xml=PASSED)
    gitlab.pipeline(1, gitlab.job(11, "e2e", failed))
    gitlab.pipeline(2, gitlab.job(21, "unit"), **{"created_at": "2026-03-02T02:00:00Z"})
    gitlab.test_report(2, json.loads((FIXTURES / "gitlab/test_report.json").read_text(encoding="utf-8")))
    gitlab.deployment(5, "success")
    report = json.loads((FIXTURES / "jenkins/testReport.json").read_text(encoding="utf-8"))
    for branch in ("main", "topic"):
        jenkins.build(1, report, f"/job/shop/job/{branch}")
    jenkins.build(2, None, "/job/shop/job/main", result="FAILURE")
    asked = (
        ("fetch", "gitlab", "acme/tills/shop", "--base-url", servers[0].url, "--since", "2026-01-01"),
        ("fetch", "jenkins", jenkins.url, "--since", "2026-01-01"),
    )
    first = [crywolf(*arguments) for arguments in asked]
    assert [(done.code, done.out.splitlines()[0], len(done.err.splitlines())) for done in first] == [
        (0, "2 runs: 2 fetched; 1 deployment", 0),
        (0, "3 runs: 3 fetched; 0 deployments", 1),
    ]
    assert "note: 1 run fetched, no-artifact: " in first[1].err
    states = {name: (row["state"], row["counts"]["tests"]) for name, row in stored_runs(crywolf).items()}
    assert states == {
        "1/1": ("complete", 1),
        "2/1": ("complete", 6),
        "main#1/1": ("complete", 5),
        "topic#1/1": ("complete", 5),
        "main#2/1": ("no report", 0),
    }
    before = content(tmp_path)
    assert ["known" in crywolf(*arguments).out.splitlines()[0] for arguments in asked] == [True, True]
    assert content(tmp_path) == before

    gitlab.pipelines.clear()
    jobs = gitlab.job(11, "e2e", failed), gitlab.job(12, "e2e", passed)
    gitlab.pipeline(1, *jobs, updated_at="2026-03-01T09:00:00.000Z")
    assert "1 fetched" in crywolf(*asked[0]).out
    assert stored_runs(crywolf)["1/1"]["counts"]["attempts"] == 2


def test_buildkite(servers: tuple[Server, Server], crywolf: Fetch, tmp_path: Path) -> None:
    """A retried job is an attempt of its own; each build once."""
    fake = FakeBuildkite(*servers)
    fake.build(
        1,
        fake.artifact(1, "a-1", "j-1", "reports/junit.xml", FAILED),
        fake.artifact(1, "a-2", "j-2", "reports/junit.xml", PASSED),
    )
    arguments = ("fetch", "buildkite", "acme/shop", "--base-url", servers[0].url, "--since", "2026-01-01")
    assert crywolf(*arguments).out.splitlines()[0] == "1 run: 1 fetched; 0 deployments"
    rows = {name: (row["state"], row["end"]) for name, row in stored_runs(crywolf).items()}
    assert rows == dict.fromkeys(("1/1", "1/2"), ("complete", "2026-03-01T02:30:00Z"))
    before = content(tmp_path)
    assert "1 known" in crywolf(*arguments).out
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("github", "shop"), "write OWNER/REPO"),
        (("github", "acme/shop", "--base-url", "ftp://x"), "http or https"),
        (("github", "acme/shop", "--base-url", "https://me:pw@x.example"), "without a user"),
        (("github", "acme/shop", "--token-env", "NOT_THERE"), "NOT_THERE: this variable is not set"),
        (("gitlab", "shop"), "write GROUP/PROJECT"),
        (("gitlab", "acme/shop", "--job", "e2e-{os}"), "unknown name {os}"),
        (("jenkins", "shop"), "http or https"),
        (("jenkins", "https://ci.example/job/shop?x=1"), "http or https"),
        (("buildkite", "shop"), "write ORGANIZATION/PIPELINE"),
    ],
)
def test_what_cannot_be_asked(crywolf: Fetch, arguments: tuple[str, ...], said: str) -> None:
    """It is a mistake of whoever asks, before any server is."""
    done = crywolf("fetch", *arguments)
    assert (done.code, said in done.err) == (2, True)


def test_as_a_person_would(servers: tuple[Server, Server], tmp_path: Path) -> None:
    """The command in a process of its own."""
    fake = FakeGitHub(*servers)
    fake.run(1, fake.artifact(11, "junit", packed(a_xml=FAILED)))
    done = run_in(tmp_path, *of_github(servers[0]), GITHUB_TOKEN=TOKEN)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "1 run: 1 fetched; 0 deployments"
