"""Windows hang on the newest run in scope, never on the wall clock; `--at` sees nothing of what came after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from store.connect import Connection
from tests.story.stores import EVERYTHING, Asked
from tui.answers.changes import answer_changes
from tui.answers.failures import answer_failures
from tui.answers.flakes import answer_flakes
from tui.answers.health import answer_health
from tui.answers.query import DAY_MS, Moment, Query
from tui.answers.runs import answer_runs
from tui.answers.search import search
from tui.answers.services import answer_services
from tui.answers.suspects import answer_suspects
from tui.answers.test_detail import answer_test
from tui.answers.tests import list_test_keys
from tui.answers.timeline import answer_grid, answer_timeline
from tui.answers.triage import answer_triage
from tui.answers.unknown_names import unknown_names
from tui.answers.windows import resolve_window, window_before
from tui.errors import AnswerError, NoMatch
from tui.times import iso

HOUR_MS = 3_600_000
NOW = 1000 * DAY_MS


def test_default_is_two_weeks_before_now() -> None:
    """Without options a window ends at the newest run and reaches two weeks back."""
    window = window_before(NOW, Query())
    assert (window.since_ms, window.until_ms, window.now_ms) == (NOW - 14 * DAY_MS, NOW, NOW)


def test_at_is_now() -> None:
    """Relative times go back from `--at`."""
    window = window_before(NOW, Query(at=Moment(at_ms=NOW - DAY_MS), since=Moment(back_ms=2 * DAY_MS)))
    assert (window.since_ms, window.until_ms, window.now_ms) == (NOW - 3 * DAY_MS, NOW - DAY_MS, NOW - DAY_MS)
    assert window_before(NOW, Query(at=Moment(back_ms=DAY_MS))).now_ms == NOW - DAY_MS


def test_until_ends_the_window_and_not_now() -> None:
    """`--until` moves the window's end and its default start; a later one than now is now."""
    window = window_before(NOW, Query(until=Moment(back_ms=5 * DAY_MS)))
    assert (window.since_ms, window.until_ms, window.now_ms) == (NOW - 19 * DAY_MS, NOW - 5 * DAY_MS, NOW)
    assert window_before(NOW, Query(until=Moment(at_ms=NOW + DAY_MS))).until_ms == NOW


def test_a_window_does_not_end_before_it_begins() -> None:
    """Such a question is refused; one about what is yet to come has an empty answer."""
    with pytest.raises(AnswerError, match="before it begins"):
        window_before(NOW, Query(since=Moment(back_ms=DAY_MS), until=Moment(back_ms=2 * DAY_MS)))
    window = window_before(NOW, Query(since=Moment(at_ms=NOW + DAY_MS), until=Moment(at_ms=NOW + 2 * DAY_MS)))
    assert (window.since_ms, window.until_ms) == (NOW + DAY_MS, NOW)


def test_now_is_the_newest_run_in_scope(sample: Asked) -> None:
    """Of the environment, pipeline or branch asked for, whatever the case of its name."""
    for name, filters in (
        ("environment", {"environment": "PREPROD"}),
        ("pipeline", {"pipeline": "web-ci"}),
        ("branch", {"branch": "pre-merge"}),
        ("", {}),
    ):
        window = resolve_window(sample.connection, sample.query(**filters))
        rows = [
            row.run
            for row in sample.runs.rows
            if not name
            or (row.run.trigger == "pre-merge" if name == "branch" else getattr(row.run, name) == filters[name].lower())
        ]
        assert window is not None
        assert window.now_ms == max(run.ended_ms or run.started_ms for run in rows), name
    assert resolve_window(sample.connection, sample.query(environment="elsewhere")) is None


