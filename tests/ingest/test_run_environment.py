"""Run identity from the variables of CI servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.model import RunIdentity, Trigger
from ingest.run_environment import pull_request_of, repository_of_url
from ingest.run_json import identity_from_environment

NOON = 1_772_366_400_000

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_WORKFLOW": "integration",
    "GITHUB_RUN_ID": "99",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_SHA": "abc",
    "GITHUB_REPOSITORY": "acme/suite",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_EVENT_NAME": "schedule",
    "GITHUB_JOB": "e2e",
}


def test_github_actions() -> None:
    """A scheduled run, and one of a pull request."""
    assert identity_from_environment(GITHUB) == RunIdentity(
        pipeline="integration",
        run_id="99",
        run_attempt=2,
        branch="main",
        revision="abc",
        repository="acme/suite",
        trigger=Trigger.SCHEDULE,
        url="https://github.com/acme/suite/actions/runs/99",
        job="e2e",
    )
    request = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/12/merge", "GITHUB_HEAD_REF": "topic"}
    found = identity_from_environment(GITHUB | request | {"GITHUB_REF_NAME": "12/merge"})
    assert (found.trigger, found.merge_request, found.branch) == (Trigger.PRE_MERGE, "12", "topic")


def test_gitlab_ci() -> None:
    """A merge request's job that is one of three."""
    found = identity_from_environment(
        {
            "GITLAB_CI": "true",
            "CI_PROJECT_NAME": "suite",
            "CI_PROJECT_PATH": "acme/suite",
            "CI_PIPELINE_ID": "5",
            "CI_PIPELINE_URL": "https://git.acme.example/p/5",
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_PIPELINE_CREATED_AT": "2026-03-01T12:00:00Z",
            "CI_MERGE_REQUEST_IID": "3",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": "base",
            "CI_COMMIT_REF_NAME": "refs/merge-requests/3/head",
            "CI_COMMIT_SHA": "abc",
            "CI_ENVIRONMENT_NAME": "staging",
            "CI_JOB_NAME": "e2e 2/3",
            "CI_JOB_URL": "https://git.acme.example/j/7",
            "CI_NODE_INDEX": "2",
            "CI_NODE_TOTAL": "3",
        }
    )
    assert found == RunIdentity(
        pipeline="suite",
        run_id="5",
        environment="staging",
        branch="topic",
        revision="abc",
        base_revision="base",
        repository="acme/suite",
        trigger=Trigger.PRE_MERGE,
        url="https://git.acme.example/p/5",
        start_ms=NOON,
        merge_request="3",
        job="e2e 2/3",
        job_url="https://git.acme.example/j/7",
        shard_index=2,
        shard_total=3,
    )


def test_jenkins() -> None:
    """A multibranch job is named without its branch; a plain one keeps its name."""
    base = {"JENKINS_URL": "https://j/", "BUILD_NUMBER": "8", "BUILD_URL": "https://j/8", "GIT_COMMIT": "abc"}
    found = identity_from_environment(
        base
        | {
            "JOB_NAME": "shop/suite/feature%2Fx",
            "BRANCH_NAME": "feature/x",
            "GIT_URL": "https://u:secret@git.acme.example/shop/suite.git",
        }
    )
    assert (found.pipeline, found.branch, found.repository) == ("shop/suite", "feature/x", "shop/suite")
    assert found.run_id == "feature%2Fx#8", "another branch has a build 8, too"
    found = identity_from_environment(
        base | {"JOB_NAME": "nightly", "GIT_BRANCH": "origin/main", "BUILD_CAUSE": "TIMERTRIGGER"}
    )
    assert (found.pipeline, found.branch, found.trigger) == ("nightly", "main", Trigger.SCHEDULE)
    assert found.run_id == "8"
    request = {"JOB_NAME": "suite/PR-4", "BRANCH_NAME": "PR-4", "CHANGE_ID": "4", "CHANGE_BRANCH": "topic"}
    found = identity_from_environment(base | request)
    assert (found.pipeline, found.branch, found.merge_request, found.trigger) == (
        "suite",
        "topic",
        "4",
        Trigger.PRE_MERGE,
    )


