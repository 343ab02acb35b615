"""Commands and screens say the same of the same thing."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.story.stores import EVERYTHING, Asked
from tests.story.truth import Question
from tui.answers.basis import load_basis
from tui.answers.failures import answer_failures
from tui.answers.flakes import answer_flakes
from tui.answers.incidents import list_incidents
from tui.answers.kept import is_telling, load_kept, load_last_kept
from tui.answers.services import answer_services
from tui.answers.test_detail import answer_test
from tui.answers.tests import list_test_keys, load_test_rows
from tui.answers.timeline import answer_grid
from tui.answers.triage import answer_triage, work_out_triage
from tui.exports.documents import suspects_document
from tui.output import json_text
from tui.times import iso


def three_hops(sample: Asked) -> Question:
    """The open regression."""
    return sample.truth.questions[0]


def test_verdicts_agree(sample: Asked) -> None:
    """`failures`, Triage, `suspects`, `flakes` and the test's page give each red test one verdict, age and owner."""
    incident = {(case, scope): row for row in sample.triage().incidents for case, scope in row.tests}
    listed = {(row.case, row.scope): row for row in answer_flakes(sample.connection, sample.query()).rows}
    assert incident.keys() == {(row.case, row.scope) for row in sample.failures()}
    for row in sample.failures():
        key = (row.case, row.scope)
        answer = sample.suspects(row.case.identity)
        assert (answer.verdict, answer.age, answer.scope) == (row.verdict, row.age, row.scope)
        assert (listed[key].verdict, listed[key].age) == (row.verdict, row.age)
        assert incident[key].incident_id == row.incident_id
        if incident[key].lead == row.case:
            assert (incident[key].verdict, incident[key].age) == (row.verdict, row.age)
            assert incident[key].owners == row.owners
            assert incident[key].onset == answer.onset


def test_page_of_a_test_agrees(sample: Asked) -> None:
    """The page shows the suspects and rates that the commands print."""
    test = three_hops(sample).tests[0]
    page = answer_test(sample.connection, sample.query(), test)
    assert page.suspects is not None
    assert suspects_document(page.suspects) == suspects_document(sample.suspects(test))
    listed = {(row.case, row.scope): row for row in answer_flakes(sample.connection, sample.query()).rows}
    for strip in page.streams:
        if (page.case, strip.scope) in listed:
            assert strip.flakes == listed[page.case, strip.scope]
    assert page.total_failures >= len(page.failures) > 0


def test_rates_agree(sample: Asked) -> None:
    """Each row of the Tests screen has the numbers of `flakes`, whichever rows are looked at together."""
    listed = {(row.case, row.scope): row for row in answer_flakes(sample.connection, sample.query()).rows}
    answer = list_test_keys(sample.connection, sample.query(), sort="flaky")
    assert answer.window is not None
    first = load_test_rows(sample.connection, answer.window, answer.keys[: len(listed)], sample.query())
    assert [(row.case, row.scope) for row in first] == list(listed), "the worst are the worst in both"
    compared = 0
    for begin in range(0, len(answer.keys), 100):
        for row in load_test_rows(sample.connection, answer.window, answer.keys[begin : begin + 100], sample.query()):
            flake = listed.get((row.case, row.scope))
            assert (flake is not None) == bool(row.failed_runs or row.flaky_runs), row.case.identity
            if flake is not None:
                compared += 1
                said = (flake.runs, flake.failed_runs, flake.flaky_runs, flake.flake_rate, flake.owners)
                assert said == (row.runs, row.failed_runs, row.flaky_runs, row.flake_rate, row.owners)
    assert compared == len(listed)


def test_red_counts_agree(sample: Asked) -> None:
    """Tests puts what `failures` lists first; the grid opens on the stream with most of it; Services counts it."""
    red = {(row.case, row.scope) for row in sample.failures()}
    answer = list_test_keys(sample.connection, sample.query(), sort="red")
    assert answer.window is not None
    first = load_test_rows(sample.connection, answer.window, answer.keys[: len(red)], sample.query())
    assert {(row.case, row.scope) for row in first} == red
    grid = answer_grid(sample.connection, sample.query())
    assert grid.scope == three_hops(sample).scope
    assert {row.case for row in grid.rows if row.onset is not None} == {c for c, scope in red if scope == grid.scope}
    for service in answer_services(sample.connection, sample.query()).services:
        if service.name in ("vault", "pricing", "mailer"):
            rows = answer_failures(sample.connection, sample.query(service=service.name)).rows
            assert service.red_now == len({row.case for row in rows}), service.name
            assert set(rows) <= set(sample.failures())


def test_incident_ids_are_stable(sample: Asked) -> None:
    """An incident has one id from its first red run to its last, and is found by it."""
    asked = three_hops(sample)
    runs = {row.run.run_id: row.run for row in sample.runs.rows if row.run.pipeline == asked.scope.pipeline}
    ids = set()
    for run_id in (asked.red_runs[0], asked.red_runs[2], asked.red_runs[-1]):
        basis = load_basis(sample.connection, sample.query(iso(runs[run_id].ended_ms or 0)))
        assert basis is not None
        found = [row for row in list_incidents(basis) if row.lead.identity in asked.tests]
        ids |= {row.incident_id for row in found}
    assert len(ids) == 1
    answer = sample.suspects(ids.pop())
    assert answer.case.identity in asked.tests
    assert len({row.incident_id for row in sample.triage().incidents}) == len(sample.triage().incidents)


def test_kept_triage_is_the_one_worked_out(sample: Asked) -> None:
    """What the last writer kept for the first paint equals what the facts say."""
    assert answer_triage(sample.connection, sample.query()) == work_out_triage(sample.connection, sample.query())


def test_last_kept_triage_says_that_it_is_old(sample: Asked) -> None:
    """Whatever was written since: the same list, marked; one in which nobody has to act is not shown, it would lull."""
    kept, last = load_kept(sample.connection, sample.query()), load_last_kept(sample.connection, sample.query())
    assert kept is not None
    assert not kept.is_old
    assert last == replace(kept, is_old=True)
    assert is_telling(kept)
    assert not is_telling(replace(kept, incidents=(), counts={"flaky": 3, "undecided": 1}))


def test_documents_name_no_row_of_the_store(sample: Asked) -> None:
    """Everything printed is of facts: asked twice, the same text, and none of the store's path in it."""
    texts = [json_text(suspects_document(sample.suspects(three_hops(sample).tests[0]))) for _ in range(2)]
    assert texts[0] == texts[1]
    assert str(sample.database.parent) not in texts[0]
    assert json.loads(texts[0])["schema_version"] == 1
    assert answer_flakes(sample.connection, sample.query(since=EVERYTHING)).rows == sample.flakes
