"""crywolf reads the awkward week as it is, and says the same in whatever order and by however many it was ingested."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from ingest.model import Verdict
from store.connect import Connection
from store.read.tests import list_identities, load_tests
from tests.story.stores import EVERYTHING, Asked
from tests.story.truth import Question, scope_of
from tui.answers.changes import answer_changes
from tui.answers.failures import answer_failures
from tui.answers.flakes import answer_flakes
from tui.answers.query import Query
from tui.answers.rejected import list_refused
from tui.answers.runs import answer_runs
from tui.answers.services import answer_services
from tui.answers.timeline import answer_cells, answer_grid, answer_timeline
from tui.exports.documents import (
    changes_document,
    failures_document,
    flakes_document,
    rejected_document,
    runs_document,
    suspects_document,
    timeline_document,
)
from tui.output import json_text
from tui.times import iso, iso_or_none

KEYS = (
    "one-variant",
    "shard-missing",
    "unrecorded",
    "not-in-catalog",
    "monorepo",
    "test-code",
    "deploy-in-run-late",
    "deploy-in-run-early",
    "environments-disagree",
    "all-red",
    "zone-less",
)


def question(week: Asked, key: str) -> Question:
    """A trouble of the week."""
    return next(asked for asked in week.truth.questions if asked.key == key)


# ---------------------------------------------------------------- runs and files
def test_runs_as_they_are(week: Asked) -> None:
    """Every run with its state, its times (zone-less ones in their zone) and its outcomes; nothing else is a run."""
    rows = {(row.run.pipeline, row.run.run_id, row.run.attempt): row for row in week.runs.rows}
    refused = {(row["pipeline"], row["run_id"], 1): row["states"] for row in week.truth.document["rejected"]}
    told = {(row["pipeline"], row["run_id"], row["attempt"]): row for row in week.truth.document["runs"]}
    assert rows.keys() - refused.keys() == told.keys()
    for key, states in refused.items():
        assert rows[key].run.state in states
        assert rows[key].counts.tests == 0
    for key, row in told.items():
        run, counts = rows[key].run, rows[key].counts
        found = {name: getattr(counts, name) for name in ("passed", "failed", "errored", "skipped", "flaky")}
        assert {name: count for name, count in found.items() if count} == row["outcomes"]
        said = {name: row[name] for name in ("environment", "branch", "state", "start", "end")}
        assert said == {
            "environment": run.environment,
            "branch": run.branch,
            "state": run.state,
            "start": iso(run.started_ms),
            "end": iso_or_none(run.ended_ms),
        }


def test_only_the_aborted_report_is_refused(week: Asked) -> None:
    """It is listed with line and reason, and everything else is in."""
    told = [row["path"] for row in week.truth.document["rejected"]]
    listed = json.loads((week.database.parent / "outcomes.json").read_text(encoding="utf-8"))
    assert [path for path, status in listed if status == "rejected"] == told
    assert {status for _, status in listed} == {"ingested", "rejected"}
    rows = list_refused(week.connection)
    assert [row.path for row in rows] == [str(week.data / path) for path in told]
    assert all(row.line and "truncated" in row.reason for row in rows)


def test_late_identity_moves_the_run(week: Asked) -> None:
    """Before its `run.json` a run is called by its folders; afterwards by what the file says, and only so."""
    before = json.loads((week.database.parent / "before.json").read_text(encoding="utf-8"))
    after = [{"pipeline": row.run.pipeline, "run_id": row.run.run_id} for row in week.runs.rows]
    moved = {(row.run.pipeline, row.run.run_id): row.run for row in week.runs.rows}
    for late in week.truth.document["late"]:
        assert late["before"] in before
        assert late["before"] not in after
        run = moved[late["after"]["pipeline"], late["after"]["run_id"]]
        assert (run.environment, iso(run.started_ms)) == (late["after"]["environment"], late["after"]["start"])
    identities = [identity for _, identity in list_identities(week.connection)]
    assert not [identity for identity in identities if identity.startswith("inbox::")]


# ---------------------------------------------------------------- test cases
def test_identities(week: Asked) -> None:
    """Volatile names are one test case each, with the raw name kept elsewhere; a renamed test is two."""
    told = {row["test"] for row in week.truth.document["streams"]}
    found = [identity for _, identity in list_identities(week.connection)]
    volatile = week.truth.document["volatile"]
    assert len(volatile) == 3
    for stem in volatile:
        assert len([identity for identity in found if identity.startswith(stem)]) == 1, stem
    assert {identity for identity in found if not identity.startswith(tuple(volatile))} == told - set(volatile)
    renamed = week.truth.document["renamed"]
    assert {renamed["old"], renamed["new"]} <= told
    old, new = (week.timeline(renamed[key]).streams[0] for key in ("old", "new"))
    at = renamed["at"]
    assert all(result is None for run, result in zip(old.runs, old.results, strict=True) if iso(run.started_ms) > at)
    assert all(result is None for run, result in zip(new.runs, new.results, strict=True) if iso(run.started_ms) < at)


def test_counts_of_every_stream(week: Asked) -> None:
    """Runs, red runs and flakes of each test case in each stream: variants and environments apart, never pooled."""
    found = {(row.case.identity, row.scope): row for row in week.flakes}
    for counts in week.truth.counts:
        row = found.pop((counts.test, counts.scope), None)
        if row is None:
            assert counts.failed_runs == counts.flaky_runs == 0
            continue
        assert (row.runs, row.failed_runs, row.flaky_runs) == (counts.runs, counts.failed_runs, counts.flaky_runs)
        assert (row.retry_pass or (0, 0))[0] == counts.retry_pass
        assert (row.same_code or (0, 0))[0] == counts.same_code
    assert not found


def test_second_attempts_are_evidence_only_of_the_same_code(week: Asked) -> None:
    """A rerun of what failed adds no run; its pass shows a flake unless something that it exercises was deployed."""
    rows = {row.case.name: row for row in week.flakes}
    for second in week.truth.document["second_attempts"]:
        row = rows[second["test_name"]]
        assert (row.retry_pass or (0, 0))[0] == int(second["is_evidence"])
        strip = next(s for s in week.timeline(row.case.identity).streams if s.scope == row.scope)
        assert {run.attempt for run in strip.runs} == {1}


def test_missing_shard_is_unknown(week: Asked) -> None:
    """What an incomplete run did not report is unknown, never green."""
    for unknown in week.truth.document["unknown"]:
        strip = next(s for s in week.timeline(unknown["test"]).streams if s.scope == scope_of(unknown["scope"]))
        place = [run.run_id for run in strip.runs].index(unknown["run"])
        assert strip.results[place] is None
        assert strip.runs[place].state == "incomplete"


# ---------------------------------------------------------------- what is red, and is it real
def test_red_now_exactly(week: Asked) -> None:
    """Every stream that is red in the end, and no other; unmerged code and reruns are not."""
    found = {(row.case.identity, row.scope): row for row in week.failures()}
    assert found.keys() == {(red.test, red.scope) for red in week.truth.red_now}
    for red in week.truth.red_now:
        row = found[red.test, red.scope]
        assert row.run.run_id == red.run
        assert row.verdict in red.verdicts, red


@pytest.mark.parametrize("key", KEYS)
def test_suspects(week: Asked, key: str) -> None:
    """Verdict, onset and culprit of every trouble, asked in its last red run; what is unrecorded blames no change."""
    asked = question(week, key)
    for test in {asked.tests[0], asked.tests[-1]}:
        answer = week.suspects(test, asked.at)
        assert answer.scope == asked.scope
        assert answer.verdict in asked.verdicts
        assert answer.onset.last_good is not None
        assert answer.onset.first_bad is not None
        assert (answer.onset.last_good.run_id, answer.onset.first_bad.run_id) == (asked.last_good, asked.first_bad)
        top = answer.hypotheses[0]
        assert (top.change.change_id if top.change else None) == asked.change_id
        if asked.change_id is None:
            assert top.kind == asked.verdicts[0]


@pytest.mark.parametrize("key", KEYS)
def test_healed_tests_pass(week: Asked, key: str) -> None:
    """What healed within the week is not red at its end, in its own stream."""
    asked = question(week, key)
    if asked.healed_in is None:
        assert {(test, asked.scope) for test in asked.tests} <= {(r.case.identity, r.scope) for r in week.failures()}
    else:
        strip = next(s for s in week.timeline(asked.tests[0]).streams if s.scope == asked.scope)
        results = dict(zip((run.run_id for run in strip.runs), strip.results, strict=True))
        assert all(result is not None and result.is_red for result in (results[run] for run in asked.red_runs))
        healed = results[asked.healed_in]
        assert healed is not None
        assert not healed.is_red


@pytest.mark.parametrize("key", ["one-variant", "environments-disagree"])
def test_other_scopes_stand_beside(week: Asked, key: str) -> None:
    """Where a test is red in one stream, its other streams are told, each with its own verdict."""
    asked = question(week, key)
    told = next(row for row in week.truth.document["suspects"] if row["key"] == key)["other_scopes"]
    answer = week.suspects(asked.tests[0], asked.at)
    found = [(scope, verdict is not Verdict.PASSING) for scope, verdict, _ in answer.other_scopes]
    assert found == sorted((scope_of(row["scope"]), row["is_red"]) for row in told)
    assert found


# ---------------------------------------------------------------- changes and services
def test_monorepo_deploy_is_two_suspects_and_its_commit_none(week: Asked) -> None:
    """One commit deployed as two services: two changes that carry it; the push to it is no change of its own."""
    told = week.truth.document["changes"]
    rows = {row.change.change_id: row.change for row in week.changes.rows}
    together = [rows[ident] for ident in told["monorepo"]["change_ids"]]
    assert {change.service for change in together} == set(told["monorepo"]["services"])
    assert all(told["monorepo"]["commit"] in [commit.sha for commit in change.commits] for change in together)
    assert told["monorepo"]["not_a_suspect"] not in rows
    assert {ident for ident, change in rows.items() if change.target == "test"} == set(told["target_test"])
    assert len(rows) == told["cdevents"] + len(told["target_test"])


def test_services_known_and_unknown(week: Asked) -> None:
    """A deployed service that no catalog names is listed, without an owner, and as not in the catalog."""
    rows = {row.name: row for row in answer_services(week.connection, week.query(since=EVERYTHING)).services}
    document = week.truth.document
    assert rows.keys() == {service["name"] for service in document["services"]} | set(document["not_in_catalog"])
    assert {name for name, row in rows.items() if not row.in_catalog} == set(document["not_in_catalog"])
    assert all(rows[name].owner is None for name in document["not_in_catalog"])
    assert all(rows[name].last_change is None for name in document["without_feed"])


# ---------------------------------------------------------------- in any order, by any number
def test_same_answers_in_any_order(week: Asked, other: Asked) -> None:
    """Documents are equal byte for byte: `run.json` came last, first or in between, files came twice, or to two."""
    for (name, first), (_, second) in zip(_questions(week), _questions(other), strict=True):
        assert first().replace(str(week.data), "DATA") == second().replace(str(other.data), "DATA"), name


def _questions(week: Asked) -> Iterator[tuple[str, Callable[[], str]]]:
    """(what is asked, the answer as a document or as it is)."""
    connection, whole, now = week.connection, week.query(since=EVERYTHING), week.query()
    yield "flakes", lambda: json_text(flakes_document(answer_flakes(connection, whole)))
    yield "flakes of two weeks", lambda: json_text(flakes_document(answer_flakes(connection, now)))
    yield "failures", lambda: json_text(failures_document(answer_failures(connection, now)))
    yield "runs", lambda: json_text(runs_document(answer_runs(connection, whole)))
    yield "changes", lambda: json_text(changes_document(answer_changes(connection, whole)))
    yield "rejected", lambda: json_text(rejected_document(list_refused(connection)))
    yield "triage", lambda: repr(week.triage())
    yield "services", lambda: repr(answer_services(connection, whole))
    yield "grid", lambda: _grid_text(connection, whole)
    infos = load_tests(connection, [row for row, _ in list_identities(connection)]).values()
    yield "test cases", lambda: repr(sorted((info.case.identity, info.case.file, info.declared) for info in infos))
    for asked in week.truth.questions:
        test = asked.tests[0]
        yield f"suspects {asked.key}", partial(_suspects_text, week, test, asked.at)
        yield f"timeline {asked.key}", partial(_timeline_text, week, test)
    for row in week.truth.document["streams"]:
        if row["scope"]["pipeline"] == "night-audit":
            yield "timeline of the audit", partial(_timeline_text, week, row["test"])


def _grid_text(connection: Connection, query: Query) -> str:
    grid = answer_grid(connection, query)
    cells = answer_cells(connection, grid.stream_id, grid.run_rows, [row.test_row for row in grid.rows])
    return f"{grid!r} {cells.tolist()!r}"


def _suspects_text(week: Asked, test: str, at: str) -> str:
    return json_text(suspects_document(week.suspects(test, at)))


def _timeline_text(week: Asked, test: str) -> str:
    return json_text(timeline_document(answer_timeline(week.connection, week.query(since=EVERYTHING), test)))
