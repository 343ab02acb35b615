"""CDEvents: which events are changes, what their fields become, and files that are damaged.

The real files are the conformance examples of the CDEvents specification (cdevents/spec, 0.6 draft).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.changes.cdevents import claims, read
from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.model import ChangeKind, ChangeStatus, ChangeTarget, ContentKind

REAL_FILES = Path(__file__).resolve().parents[4] / "shared" / "reports" / "change-feeds" / "cdevents"
needs_real_files = pytest.mark.skipif(
    not REAL_FILES.is_dir(), reason=f"no shared folder beside the checkout: {REAL_FILES}"
)
NOON = 1_772_366_400_000


def event(kind: str = "service.deployed.0.3.0", **overrides: Any) -> dict[str, Any]:
    """An event as a deployer of a web shop writes it."""
    built: dict[str, Any] = {
        "context": {
            "specversion": "0.4.1",
            "id": "e1",
            "source": "/deployer/staging",
            "type": f"dev.cdevents.{kind}",
            "timestamp": "2026-03-01T12:00:00.000Z",
        },
        "subject": {
            "id": "cart",
            "source": "/deployer/staging",
            "type": "service",
            "content": {"environment": {"id": "staging"}, "artifactId": "pkg:oci/cart@sha256%3Ab5bb"},
        },
        "customData": {
            "title": "feat(cart): vouchers",
            "author": "ada.kern@acme.example",
            "commit": "f" * 40,
            "url": "https://git.acme.example/cart/commit/f",
            "files": ["services/cart/src/main/java/com/acme/Cart.java"],
            "additions": 12,
            "deletions": 3,
        },
        "customDataContentType": "application/json",
    }
    return built | overrides


def encoded(*values: Any) -> bytes:
    """One value a line."""
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def test_a_deploy_with_all_its_fields() -> None:
    """Every free field reaches the change; the version is the artifact's, decoded."""
    (change,) = read(encoded(event()), Limits()).changes
    assert (change.change_id, change.kind, change.service, change.environment) == (
        "e1",
        ChangeKind.DEPLOY,
        "cart",
        "staging",
    )
    assert (change.at_ms, change.finished_ms, change.started_ms) == (NOON, NOON, None)
    assert (change.to_version, change.title, change.author) == (
        "sha256:b5bb",
        "feat(cart): vouchers",
        "ada.kern@acme.example",
    )
    assert (change.additions, change.deletions, change.lines) == (12, 3, 15)
    assert (change.content, change.target, change.status) == (
        ContentKind.CODE,
        ChangeTarget.SERVICE,
        ChangeStatus.SUCCEEDED,
    )
    assert change.commits[0].sha == "f" * 40
    assert change.files == change.commits[0].files


@pytest.mark.parametrize(
    ("predicate", "kind"),
    [
        ("deployed", ChangeKind.DEPLOY),
        ("upgraded", ChangeKind.UPGRADE),
        ("rolledback", ChangeKind.ROLLBACK),
        ("removed", ChangeKind.REMOVAL),
        ("published", ChangeKind.DEPLOY),
    ],
)
@pytest.mark.parametrize("version", ["0.1.0", "0.2.0", "0.3.0", "0.5.0-draft", "v1"])
def test_kinds_of_all_versions(predicate: str, kind: ChangeKind, version: str) -> None:
    """Predicates are kinds, whatever the version of the event's type."""
    assert read(encoded(event(f"service.{predicate}.{version}")), Limits()).changes[0].kind is kind


def test_a_publication_without_environment_has_reached_nobody() -> None:
    """`service.published` is a change only where it names an environment."""
    published = event("service.published.0.3.0", subject={"id": "cart", "content": {}})
    assert read(encoded(published), Limits()).warnings == (
        "1 ignored: service.published events that name no environment",
    )


def test_a_removal_names_what_went() -> None:
    """The version of a removed service is the one it had."""
    change = read(encoded(event("service.removed.0.3.0")), Limits()).changes[0]
    assert (change.from_version, change.to_version) == ("sha256:b5bb", None)


