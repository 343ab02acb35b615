"""Clusters in a store: failures, incidents and the list of clusters say the same of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from store.connect import open_reader
from store.read.clusters import list_top_signatures
from tests.store.making import run_note, write
from tests.story.stores import Asked, ingest
from tui.answers.basis import load_basis
from tui.answers.clusters import answer_clusters, load_clusters
from tui.answers.failures import answer_failures
from tui.answers.query import DAY_MS, Query
from tui.answers.triage import work_out_triage
from tui.exports.clusters_document import clusters_document
from tui.times import parse_moment


def test_every_failing_attempt_is_in_one_cluster(sample: Asked) -> None:
    """Sums are those of the signatures, and no signature is in two."""
    answer = answer_clusters(sample.connection, Query())
    assert answer.window is not None
    days = answer.window.since_ms // DAY_MS, answer.window.until_ms // DAY_MS
    signatures = list_top_signatures(sample.connection, *days)
    assert sum(row.failures for row in answer.rows) == sum(one.failures for one in signatures)
    keys = [key for row in answer.rows for key in row.signatures]
    assert sorted(keys) == sorted(one.key for one in signatures)
    assert len({row.cluster for row in answer.rows}) == len(answer.rows)


def test_failures_incidents_and_clusters_agree(sample: Asked) -> None:
    """Cluster and cause of what is red now are those of the list."""
    listed = {row.cluster: row for row in answer_clusters(sample.connection, Query(since=parse_moment("60d"))).rows}
    failures = answer_failures(sample.connection, Query()).rows
    assert failures
    for row in failures:
        assert row.signature in listed[row.cluster].signatures
        assert row.cause.category == listed[row.cluster].cause.category
    leads = {(row.case, row.scope): row for row in failures}
    for incident in work_out_triage(sample.connection, Query()).incidents:
        lead = leads[incident.lead, incident.scope]
        assert (incident.cluster, incident.cause) == (lead.cluster, lead.cause)


def test_one_by_one_is_the_same_as_all_at_once(sample: Asked) -> None:
    """What is said of a signature does not depend on what else is asked."""
    basis = load_basis(sample.connection, Query())
    assert basis is not None
    whole = load_clusters(basis)
    whole.learn(whole.known)
    for key in list(whole.known)[::7]:
        alone = replace(whole, leaders={})
        assert alone.id_of(key) == whole.id_of(key)


def test_nearly_equal_messages_of_two_tests_are_one_cluster(tmp_path: Path) -> None:
    """A day apart; the id is that of the first, also when asked as of the second day alone."""
    said = "the parcel of the order was not handed to the carrier of the {} in time at the depot of the town"
    for day, word in ((1, "north"), (2, "south")):
        failure = f'<failure type="E" message="{said.format(word)}"/>'
        case = f'<testcase classname="C" name="t{day}" time="1">{failure}</testcase>'
        folder = tmp_path / "data" / str(day)
        write(folder / "a.xml", f'<testsuite name="s" tests="1">{case}</testsuite>')
        note = run_note(str(day), start_time=f"2026-03-0{day}T10:00:00Z", vcs__ref__head__name="main")
        write(folder / "run.json", note)
    ingest(tmp_path / "crywolf.db", tmp_path / "data")
    connection = open_reader(tmp_path / "crywolf.db")
    (row,) = answer_clusters(connection, Query()).rows
    (late,) = answer_clusters(connection, Query(since=parse_moment("2026-03-02T00:00:00Z"))).rows
    (early,) = answer_clusters(connection, Query(at=parse_moment("2026-03-01T23:00:00Z"))).rows
    connection.close()
    assert (row.failures, row.radius.tests, len(row.signatures)) == (2, 2, 2)
    assert "north" in row.title
    assert row.cluster == late.cluster == early.cluster
    assert (late.failures, early.failures) == (1, 1)


def test_the_document_says_what_decided(sample: Asked) -> None:
    """A category never comes without its words."""
    rows = clusters_document(answer_clusters(sample.connection, Query()))["clusters"]
    assert isinstance(rows, list)
    causes = [row["cause"] for row in rows if row["cause"] is not None]
    assert {cause["category"] for cause in causes} >= {"network", "assertion", "timeout"}
    assert all(cause["text"] and cause["rules"] == "causes.toml" for cause in causes)
