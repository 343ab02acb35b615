"""GitHub webhooks: deployments with their statuses, pushes, and payloads that carry no change.

The real files are the payload examples of octokit/webhooks.
"""

from __future__ import annotations

import itertools
import json
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.changes.github import claims, read
from ingest.changes.merge import merge_change
from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.model import ChangeKind, ChangeStatus, ChangeTarget, ContentKind

REAL_FILES = Path(__file__).resolve().parents[4] / "shared" / "reports" / "change-feeds" / "github"
needs_real_files = pytest.mark.skipif(
    not REAL_FILES.is_dir(), reason=f"no shared folder beside the checkout: {REAL_FILES}"
)
NOON = 1_772_366_400_000
REPOSITORY = {"full_name": "acme/cart", "default_branch": "main", "html_url": "https://github.com/acme/cart"}


def deployment(**overrides: Any) -> dict[str, Any]:
    """A payload of the event `deployment`."""
    body = {
        "id": 7,
        "sha": "f" * 40,
        "ref": "main",
        "task": "deploy",
        "payload": {},
        "environment": "staging",
        "description": "fix(cart): rounding",
        "creator": {"login": "ada"},
        "created_at": "2026-03-01T12:00:00Z",
    }
    return {"action": "created", "deployment": body | overrides, "repository": REPOSITORY}


def status(state: str, minute: int, **overrides: Any) -> dict[str, Any]:
    """A payload of the event `deployment_status`."""
    body = {"state": state, "environment": "staging", "created_at": f"2026-03-01T12:{minute:02}:00Z", "target_url": ""}
    return deployment() | {"deployment_status": body | overrides}


def push(*commits: dict[str, Any], ref: str = "refs/heads/main") -> dict[str, Any]:
    """A payload of the event `push`."""
    return {"ref": ref, "before": "0" * 40, "after": "1" * 40, "commits": list(commits), "repository": REPOSITORY}


def commit(sha: str, *files: str) -> dict[str, Any]:
    """A commit of a push."""
    return {
        "id": sha,
        "message": "test: steadier cart\n\nbody",
        "timestamp": "2026-03-01T13:00:00+01:00",
        "author": {"username": "bo", "name": "Bo"},
        "url": "https://github.com/acme/cart/commit/" + sha,
        "added": list(files[:1]),
        "modified": list(files[1:]),
        "removed": [],
    }


def encoded(*values: Any) -> bytes:
    """One value a line."""
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def test_a_deployment_is_running_until_its_status_says_more() -> None:
    """`deployment` alone tells what is deployed, by whom and since when."""
    (change,) = read(encoded(deployment()), Limits()).changes
    assert (change.change_id, change.kind, change.status) == (
        "github:deployment:7",
        ChangeKind.DEPLOY,
        ChangeStatus.RUNNING,
    )
    assert (change.service, change.environment, change.to_version) == ("cart", "staging", "f" * 40)
    assert (change.started_ms, change.finished_ms, change.at_ms) == (NOON, None, NOON)
    assert (change.title, change.author, change.repository) == ("fix(cart): rounding", "ada", "acme/cart")
    assert change.url == "https://github.com/acme/cart/commit/" + "f" * 40
    assert change.content is ContentKind.CODE


@pytest.mark.parametrize(
    ("states", "expected", "finished"),
    [
        (["queued", "in_progress", "success"], ChangeStatus.SUCCEEDED, 3),
        (["pending", "failure"], ChangeStatus.FAILED, 2),
        (["error"], ChangeStatus.FAILED, 1),
        (["success", "inactive"], ChangeStatus.SUCCEEDED, 1),
        (["failure", "inactive"], ChangeStatus.FAILED, 1),
        (["in_progress", "waiting"], ChangeStatus.RUNNING, None),
    ],
)
def test_statuses_complete_the_deployment_in_any_order(
    states: list[str], expected: ChangeStatus, finished: int | None
) -> None:
    """One change, however its payloads arrive: in one file or each alone."""
    payloads = [deployment(), *(status(state, minute) for minute, state in enumerate(states, 1))]
    results = set()
    for order in itertools.permutations(payloads):
        results.add(read(encoded(*order), Limits()).changes[0])
        results.add(reduce(merge_change, [read(encoded(payload), Limits()).changes[0] for payload in order]))
    (change,) = results
    assert (change.status, change.started_ms) == (expected, NOON)
    assert change.finished_ms == (None if finished is None else NOON + finished * 60_000)


def test_service_and_version_from_the_payload() -> None:
    """A monorepo's deployment names its service in the free payload, as object or as text."""
    for payload in ({"service": "pay", "version": "1.4"}, None):
        change = read(encoded(deployment(payload=payload, task="rollback:fast")), Limits()).changes[0]
        assert change.service == ("pay" if payload else "cart")
        assert change.kind is ChangeKind.ROLLBACK