def test_environments_merges_and_incidents() -> None:
    """Environments are changes, merged commits are attached later, incidents are notes."""
    batch = read(
        encoded(
            event("environment.modified.0.3.0", subject={"id": "staging", "content": {"name": "s"}}, customData=None),
            event("change.merged.0.2.0", subject={"id": "7", "content": {"repository": {"id": "acme/shop"}}}),
            event(
                "incident.detected.0.3.0",
                subject={"id": "i1", "content": {"environment": {"id": "staging"}, "description": "slow"}},
            ),
        ),
        Limits(),
    )
    (change,), (merged,), (note,) = batch.changes, batch.merged, batch.notes
    assert (change.kind, change.environment, change.service) == (ChangeKind.ENVIRONMENT, "staging", "")
    assert change.title == "environment modified"
    assert (merged.commit.sha, merged.repository, merged.commit.at_ms) == ("f" * 40, "acme/shop", NOON)
    assert (note.incident, note.state, note.environment, note.title) == ("i1", "detected", "staging", "slow")


def test_a_merge_may_be_named_by_its_sha() -> None:
    """Without free fields the subject's id is the commit where it looks like one."""
    merged = event("change.merged.0.2.0", subject={"id": "abcdef1234", "content": {}}, customData={})
    assert read(encoded(merged), Limits()).merged[0].commit.sha == "abcdef1234"


def test_other_events_are_counted_once() -> None:
    """Pipeline and test runs are ignored with one warning a kind."""
    runs = [event("pipelinerun.started.0.2.0") for _ in range(3)]
    assert read(encoded(*runs, event()), Limits()).warnings == ("3 ignored: events of kind pipelinerun.started",)


@pytest.mark.parametrize(
    "custom",
    [
        json.dumps({"title": "feat: x"}),
        base64.b64encode(json.dumps({"title": "feat: x"}).encode()).decode(),
        {"title": "feat: x"},
    ],
)
def test_custom_data_in_all_spellings(custom: object) -> None:
    """Free fields come as an object, as JSON text or as base64 of it."""
    assert read(encoded(event(customData=custom)), Limits()).changes[0].title == "feat: x"


def test_custom_data_that_cannot_be_read() -> None:
    """The change stays, without its free fields."""
    batch = read(encoded(event(customData="%%%")), Limits())
    assert batch.changes[0].title == ""
    assert "customData" in batch.warnings[0]


def test_times_of_the_deployment() -> None:
    """Started and finished come from the free fields; a start after the finish is dropped."""
    custom = {"started": "2026-03-01T11:58:00Z", "finished": "2026-03-01T11:59:00Z", "status": "failure"}
    change = read(encoded(event(customData=custom)), Limits()).changes[0]
    assert (change.started_ms, change.finished_ms, change.at_ms) == (NOON - 120_000, NOON - 60_000, NOON - 60_000)
    assert change.status is ChangeStatus.FAILED
    late = read(encoded(event(customData={"startedAt": "2026-03-01T13:00:00Z"})), Limits()).changes[0]
    assert late.started_ms is None


def test_cloud_events() -> None:
    """Structured mode carries the event in `data`, as text or base64 too."""
    for data in ({"data": event()}, {"data_base64": base64.b64encode(json.dumps(event()).encode()).decode()}):
        envelope = {"specversion": "1.0", "type": "dev.cdevents.service.deployed.0.3.0", "id": "c1", **data}
        assert read(encoded(envelope), Limits()).changes[0].change_id == "e1"
    bare = {
        "specversion": "1.0",
        "type": "dev.cdevents.service.deployed.0.3.0",
        "id": "c1",
        "time": "2026-03-01T12:00Z",
    }
    assert read(encoded(bare | {"data": {"subject": event()["subject"]}}), Limits()).changes[0].change_id == "c1"


@pytest.mark.parametrize(
    "data",
    [
        json.dumps([event(), event(context=event()["context"] | {"id": "e2"})], indent=2).encode(),
        json.dumps([event(), event(context=event()["context"] | {"id": "e2"})]).encode("utf-16"),
        b"\xef\xbb\xbf" + encoded(event(), event(context=event()["context"] | {"id": "e2"})),
        encoded(event(), event(context=event()["context"] | {"id": "e2"})).strip(),
    ],
)
def test_arrays_lines_and_encodings(data: bytes) -> None:
    """An array, one a line, with a byte order mark, in UTF-16, with and without a last line end."""
    assert [change.change_id for change in read(data, Limits()).changes] == ["e1", "e2"]


def test_an_event_repeated_is_one_change() -> None:
    """Feeds deliver at least once."""
    assert len(read(encoded(event(), event()), Limits()).changes) == 1


