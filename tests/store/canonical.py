"""A store as facts: every table joined with names, no row id, no time of ingest. Equal facts, equal views."""

from __future__ import annotations

from typing import Any

from store.connect import Connection
from tests.store.recount import days_of_tests

_RUN = "l.name, r.name, r.attempt, r.environment"
_RUNS = "run r JOIN pipeline l ON l.pipeline_id = r.pipeline_id"
_OF_RUN = "JOIN run r ON r.run_id = {0}.run_id JOIN pipeline l ON l.pipeline_id = r.pipeline_id"
_OF_STREAM = "JOIN stream s ON s.stream_id = {0}.stream_id JOIN pipeline sl ON sl.pipeline_id = s.pipeline_id"
_STREAM = "sl.name, s.environment, s.branch, s.variant"
_STREAMS = "stream s JOIN pipeline sl ON sl.pipeline_id = s.pipeline_id"
_TEST = "t.namespace, t.classname, t.name"
_PART = f"o.location, {_RUN}"
_PARTS = (
    "part p JOIN source_file o ON o.source_id = p.source_id JOIN run r ON r.run_id = p.run_id"
    " JOIN pipeline l ON l.pipeline_id = r.pipeline_id"
)
_OF_PART = f"JOIN {_PARTS.replace('part p', 'part p ON p.part_id = {0}.part_id', 1)}"

VIEWS = {
    "pipeline": "SELECT name FROM pipeline",
    "service": "SELECT name FROM service",
    "stream": f"SELECT {_STREAM} FROM {_STREAMS}",
    "test_case": f"SELECT {_TEST}, t.file, hex(t.stable) FROM test_case t",
    "exercised": (
        f"SELECT {_TEST}, v.name, e.position FROM exercised e JOIN test_case t ON t.test_id = e.test_id"
        " JOIN service v ON v.service_id = e.service_id"
    ),
    "run": (
        f"SELECT {_RUN}, r.branch, r.started_ms, r.ended_ms, r.is_start_estimated, r.state, r.run_trigger, r.revision,"
        f" r.base_revision, r.repository, r.url, v.name, r.version, r.merge_request FROM {_RUNS}"
        " LEFT JOIN service v ON v.service_id = r.service_id"
    ),
    "part": (
        f"SELECT {_PART}, {_STREAM}, p.namespace, p.identity, p.given, p.environ, p.resolved, p.started_ms, p.ended_ms,"
        f" p.job, p.job_url, p.shard_index, p.shard_total FROM {_PARTS} {_OF_STREAM.format('p')}"
    ),
    "result": (
        f"SELECT {_PART}, {_TEST}, x.ordinal, x.outcome, x.duration_ms, x.start_offset_ms, hex(f.digest), f.type,"
        f" f.message, g.version, g.key FROM result x {_OF_PART.format('x')}"
        " JOIN test_case t ON t.test_id = x.test_id LEFT JOIN failure f ON f.failure_id = x.failure_id"
        " LEFT JOIN signature g ON g.signature_id = f.signature_id"
    ),
    "result_name": (
        f"SELECT {_PART}, {_TEST}, n.ordinal, n.name FROM result_name n {_OF_PART.format('n')}"
        " JOIN test_case t ON t.test_id = n.test_id"
    ),
    "result_link": (
        f"SELECT {_PART}, {_TEST}, k.ordinal, k.position, k.kind, k.url FROM result_link k"
        f" {_OF_PART.format('k')} JOIN test_case t ON t.test_id = k.test_id"
    ),
    "signature": "SELECT version, key, title FROM signature",
    "run_total": (
        f"SELECT {_RUN}, {_STREAM}, c.attempts, c.passed, c.failed, c.errored, c.skipped, c.flaky FROM run_total c"
        f" {_OF_RUN.format('c')} {_OF_STREAM.format('c')}"
    ),
    "service_day": (
        f"SELECT v.name, {_STREAM}, d.day, d.executed, d.failed, d.flaky FROM service_day d"
        f" JOIN service v ON v.service_id = d.service_id {_OF_STREAM.format('d')}"
    ),
    "signature_day": (
        f"SELECT d.day, g.key, {_STREAM}, {_TEST}, d.failures FROM signature_day d"
        " JOIN signature g ON g.signature_id = d.signature_id"
        f" {_OF_STREAM.format('d')} JOIN test_case t ON t.test_id = d.test_id"
    ),
    "change": "SELECT change_id, kind, target, environment, at_ms, status, content, record FROM change",
    "commit_note": "SELECT sha, record FROM commit_note",
    "incident_note": "SELECT note_id, state, incident, at_ms, environment, service, title, url FROM incident_note",
    "run_note": (
        f"SELECT o.location, {_RUN}, n.identity FROM run_note n JOIN source_file o ON o.source_id = n.source_id"
        f" {_OF_RUN.format('n')}"
    ),
    "source_file": (
        f"SELECT o.location, hex(o.digest), o.kind, o.format, o.status, o.reason, o.line, o.warnings, o.counts, {_RUN}"
        " FROM source_file o LEFT JOIN run r ON r.run_id = o.run_id"
        " LEFT JOIN pipeline l ON l.pipeline_id = r.pipeline_id"
    ),
    "catalog_entry": (
        "SELECT o.location, v.name, c.record FROM catalog_entry c JOIN source_file o ON o.source_id = c.source_id"
        " JOIN service v ON v.service_id = c.service_id"
    ),
    "owner_file": (
        "SELECT o.location, w.repository, w.record FROM owner_file w JOIN source_file o ON o.source_id = w.source_id"
    ),
}
"""View -> query. The failure texts are those that results refer to: one that nothing refers to is no fact."""


def canonical(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every view, its rows sorted."""
    found = {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in VIEWS.items()}
    return {**found, "test_day": sorted(_test_days(connection), key=repr)}


def _test_days(connection: Connection) -> list[tuple[Any, ...]]:
    """Stream, test, day, executed, failed, flaky, retried, flips, first red, last red."""
    streams = {row[0]: row[1:] for row in connection.execute(f"SELECT s.stream_id, {_STREAM} FROM {_STREAMS}")}
    tests = {row[0]: row[1:] for row in connection.execute(f"SELECT t.test_id, {_TEST} FROM test_case t")}
    return [(*streams[stream], *tests[test], *sums) for stream, test, *sums in days_of_tests(connection)]


def differing(left: Connection, right: Connection) -> dict[str, tuple[list[Any], list[Any]]]:
    """View -> (rows that only the left store has, only the right one); empty when both say the same."""
    ours, theirs = canonical(left), canonical(right)
    found = {}
    for name in ours:
        if ours[name] != theirs[name]:
            found[name] = (
                [row for row in ours[name] if row not in theirs[name]],
                [row for row in theirs[name] if row not in ours[name]],
            )
    return found
