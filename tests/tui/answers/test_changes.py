"""The change feed: suspicion from the incidents, and the last green nightly."""

from __future__ import annotations

from pathlib import Path

from store.connect import open_reader
from tests.store.making import run_note, write
from tests.story.stores import Asked, ingest
from tui.answers.changes import answer_changes
from tui.answers.query import Query
from tui.exports.documents import changes_document


def test_suspicion_is_the_incidents_own(sample: Asked) -> None:
    """A change has the largest probability that any incident gives it; most changes have none."""
    answer = answer_changes(sample.connection, sample.query())
    incidents = sample.triage().incidents
    for row in answer.rows:
        given = [
            (h.probability, one.title)
            for one in incidents
            for h in one.hypotheses
            if h.change is not None and h.change.change_id == row.change.change_id
        ]
        assert (row.suspicion, row.incident) == max(given, key=lambda pair: pair[0], default=(None, ""))
    assert max(row.suspicion or 0 for row in answer.rows) > 0.5
    assert sum(row.suspicion is None for row in answer.rows) > 5


def test_last_green_nightly(tmp_path: Path) -> None:
    """Newest complete run of a nightly that passed: not a red one, not a crashed one, not one of another pipeline."""
    runs = [
        (1, "nightly", "passed", {}),
        (2, "nightly", "passed", {"crywolf__run__state": "incomplete"}),
        (3, "nightly", "failed", {}),
        (4, "hourly", "passed", {}),
    ]
    for day, pipeline, outcome, more in runs:
        place = tmp_path / "data" / str(day)
        failure = "<failure message='m'/>" if outcome == "failed" else ""
        write(place / "a.xml", f'<testsuite name="s"><testcase classname="C" name="t">{failure}</testcase></testsuite>')
        note = run_note(
            str(day),
            start_time=f"2026-03-0{day}T02:00:00Z",
            cicd__pipeline__name=pipeline,
            vcs__ref__head__name="main",
            deployment__environment__name="staging",
            **more,
        )
        write(place / "run.json", note)
    rows = "".join(f"web,{day}.0,staging,2026-03-0{day}T01:00:00Z\n" for day in range(1, 5))
    write(tmp_path / "data" / "deploys.csv", f"service,version,environment,time\n{rows}")
    ingest(tmp_path / "crywolf.db", tmp_path / "data")
    reader = open_reader(tmp_path / "crywolf.db")
    whole = answer_changes(reader, Query())
    since = answer_changes(reader, Query(), since_green=True)
    reader.close()
    assert whole.green is not None
    assert (whole.green.run_id, whole.is_since_green, len(whole.rows)) == ("1", False, 4)
    assert (since.is_since_green, [row.change.to_version for row in since.rows]) == (True, ["4.0", "3.0", "2.0"])
    document = changes_document(since)
    assert document["last_green_nightly"]["run_id"] == "1"  # type: ignore[index]
