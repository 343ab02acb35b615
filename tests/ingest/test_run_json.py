"""Run identity: `run.json`, path templates."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import NotKnown, Refused, SettingsError
from ingest.identity import Sidecars
from ingest.limits import Limits
from ingest.model import RunIdentity, RunState, Trigger
from ingest.run_json import claims, identity_from_path, read_run_json

NOON = 1_772_366_400_000
FLAT = {
    "cicd.pipeline.name": "integration",
    "cicd.pipeline.run.id": "4711",
    "cicd.pipeline.run.url.full": "https://ci.acme.example/4711",
    "cicd.pipeline.task.name": "shard 2",
    "cicd.pipeline.task.run.url.full": "https://ci.acme.example/4711/2",
    "vcs.repository.name": "acme/suite",
    "vcs.ref.head.name": "main",
    "vcs.ref.head.revision": "f" * 40,
    "vcs.ref.base.revision": "e" * 40,
    "vcs.change.id": "12",
    "service.name": "cart",
    "service.version": "1.4",
    "deployment.environment.name": "staging",
    "start_time": "2026-03-01T12:00:00Z",
    "end_time": 1_772_370_000,
    "crywolf.run.attempt": 2,
    "crywolf.run.trigger": "post-merge",
    "crywolf.run.state": "no report",
    "crywolf.shard.index": "2",
    "crywolf.shard.total": 3,
    "crywolf.variant.os": "linux",
    "crywolf.variant.browser": "firefox",
}
FULL = RunIdentity(
    pipeline="integration",
    run_id="4711",
    run_attempt=2,
    environment="staging",
    branch="main",
    revision="f" * 40,
    base_revision="e" * 40,
    repository="acme/suite",
    trigger=Trigger.POST_MERGE,
    state=RunState.NO_REPORT,
    url="https://ci.acme.example/4711",
    start_ms=NOON,
    end_ms=NOON + 3_600_000,
    service="cart",
    service_version="1.4",
    merge_request="12",
    job="shard 2",
    job_url="https://ci.acme.example/4711/2",
    shard_index=2,
    shard_total=3,
    variant=(("browser", "firefox"), ("os", "linux")),
)


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """The same keys as nested objects."""
    root: dict[str, Any] = {}
    for key, value in flat.items():
        *path, last = key.split(".")
        here = root
        for part in path:
            here = here.setdefault(part, {})
        here[last] = value
    return root


def read(value: object) -> RunIdentity:
    """The identity of a value written as JSON."""
    return read_run_json(json.dumps(value).encode())


def test_flat_and_nested_keys() -> None:
    """Dotted keys, nested objects and mixtures say the same."""
    assert read(FLAT) == FULL
    assert read(nested(FLAT)) == FULL
    assert read({"cicd.pipeline": {"name": "integration", "run.id": 4711}}) == RunIdentity(
        pipeline="integration", run_id="4711"
    )


def test_unknown_keys_and_empty_values() -> None:
    """What is unknown is ignored; null and empty say nothing."""
    assert read(FLAT | {"x": {"y": [1]}, "crywolf.other": 1, "vcs.change.id": None, "service.name": ""}) == RunIdentity(
        **{
            **{name: getattr(FULL, name) for name in FULL.__slots__},
            "merge_request": None,
            "service": None,
        }
    )


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("crywolf.run.trigger", "cron", "schedule, post-merge, pre-merge, manual, local"),
        ("crywolf.run.state", "done", "complete, running, incomplete, no report"),
        ("crywolf.run.attempt", 0, "from 1 on"),
        ("crywolf.shard.index", "two", "from 1 on"),
        ("start_time", "yesterday", "ISO-8601"),
        ("start_time", 5, "ISO-8601"),
        ("cicd.pipeline.name", ["a"], "must be a text"),
        ("vcs.ref.head.name", True, "must be a text"),
    ],
)
def test_unusable_values_are_refused_by_key(key: str, value: object, part: str) -> None:
    """The refusal names the key, what it may be and what it is."""
    with pytest.raises(Refused) as caught:
        read(FLAT | {key: value})
    assert caught.value.code == "schema"
    assert key in caught.value.reason
    assert part in caught.value.reason


@pytest.mark.parametrize(("written", "trigger"), [("Schedule", Trigger.SCHEDULE), ("pre_merge", Trigger.PRE_MERGE)])
def test_spelling_of_triggers(written: str, trigger: Trigger) -> None:
    """Capitals and underscores are forgiven."""
    assert read({"crywolf.run.trigger": written}).trigger is trigger
    assert read({"crywolf.run.state": "NO_REPORT"}).state is RunState.NO_REPORT


def test_warnings() -> None:
    """A zone that had to be assumed and contradictions are said."""
    warnings: list[str] = []
    body = {"start_time": "2026-03-01T13:00:00", "end_time": "2026-03-01T10:00:00Z", "service.name": "a"}
    shards = {"crywolf.shard.index": 4, "crywolf.shard.total": 3}
    found = read_run_json(json.dumps(body | shards).encode(), zone=ZoneInfo("Europe/Berlin"), warn=warnings.append)
    assert found.start_ms == NOON
    assert len(warnings) == 3
    assert "Europe/Berlin" in warnings[0]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        (b"[]", "schema"),
        (b'{"cicd.pipeline.name": "a"', "json-truncated"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "json-depth"),
    ],
)
def test_refusals(data: bytes, code: str) -> None:
    """What is no object of JSON is refused."""
    with pytest.raises(Refused) as caught:
        read_run_json(data)
    assert caught.value.code == code


def test_encodings_and_limits() -> None:
    """A byte order mark and UTF-16 are read; the limit holds."""
    text = json.dumps(FLAT)
    assert read_run_json(b"\xef\xbb\xbf" + text.encode()) == FULL
    assert read_run_json(text.encode("utf-16")) == FULL
    with pytest.raises(Refused, match="document_bytes"):
        read_run_json(text.encode(), limits=Limits(document_bytes=10))


def test_other_json_is_not_known() -> None:
    """JSON that says nothing of a run is another tool's."""
    for value in ({}, {"name": "x"}, {"cicd": {"other": 1}}):
        with pytest.raises(NotKnown):
            read(value)
    assert claims(FLAT)
    assert claims({"crywolf": {"variant": {"os": "x"}}})
    assert not claims({"start_time": 1_772_366_400})
    assert not claims([])


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        (
            "{service}/{pipeline}/{run_id}/**",
            "cart/e2e/17/a/TEST.xml",
            RunIdentity(service="cart", pipeline="e2e", run_id="17"),
        ),
        ("{service}/{run_id}/**", "cart/TEST.xml", None),
        (
            "**/{environment}/run-{run_id}/*.xml",
            "/data/x/staging/run-9/a.xml",
            RunIdentity(environment="staging", run_id="9"),
        ),
        ("**/{environment}/run-{run_id}/*.xml", "staging/run-9/b/a.xml", None),
        (
            "{branch}/{run_id}.{attempt}/shard-{shard}-of-{shard_total}/**",
            "main/7.2/shard-1-of-3/r.xml",
            RunIdentity(branch="main", run_id="7", run_attempt=2, shard_index=1, shard_total=3),
        ),
        ("{run_id}/shard-{shard}/**", "7/shard-x/r.xml", None),
        (
            "{run_id}/{variant.os}-{variant.browser}/**",
            "7/linux-firefox/r.xml",
            RunIdentity(run_id="7", variant=(("browser", "firefox"), ("os", "linux"))),
        ),
        ("/abs/{run_id}/**", "/abs/7/x", RunIdentity(run_id="7")),
        ("{run_id}/**", "C\\x", RunIdentity(run_id="C")),
    ],
)
def test_path_templates(template: str, path: str, expected: RunIdentity | None) -> None:
    """Folders name what they stand for; a template fits the whole path or not at all."""
    assert identity_from_path(template, path) == expected


