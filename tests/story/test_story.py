"""crywolf finds what STORY.md says is true, in the committed sample and in other words at another time."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import pytest

from ingest.model import ChangeKind, ChangeTarget, Verdict
from store.read.tests import list_identities, load_tests
from tests.story.counting import files_below, is_report, names_of, peers_of
from tests.story.stores import EVERYTHING, Asked
from tests.story.truth import Question
from tui.answers.owner_book import load_owner_book, team_of
from tui.answers.services import answer_services

KEYS = ("three-hops", "rolled-back", "rounding", "outage", "legacy", "newcomer")
BLAMED = ("three-hops", "rolled-back", "rounding")
REAL = ("three-hops", "rounding")


def question(told: Asked, key: str) -> Question:
    """An incident of the truth."""
    return told.truth.questions[KEYS.index(key)]  # keys are words, which the renamed story replaces


def incident(told: Asked, key: str) -> dict[str, Any]:
    """The same as the document has it."""
    found: dict[str, Any] = told.truth.document["incidents"][KEYS.index(key)]
    return found


def names_of_tests(identities: Iterable[str]) -> set[tuple[str, ...]]:
    """(class name, name) of identities: the sample has one repository."""
    return {tuple(identity.split("::")[1:]) for identity in identities}


def declared_services(told: Asked) -> dict[str, set[tuple[str, ...]]]:
    """Service -> (class name, name) of the tests that say that they exercise it, from the files alone."""
    declared: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for path in filter(is_report, files_below(told.data)):
        for test, services in peers_of(path):
            for service in services:
                declared[service].add(test)
    return declared


def exercised(told: Asked, pipelines: Iterable[str], *, reaches: bool) -> dict[str, set[tuple[str, ...]]]:
    """Service -> tests of some pipelines that exercise it: declared, else of the pipeline's own service.

    Args:
        reaches: what is reachable from a pipeline's own service counts too.
    """
    found = declared_services(told)
    declaring = set().union(*found.values())
    calls = {service["name"]: service["depends_on"] for service in told.truth.document["services"]}
    for pipeline in pipelines:
        configured = told.settings.pipeline(pipeline)
        entry = configured.service if configured else None
        names = {name for p in filter(is_report, files_below(told.data / pipeline)) for name in names_of(p)} - declaring
        reached, left = set[str](), [entry] if entry else []
        while left:
            service = left.pop()
            left += [call for call in calls[service] if reaches and call not in reached]
            reached.add(service)
        for service in reached:
            found[service] |= names
    return found


# ---------------------------------------------------------------- what is in the store
def test_totals_of_each_pipeline(told: Asked) -> None:
    """Runs, results, attempts and outcomes of every pipeline are those of the files."""
    for pipeline in told.truth.document["pipelines"]:
        rows = [row for row in told.runs.rows if row.run.pipeline == pipeline["name"]]
        assert len(rows) == pipeline["runs"]
        assert sum(row.run.branch == "main" for row in rows) == pipeline["baseline_runs"]
        assert Counter(str(row.run.trigger) for row in rows) == pipeline["triggers"]
        assert sum(row.counts.tests for row in rows) == pipeline["results"]
        assert sum(row.counts.attempts for row in rows) == pipeline["attempts"]
        for outcome, count in pipeline["outcomes"].items():
            assert sum(getattr(row.counts, outcome) for row in rows) == count, outcome
        assert {row.run.state for row in rows} == {"complete"}
        assert {row.run.run_id for row in rows} >= {pipeline["first_run"], pipeline["last_run"]}
    assert len(told.runs.rows) == sum(p["runs"] for p in told.truth.document["pipelines"])


def test_changes_of_each_kind(told: Asked) -> None:
    """Every change of every feed is there once; pushes to the tests are changes of the tests."""
    said = told.truth.document["changes"]
    changes = [row.change for row in told.changes.rows]
    assert len(changes) == said["total"]
    assert len({change.change_id for change in changes}) == len(changes)
    assert sum(change.target is ChangeTarget.TEST for change in changes) == said["target_test"]
    assert sum(change.change_id.startswith("github:deployment:") for change in changes) == said["by_feed"]["github"]


# ---------------------------------------------------------------- what is red, and is it real
def test_red_now_exactly(told: Asked) -> None:
    """The red test cases are those of the truth, in their last baseline run, and nothing else is red."""
    found = {(row.case.identity, row.scope): row for row in told.failures()}
    assert len(found) == len(told.failures())
    assert found.keys() == {(red.test, red.scope) for red in told.truth.red_now}
    for red in told.truth.red_now:
        row = found[red.test, red.scope]
        assert row.run.run_id == red.run
        assert row.verdict in red.verdicts, red.test


def test_nothing_before_a_merge_is_real(told: Asked) -> None:
    """Runs of unmerged code are red for their own reasons: they are in no incident and have no verdict."""
    assert not [row for row in told.failures() if row.scope.branch == "pre-merge"]
    assert not [row for row in told.triage().incidents for _, scope in row.tests if scope.branch == "pre-merge"]
    unmerged = [row for row in told.flakes if row.scope.branch == "pre-merge"]
    assert len([row for row in unmerged if row.failed_runs]) > 20
    assert {row.verdict for row in unmerged} == {Verdict.PASSING}


def test_triage_puts_the_regression_first(told: Asked) -> None:
    """One incident a cause, the three-hops regression first, and what is real above what is flaky or stands for weeks.

    The order is P(someone must act) x blast radius x criticality.
    """
    rows = told.triage().incidents
    tests = [{case.identity for case, _ in row.tests} for row in rows]
    real, flaky = [set(question(told, key).tests) for key in REAL], {told.truth.red_now[-3].test}
    undecided = [set(question(told, key).tests) for key in ("legacy", "newcomer")]
    assert tests[0] == real[0]
    assert len(tests) == 5
    assert all(group in tests for group in (*real, *undecided, flaky))
    assert tests.index(real[1]) < min(tests.index(flaky), tests.index(undecided[0]))
    weights = [row.act_probability * sum(dataclasses.astuple(row.radius)) * row.criticality for row in rows]
    assert weights == sorted(weights, reverse=True)
    assert told.triage().counts == {"real": 2, "regression": 2, "undecided": 2, "flaky": 1}


# ---------------------------------------------------------------- since when, and what changed
@pytest.mark.parametrize("key", KEYS)
def test_verdict_while_it_is_red(told: Asked, key: str) -> None:
    """Asked in its last red run, every test of an incident is red for the true reason."""
    asked = question(told, key)
    found = {(row.case.identity, row.scope): row for row in told.failures(asked.at)}
    for test in asked.tests:
        row = found[test, asked.scope]
        assert row.run.run_id == asked.red_runs[-1]
        assert row.verdict in asked.verdicts, test


@pytest.mark.parametrize("key", KEYS)
def test_onset_is_between_last_good_and_first_bad(told: Asked, key: str) -> None:
    """The onset names the two runs, in the stream of the incident."""
    asked = question(told, key)
    for test in {asked.tests[0], asked.tests[-1]}:
        answer = told.suspects(test, asked.at)
        assert answer.scope == asked.scope
        onset = answer.onset
        assert (onset.last_good.run_id if onset.last_good else None) == asked.last_good
        assert onset.first_bad is not None
        assert onset.first_bad.run_id == asked.first_bad
        assert sum(h.probability for h in answer.hypotheses) == pytest.approx(1.0)


@pytest.mark.parametrize("key", BLAMED)
def test_culprit_is_the_top_suspect(told: Asked, key: str) -> None:
    """For every test of the incident; what else was deployed in the gap ranks below it, and so does everything else."""
    asked, truth = question(told, key), incident(told, key)
    innocent = {change["change_id"] for change in truth["also_in_gap"]}
    assert innocent
    for row in told.triage(asked.at).incidents:
        if {case.identity for case, _ in row.tests}.isdisjoint(asked.tests):
            continue
        top = row.hypotheses[0]
        assert top.change is not None
        assert top.change.change_id == asked.change_id
        assert top.change.title == truth["culprit"]["title"]
        chances = {h.change.change_id: h.probability for h in row.hypotheses if h.change}
        assert all(chances.get(other, 0.0) < top.probability / 2 for other in innocent)
        assert {case.identity for case, _ in row.tests} == set(asked.tests)
        assert innocent | {asked.change_id} <= {change.change_id for change in row.between}


@pytest.mark.parametrize("key", BLAMED)
def test_suspects_of_each_test_agree(told: Asked, key: str) -> None:
    """Whichever test of the incident is asked about, the culprit is its top suspect; a third of them is tried."""
    asked = question(told, key)
    for test in asked.tests[::3]:
        answer = told.suspects(test, asked.at)
        top = answer.hypotheses[0]
        assert top.change is not None, test
        assert top.change.change_id == asked.change_id, test


def test_rollback_heals(told: Asked) -> None:
    """The tests pass again in the first run after the rollback; afterwards nothing is red and nobody is suspected."""
    asked, truth = question(told, "rolled-back"), incident(told, "rolled-back")
    back = next(c for c in told.changes.rows if c.change.change_id == truth["rolled_back_by"]["change_id"])
    assert back.change.kind is ChangeKind.ROLLBACK
    assert back.change.service == asked.service
    for test in asked.tests:
        strip = next(s for s in told.timeline(test).streams if s.scope == asked.scope)
        results = {
            run.run_id: result for run, result in zip(strip.runs, strip.results, strict=True) if result is not None
        }
        assert all(results[run].is_red for run in asked.red_runs)
        assert asked.healed_in is not None
        assert not results[asked.healed_in].is_red
        assert told.suspects(test).verdict is Verdict.PASSING


def test_failures_follow_the_culprit(told: Asked) -> None:
    """`changes` counts the tests that broke right after a culprit, and those that exercise its service."""
    rows = {row.change.change_id: row for row in told.changes.rows}
    for key in BLAMED:
        asked = question(told, key)
        users = exercised(told, [asked.scope.pipeline], reaches=True)
        for change in (incident(told, key)["culprit"], *incident(told, key)["also_in_gap"]):
            row = rows[change["change_id"]]
            assert (row.failures_after or 0) >= len(asked.tests)
            assert row.exercising_after == len(users[change["service"]] & names_of_tests(asked.tests))
        assert rows[str(asked.change_id)].exercising_after


# ---------------------------------------------------------------- the outage
def test_outage_is_one_incident(told: Asked) -> None:
    """Asked while it lasts, everything that the outage broke is one incident of the environment."""
    asked = question(told, "outage")
    rows = [row for row in told.triage(asked.at).incidents if row.verdict is Verdict.ENVIRONMENT]
    assert [{case.identity for case, _ in row.tests} for row in rows] == [set(asked.tests)]


def test_outage_counts_for_no_rate(told: Asked) -> None:
    """Its runs are masked: tests that failed only then have no flake, and their rate rests on the other runs."""
    asked = question(told, "outage")
    elsewhere = {test for q in told.truth.questions if q.key != "outage" for test in q.tests}
    elsewhere |= {counts.test for counts in told.truth.counts}
    rows = {row.case.identity: row for row in told.flakes if row.scope == asked.scope}
    only = [test for test in asked.tests if test not in elsewhere]
    assert len(only) > 20
    for test in only:
        row = rows[test]
        assert row.failed_runs == len(asked.red_runs)
        assert row.masked_runs >= len(asked.red_runs)
        assert row.flaky_runs == row.flips == 0
        assert row.flake_rate is not None
        assert (row.flake_rate.k, row.flake_rate.n) == (0, row.runs - row.masked_runs)
    for test in only[:2]:
        strip = next(s for s in told.timeline(test).streams if s.scope == asked.scope)
        masked = {run.run_id for run, is_masked in zip(strip.runs, strip.masked, strict=True) if is_masked}
        assert masked >= set(asked.red_runs)


# ---------------------------------------------------------------- flakes
def test_flakes_are_counted_exactly(told: Asked) -> None:
    """Runs, red runs and flakes of both kinds of every flaky test in every stream, over the whole story."""
    found = {(row.case.identity, row.scope): row for row in told.flakes}
    for counts in told.truth.counts:
        row = found[counts.test, counts.scope]
        assert (row.runs, row.failed_runs, row.flaky_runs) == (counts.runs, counts.failed_runs, counts.flaky_runs)
        assert (row.retry_pass or (0, 0))[0] == counts.retry_pass
        assert (row.same_code or (0, 0))[0] == counts.same_code
        assert row.flake_rate is not None
        assert (row.flake_rate.k, row.flake_rate.n) == (counts.flaky_runs, counts.runs - row.masked_runs)


def test_nothing_else_is_flaky(told: Asked) -> None:
    """Regressions, the outage and reds of unmerged code are no flakes."""
    flaky = {(row.case.identity, row.scope) for row in told.flakes if row.flaky_runs}
    assert flaky == {(counts.test, counts.scope) for counts in told.truth.counts}


def test_suites_without_retries_say_so(told: Asked) -> None:
    """Where no test was ever retried, a pass on a retry is unknown, not 0 %."""
    retrying = {p["name"] for p in told.truth.document["pipelines"] if p["attempts"] > p["results"]}
    for row in told.flakes:
        if row.scope.pipeline not in retrying:
            assert row.retry_pass is None
    assert {row.scope.pipeline for row in told.flakes if row.retry_pass is not None} == retrying


# ---------------------------------------------------------------- whose is it
def test_owner_of_every_test(told: Asked) -> None:
    """The last matching rule of CODEOWNERS decides; two owners are both named, none is none."""
    book = load_owner_book(told.connection, told.settings)
    infos = load_tests(told.connection, [row for row, _ in list_identities(told.connection)])
    found = {info.case.identity: book.of_test(info.case).owners for info in infos.values()}
    assert found == {row["test"]: tuple(row["owners"]) for row in told.truth.document["owners"]}
    assert {len(owners) for owners in found.values()} == {0, 1, 2}


def test_three_owners_of_an_incident(told: Asked) -> None:
    """Owner of the test, of the environment and of the suspected service are three different answers."""
    for key in REAL:
        asked = question(told, key)
        rows = [row for row in told.failures() if row.case.identity in asked.tests]
        assert {owner for row in rows for owner in row.owners.test} == set(incident(told, key)["owners"])
        assert {tuple(map(team_of, row.owners.suspect)) for row in rows} == {(asked.owner,)}
        owner = told.settings.owner_of_job(asked.scope.pipeline, asked.scope.environment)
        assert {row.owners.environment for row in rows} == {(owner,)}


def test_contested_and_unowned_are_shown(told: Asked) -> None:
    """The refunds and exchanges have two owners each, the gift card has none; nobody is suspected of either."""
    rows = {row.case.identity: row.owners for row in told.failures()}
    unowned, contested = question(told, "legacy").tests[0], question(told, "newcomer").tests[0]
    assert rows[unowned].test == ()
    assert len(rows[contested].test) == 2
    assert sum(len(row.test) == 2 for row in rows.values()) == 3


# ---------------------------------------------------------------- services
def test_services_that_are_red(told: Asked) -> None:
    """A service is as red as the red tests that declare it or run in its own pipeline; the whole catalog is listed."""
    users = exercised(told, [p["name"] for p in told.truth.document["pipelines"]], reaches=False)
    red = names_of_tests(red.test for red in told.truth.red_now)
    answer = answer_services(told.connection, told.query(since=EVERYTHING))
    catalog = {service["name"]: service["owner"] for service in told.truth.document["services"]}
    assert {row.name: row.owner for row in answer.services} == catalog
    for row in answer.services:
        assert row.tests == len(users[row.name]), row.name
        assert row.red_now == len(users[row.name] & red), row.name
        assert sum(day.executed for day in row.days if day) > 0, row.name


def test_rows_do_not_depend_on_names_or_times(committed: Asked, moved: Asked) -> None:
    """The story in other words at another time gives the same numbers, row by row."""

    def numbers(asked: Asked) -> list[tuple[object, ...]]:
        rows = (
            (r.runs, r.masked_runs, r.failed_runs, r.flaky_runs, r.flips, r.retry_pass, r.same_code, str(r.verdict))
            for r in asked.flakes
        )
        return sorted(rows, key=repr)

    def shapes(asked: Asked) -> list[tuple[object, ...]]:
        rows = asked.triage().incidents
        return [(str(r.verdict), r.radius, len(r.tests), r.red_runs, r.criticality, len(r.between)) for r in rows]

    assert numbers(committed) == numbers(moved)
    assert shapes(committed) == shapes(moved)
    after = Counter((r.failures_after, r.exercising_after) for r in committed.changes.rows)
    assert after == Counter((r.failures_after, r.exercising_after) for r in moved.changes.rows)