def test_pushes_give_commits_and_changes_of_the_tests() -> None:
    """A commit of tests on the default branch is a change; any other is only attached by its sha."""
    batch = read(
        encoded(
            push(
                commit("a" * 40, "src/test/java/CartIT.java"), commit("b" * 40, "src/main/java/Cart.java", "README.md")
            ),
            push(commit("c" * 40, "tests/test_x.py"), ref="refs/heads/topic"),
        ),
        Limits(),
    )
    assert [(merged.commit.sha[0], merged.repository) for merged in batch.merged] == [
        ("a", "acme/cart"),
        ("b", "acme/cart"),
        ("c", "acme/cart"),
    ]
    assert batch.merged[1].commit.files == ("src/main/java/Cart.java", "README.md")
    assert batch.merged[0].commit.title == "test: steadier cart"
    (change,) = batch.changes
    assert (change.change_id, change.kind, change.target) == (
        "git:" + "a" * 40,
        ChangeKind.COMMIT,
        ChangeTarget.TEST,
    )
    assert (change.at_ms, change.author, change.environment) == (NOON, "bo", "")


@pytest.mark.parametrize(
    "data",
    [
        encoded({"event": "deployment_status", "payload": status("success", 1)}),
        encoded({"event": "deployment_status", "payload": json.dumps(status("success", 1))}),
        json.dumps([status("success", 1)]).encode(),
        json.dumps(status("success", 1), indent=2).encode(),
    ],
)
def test_wrappings(data: bytes) -> None:
    """Alone, in an array, wrapped with the event's name."""
    assert read(data, Limits()).changes[0].status is ChangeStatus.SUCCEEDED


def test_deployments_as_the_api_lists_them() -> None:
    """A bare deployment names its repository in its address."""
    bare = deployment()["deployment"] | {
        "statuses_url": "https://api.github.com/repos/acme/pay/deployments/7/statuses",
        "repository_url": "https://api.github.com/repos/acme/pay",
    }
    assert read(encoded(bare), Limits()).changes[0].repository == "acme/pay"


def test_what_carries_no_change() -> None:
    """Other events are not known, by name; beside one that is, they are counted."""
    other = {"action": "completed", "workflow_run": {}, "repository": REPOSITORY}
    with pytest.raises(NotKnown, match="workflow_run"):
        read(encoded(other), Limits())
    with pytest.raises(NotKnown):
        read(b"{}", Limits())
    assert read(encoded(other, deployment()), Limits()).warnings == ("1 ignored: payloads of other events",)
    assert not claims(other)


def test_refusals() -> None:
    """A deployment without any time cannot be placed."""
    with pytest.raises(Refused, match="created_at"):
        read(encoded(deployment(created_at=None)), Limits())
    batch = read(encoded(deployment(created_at="x", id=8), deployment()), Limits())
    assert (len(batch.changes), batch.warnings) == (1, ("line 1: the deployment has no created_at",))


@needs_real_files
def test_real_payloads() -> None:
    """The examples: one deployment with its status, two pushes that delete a tag, and events that carry no change."""
    known, unknown = {}, set()
    for path in sorted(REAL_FILES.glob("*.json")):
        try:
            known[path.name.partition(".payload")[0]] = read(path.read_bytes(), Limits())
        except NotKnown:
            unknown.add(path.name.partition(".")[0])
    assert set(known) == {"deployment", "deployment_status", "push", "push.1"}
    assert unknown == {"check_run", "release", "workflow_run"}
    merged = merge_change(known["deployment_status"].changes[0], known["deployment"].changes[0])
    assert (merged.change_id, merged.status) == ("github:deployment:145988746", ChangeStatus.SUCCEEDED)
    assert (merged.started_ms, merged.finished_ms) == (1_557_933_653_000, 1_557_933_655_000)


@settings(max_examples=200)
@given(
    st.integers(0, 1_500), st.binary(max_size=6), st.integers(0, 40), st.sampled_from([None, [], {}, "x", -1, 1e300])
)
def test_mutations_are_read_or_refused(at: int, inserted: bytes, cut: int, odd: object) -> None:
    """Damaged payloads are read, refused or not known, and nothing else."""
    whole = encoded(status("success", 1), push(commit("a" * 40, "x")))
    keys = list(deployment()["deployment"])
    strange = encoded(
        deployment(**{keys[at % len(keys)]: odd}), push({"id": odd}), status("success", 1, created_at=odd), odd
    )
    for damaged in (whole[:at] + inserted + whole[at + cut :], strange):
        try:
            read(damaged, Limits())
        except (Refused, NotKnown):
            continue