def test_buildkite() -> None:
    """Shards count from 0 there and from 1 here; a retried job is a second attempt."""
    environ = {
        "BUILDKITE": "true",
        "BUILDKITE_PIPELINE_SLUG": "suite",
        "BUILDKITE_BUILD_NUMBER": "17",
        "BUILDKITE_BUILD_URL": "https://bk/17",
        "BUILDKITE_JOB_ID": "j1",
        "BUILDKITE_BRANCH": "main",
        "BUILDKITE_COMMIT": "abc",
        "BUILDKITE_REPO": "git@github.com:acme/suite.git",
        "BUILDKITE_PULL_REQUEST": "false",
        "BUILDKITE_SOURCE": "schedule",
        "BUILDKITE_RETRY_COUNT": "1",
        "BUILDKITE_PARALLEL_JOB": "0",
        "BUILDKITE_PARALLEL_JOB_COUNT": "4",
    }
    found = identity_from_environment(environ)
    assert (found.pipeline, found.run_id, found.run_attempt) == ("suite", "17", 2)
    assert (found.shard_index, found.shard_total, found.trigger) == (1, 4, Trigger.SCHEDULE)
    assert (found.repository, found.job_url, found.merge_request) == ("acme/suite", "https://bk/17#j1", None)
    assert identity_from_environment(environ | {"BUILDKITE_PULL_REQUEST": "9"}).trigger is Trigger.PRE_MERGE


def test_circleci() -> None:
    """The workflow is the run; one node is no shard."""
    found = identity_from_environment(
        {
            "CIRCLECI": "true",
            "CIRCLE_PROJECT_USERNAME": "acme",
            "CIRCLE_PROJECT_REPONAME": "suite",
            "CIRCLE_WORKFLOW_ID": "w-1",
            "CIRCLE_BRANCH": "topic",
            "CIRCLE_SHA1": "abc",
            "CIRCLE_JOB": "e2e",
            "CIRCLE_PULL_REQUEST": "https://github.com/acme/suite/pull/31",
            "CIRCLE_NODE_INDEX": "0",
            "CIRCLE_NODE_TOTAL": "1",
        }
    )
    assert (found.pipeline, found.run_id, found.repository) == ("suite", "w-1", "acme/suite")
    assert (found.merge_request, found.trigger, found.shard_index) == ("31", Trigger.PRE_MERGE, None)


def test_azure_pipelines() -> None:
    """The project's name is part of an address."""
    found = identity_from_environment(
        {
            "TF_BUILD": "True",
            "BUILD_DEFINITIONNAME": "Nightly",
            "BUILD_BUILDID": "33",
            "BUILD_SOURCEBRANCH": "refs/heads/release/1",
            "BUILD_SOURCEVERSION": "abc",
            "BUILD_REASON": "Schedule",
            "BUILD_REPOSITORY_NAME": "suite",
            "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/acme/",
            "SYSTEM_TEAMPROJECT": "My Shop",
            "SYSTEM_STAGEATTEMPT": "1",
        }
    )
    assert (found.pipeline, found.run_id, found.run_attempt, found.branch) == ("Nightly", "33", 1, "release/1")
    assert found.url == "https://dev.azure.com/acme/My%20Shop/_build/results?buildId=33"
    assert found.trigger is Trigger.SCHEDULE


def test_no_ci_server() -> None:
    """On somebody's machine the variables say nothing."""
    assert identity_from_environment({"HOME": "/home/a", "GITHUB_RUN_ID": "1", "GITHUB_ACTIONS": ""}) == RunIdentity()


@given(
    st.dictionaries(
        st.sampled_from([*GITHUB, "GITLAB_CI", "JENKINS_URL", "JOB_NAME", "GIT_URL"]), st.text("a1/:@%", max_size=9)
    )
)
def test_any_environment_gives_an_identity(environ: dict[str, str]) -> None:
    """Odd variables never raise."""
    identity_from_environment(environ)


@pytest.mark.parametrize(
    ("address", "repository"),
    [
        ("https://github.com/acme/cart.git", "acme/cart"),
        ("https://token@host:8443/group/sub/cart", "group/sub/cart"),
        ("git@github.com:acme/cart.git", "acme/cart"),
        ("ssh://git@host:22/acme/cart.git", "acme/cart"),
        ("/srv/git/cart.git", "srv/git/cart"),
        ("", None),
        ("https://host", None),
    ],
)
def test_repositories_of_addresses(address: str, repository: str | None) -> None:
    """The path without host, credentials and suffix."""
    assert repository_of_url(address) == repository


def test_pull_requests_of_references() -> None:
    """Refs and addresses of several hosts."""
    for text in (
        "refs/pull/7/merge",
        "https://x/a/b/pull/7",
        "https://x/a/-/merge_requests/7/diffs",
        "pull-requests/7",
    ):
        assert pull_request_of(text) == "7"
    assert pull_request_of("refs/heads/pull") is None