def test_at_sees_nothing_later(sample: Asked) -> None:
    """Runs that had not ended and changes that were not made are not seen."""
    at = iso(sample.runs.rows[100].run.started_ms + 60_000)
    query = sample.query(at, since=EVERYTHING)
    window = resolve_window(sample.connection, query)
    assert window is not None
    runs = answer_runs(sample.connection, query).rows
    assert runs
    assert all((row.run.ended_ms or row.run.started_ms) <= window.now_ms for row in runs)
    later = [row.run for row in sample.runs.rows if (row.run.ended_ms or row.run.started_ms) > window.now_ms]
    assert len(runs) == len(sample.runs.rows) - len(later)
    changes = answer_changes(sample.connection, query).rows
    assert {row.change.change_id for row in changes} == {
        row.change.change_id for row in sample.changes.rows if row.change.at_ms <= window.now_ms
    }
    assert answer_health(sample.connection, query).now_ms == window.now_ms
    assert not {row.run for row in answer_failures(sample.connection, query).rows} & set(later)
    for row in answer_services(sample.connection, query).services:
        assert row.last_change is None or row.last_change.at_ms <= window.now_ms


def test_services_do_not_see_later_runs_of_the_day(sample: Asked) -> None:
    """The day of `--at` holds what had ended by then; all days before it are whole."""
    newest = sample.runs.rows[0].run.started_ms
    at = iso(newest - 6 * HOUR_MS)
    whole = answer_services(sample.connection, sample.query()).services
    early = {row.name: row for row in answer_services(sample.connection, sample.query(at)).services}
    cut = 0
    for row in whole:
        now, before = row.days[-1], early[row.name].days[-1]
        if now is not None:
            assert before is None or before.executed <= now.executed
            cut += before is not None and before.executed < now.executed
        assert row.days[1:-1] == early[row.name].days[1:-1]
    assert cut == len(whole)


def test_empty_store_has_empty_answers(empty: Connection) -> None:
    """Every question has an answer in a store without runs, and a name matches nothing."""
    assert resolve_window(empty, Query()) is None
    answers: tuple[Callable[[Connection, Query], object], ...] = (answer_failures, answer_flakes, answer_runs)
    for answer in (*answers, answer_changes):
        assert answer(empty, Query()).rows == ()  # type: ignore[attr-defined]
    assert answer_services(empty, Query()).services == ()
    assert list_test_keys(empty, Query()).keys == ()
    assert answer_grid(empty, Query()).rows == ()
    assert search(empty, "anything") == ()
    triage = answer_triage(empty, Query())
    assert (triage.window, triage.incidents, triage.health.can_tell) == (None, (), False)
    for question in (answer_suspects, answer_timeline, answer_test):
        with pytest.raises(NoMatch):
            question(empty, Query(), "anything")


def test_a_filter_that_names_nothing_is_told_from_an_empty_answer(sample: Asked) -> None:
    """Of each kind, with what is spelled alike; names of the catalog, of changes and of nobody are known."""
    astray = sample.query(
        pipeline="journeys-hurly", environment="stagin", branch="mian", service="valt", owner="@acme/tils"
    )
    assert [(one.kind, one.near) for one in unknown_names(sample.connection, astray)] == [
        ("pipeline", ("journeys-hourly",)),
        ("environment", ("staging",)),
        ("branch", ("main",)),
        ("service", ("vault",)),
        ("owner", ("tills",)),
    ]
    assert not answer_health(sample.connection, astray).can_tell
    known = replace(
        astray, pipeline="WEB-CI", environment="Staging", branch="pre-merge", service="Vault", owner="tills"
    )
    assert unknown_names(sample.connection, known) == ()
    assert unknown_names(sample.connection, replace(known, owner="nobody")) == ()


def test_pipelines_off_the_baseline_branch_are_not_called_healthy(sample: Asked) -> None:
    """Where `crywolf.toml` names a branch that a pipeline never ran on, nothing of it is judged, and that is said."""
    query = sample.query()
    settings = replace(
        query.settings, baseline_branch="trunk", given=query.settings.given | {"project.baseline_branch"}
    )
    astray = replace(query, settings=settings)
    health = answer_health(sample.connection, astray)
    assert "journeys-nightly" in health.unjudged
    assert not health.can_tell
    assert not answer_triage(sample.connection, astray).incidents
    assert answer_health(sample.connection, query).unjudged == ()
    assert answer_health(sample.connection, replace(astray, branch="main")).unjudged == ()