@pytest.mark.parametrize(
    "template", ["{servce}/**", "{}/x", "{run_id}/{run_id}", "{attempt}/{run_attempt}", "{variant.}/x"]
)
def test_wrong_templates(template: str) -> None:
    """Unknown and repeated names are errors of the settings."""
    with pytest.raises(SettingsError, match="path template"):
        identity_from_path(template, "a/b")


@settings(max_examples=200)
@given(st.integers(0, 900), st.binary(max_size=6), st.integers(0, 40), st.binary(max_size=30))
def test_damaged_files_are_read_or_refused(at: int, inserted: bytes, cut: int, noise: bytes) -> None:
    """Damaged files are read, refused or not known, and nothing else."""
    whole = json.dumps(FLAT).encode()
    for data in (whole[:at] + inserted + whole[at + cut :], noise):
        with contextlib.suppress(Refused, NotKnown):
            read_run_json(data)


def test_a_sidecar_that_changes_is_read_again(tmp_path: Path) -> None:
    """What the bytes of a `run.json` said is kept; other bytes, or those of another folder, say what they say."""
    sidecars = Sidecars(Limits())
    for number, run_id in ((1, "a"), (2, "b"), (1, "b"), (1, "c")):
        folder = tmp_path / str(number)
        folder.mkdir(exist_ok=True)
        (folder / "run.json").write_text(json.dumps({"cicd.pipeline.run.id": run_id}))
        sidecars.forget()
        found = sidecars.nearest(os.path.join(os.fsencode(folder), b""))
        assert found is not None
        assert (os.fsdecode(found[0]), found[1].run_id) == (f"{folder}{os.sep}", run_id)