def test_bad_lines_among_good_ones() -> None:
    """Each bad line is named, the rest is kept."""
    no_id = event(context={"type": "dev.cdevents.service.deployed.0.3.0", "timestamp": "2026-03-01T12:00:00Z"})
    no_time = event(context=event()["context"] | {"timestamp": "yesterday"})
    data = b"%%%\n" + encoded(event(), no_id, no_time, event(subject={}), 17)
    batch = read(data, Limits())
    assert len(batch.changes) == 1
    assert [warning.partition(":")[0] for warning in batch.warnings] == [
        "line 1",
        "line 3",
        "line 4",
        "line 5",
        "line 6",
    ]


def test_a_cut_last_line_is_held_back() -> None:
    """A writer at work costs nothing but its last line."""
    whole = encoded(event(), event(context=event()["context"] | {"id": "e2"}))
    batch = read(whole[:-20], Limits())
    assert [change.change_id for change in batch.changes] == ["e1"]
    assert batch.warnings == ("line 2: cut in the middle and without a line end, held back",)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        (b"  \n", "empty-file"),
        (encoded(event())[:-20], "json-truncated"),
        (b'{"a":}', "json-syntax"),
        (b"[" * 100_000, "json-depth"),
        (b'{"a":' * 150 + b"1" + b"}" * 150, "json-depth"),
        (b'{"a":1' + b"0" * 5_000 + b"e999}", "json-syntax"),
        (encoded(event(subject={})), "schema"),
        (b'{"a":"\xff"}', "encoding"),
        (b"\xff\xfe\x00", "encoding"),
    ],
)
def test_refusals(data: bytes, code: str) -> None:
    """What cannot be read is refused with a stable code."""
    with pytest.raises(Refused) as caught:
        read(data, Limits())
    assert caught.value.code == code


def test_refusal_names_its_place() -> None:
    """Line and column of a syntax error."""
    with pytest.raises(Refused) as caught:
        read(b'{\n  "a" 1}', Limits())
    assert (caught.value.line, caught.value.column) == (2, 7)


def test_not_events() -> None:
    """JSON without a CDEvent is not known."""
    for data in (b"{}", b"[]", b"1", b'{"context": {"type": "com.github.push"}}'):
        with pytest.raises(NotKnown):
            read(data, Limits())
    assert claims(event())
    assert not claims({"context": {}})


@needs_real_files
def test_conformance_examples() -> None:
    """Every example of the specification is read without a refusal."""
    found = {path.stem: read(path.read_bytes(), Limits()) for path in sorted(REAL_FILES.glob("*.json"))}
    kinds = {name: batch.changes[0].kind.value for name, batch in found.items() if batch.changes}
    assert kinds == {
        "environment_modified": "environment",
        "service_deployed": "deploy",
        "service_published": "deploy",
        "service_removed": "removal",
        "service_rolledback": "rollback",
        "service_upgraded": "upgrade",
    }
    assert {name for name, batch in found.items() if batch.notes} == {
        "incident_detected",
        "incident_reported",
        "incident_resolved",
    }
    deployed = found["service_deployed"].changes[0]
    assert deployed.to_version == "sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427"
    assert deployed.at_ms == 1_679_322_425_315
    told = {name for name, batch in found.items() if batch.changes or batch.notes or batch.warnings}
    assert all(name.startswith("test") for name in found.keys() - told)


words = st.text('ab:1{}"\n\x1b\u00e9\U0001f43a', max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
KEYS = ["context", "subject", "customData", "id", "type", "timestamp", "content", "environment", "artifactId", "data"]


@settings(max_examples=200)
@given(st.data())
def test_odd_values_are_read_or_refused(data: st.DataObject) -> None:
    """Any value in any place gives a change, a warning or a refusal."""
    built = event("service.deployed.0.3.0")
    for part in (built, built["context"], built["subject"], built["customData"]):
        if data.draw(st.booleans()):
            part[data.draw(st.sampled_from(KEYS))] = data.draw(json_values)
    try:
        read(encoded(built), Limits())
    except (Refused, NotKnown):
        return


@settings(max_examples=200)
@given(st.integers(0, 2_000), st.binary(max_size=6), st.integers(0, 40))
def test_mutations_are_read_or_refused(at: int, inserted: bytes, cut: int) -> None:
    """Damaged files are read, refused or not known, and nothing else."""
    whole = encoded(event(), event())
    for damaged in (whole[:at] + inserted + whole[at + cut :], inserted):
        try:
            read(damaged, Limits())
        except (Refused, NotKnown):
            continue
