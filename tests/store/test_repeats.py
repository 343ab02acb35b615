"""Repetitions of a name in one report: retries where the dialect repeats a case for each, namesakes anywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.model import Counts, Outcome
from tests.ingest.formats.collecting import FIXTURES
from tests.store.making import assert_sound, ingest, reading, write

PASSED, FAILED, ERRORED, SKIPPED = Outcome
CASE = '<testcase classname="c" name="{}" time="0.1"/>'
RED = '<testcase classname="c" name="{}" time="0.1"><failure message="m"/></testcase>'
ATTEMPTS = (
    "SELECT c.name, r.outcome FROM result r JOIN test_case c ON c.test_id = r.test_id"
    " WHERE r.part_id = (SELECT max(part_id) FROM part) ORDER BY c.name, r.ordinal"
)


def suites(*cases: str, name: str = "pytest") -> str:
    """One suite for each of the arguments."""
    return "<testsuites>" + "".join(f'<testsuite name="{name}">{text}</testsuite>' for text in cases) + "</testsuites>"


def stored(database: Path, document: str) -> list[tuple[str, int]]:
    """(name, outcome) of the attempts of a report."""
    (outcome,) = ingest(database, write(database.parent / "runs" / "1" / "junit.xml", document))
    assert outcome.reason is None
    assert_sound(database)
    with reading(database) as connection:
        return [(str(row[0]), int(row[1])) for row in connection.execute(ATTEMPTS)]


def test_what_pytest_tried_again_has_failed(tmp_path: Path) -> None:
    """All but the last of a case's attempts, though they look passed."""
    document = suites(CASE.format("a") * 2 + CASE.format("b") * 2 + RED.format("b") + CASE.format("c"))
    expected = [("a", FAILED), ("a", PASSED), ("b", FAILED), ("b", FAILED), ("b", FAILED), ("c", PASSED)]
    assert stored(tmp_path / "x.db", document) == expected


def test_the_same_case_in_another_suite_is_a_namesake(tmp_path: Path) -> None:
    """Each suite retries for itself."""
    document = suites(CASE.format("a"), CASE.format("a") * 2, CASE.format("a") + CASE.format("z") * 2)
    expected = [("a", PASSED), ("a#2", FAILED), ("a#2", PASSED), ("a#3", PASSED), ("z", FAILED), ("z", PASSED)]
    assert stored(tmp_path / "x.db", document) == expected


def test_other_tools_repeat_a_name_for_another_case(tmp_path: Path) -> None:
    """A pass before a failure is no retry there."""
    document = suites(CASE.format("a") + RED.format("a"), name="mocha")
    assert stored(tmp_path / "x.db", document) == [("a", PASSED), ("a#2", FAILED)]


def test_a_real_report_with_reruns_counts_right(tmp_path: Path) -> None:
    """pytest-rerunfailures with xdist: four cases passed after a failure."""
    text = (FIXTURES / "pytest" / "reruns-xdist.xml").read_text()
    (outcome,) = ingest(tmp_path / "x.db", write(tmp_path / "runs" / "1" / "junit.xml", text))
    assert outcome.counts == Counts(22, 30, passed=6, failed=6, errored=4, skipped=2, flaky=4)
    assert outcome.warnings == ()
    assert_sound(tmp_path / "x.db")


def test_a_run_of_every_test_by_each_worker_is_no_retry(tmp_path: Path) -> None:
    """pytest-xdist's `--dist=each` repeats all cases; with fewer than five of them retries are as likely."""
    names = "abcde"
    each = [CASE.format(name) * 2 for name in names]
    found = stored(tmp_path / "x.db", suites("".join(each)))
    assert found == sorted([(name, PASSED) for name in names] + [(f"{name}#2", PASSED) for name in names])
    outage = "".join(CASE.format(name) + RED.format(name) for name in names)
    assert {outcome for _, outcome in stored(tmp_path / "y.db", suites(outage))} == {FAILED}
    few = stored(tmp_path / "z.db", suites("".join(each[:4])))
    assert [outcome for _, outcome in few] == [FAILED, PASSED] * 4


def test_go_s_reruns_are_attempts(tmp_path: Path) -> None:
    """gotestsum: two tests and a subtest fail three times, one passes at the second try, four pass or are skipped."""
    text = (FIXTURES / "junit" / "gotestsum-reruns.xml").read_text()
    (outcome,) = ingest(tmp_path / "x.db", write(tmp_path / "runs" / "1" / "junit.xml", text))
    assert outcome.counts == Counts(8, 15, passed=3, failed=3, errored=0, skipped=1, flaky=1)
    assert_sound(tmp_path / "x.db")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    names=st.lists(st.sampled_from(("a", "b", "a#2", "a#3", "b#2", "a#2#2")), min_size=1, max_size=14),
    together=st.sampled_from((1, 2, 1000)),
)
def test_namesakes_get_the_next_free_number(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], together: int
) -> None:
    """Each in its turn, whatever names the report has already and however many are numbered in one go."""
    taken = dict.fromkeys(names)
    for name in dict.fromkeys(names):
        for _ in range(names.count(name) - 1):
            number = 2
            while f"{name}#{number}" in taken:
                number += 1
            taken[f"{name}#{number}"] = None
    document = suites("".join(map(CASE.format, names)), name="mocha")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("store.parts._NUMBERED_TOGETHER", together)
        found = stored(tmp_path_factory.mktemp("names") / "x.db", document)
    assert found == [(name, PASSED) for name in sorted(taken)]


def test_namesakes_beyond_those_that_are_held_back_keep_their_names_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is lost, and each says what the report calls it."""
    monkeypatch.setattr("store.parts._MAX_HELD", 3)
    monkeypatch.setattr("store.parts._NUMBERED_TOGETHER", 4)
    document = suites((CASE.format("a") + CASE.format("b")) * 9, name="mocha")
    found = stored(tmp_path / "x.db", document)
    assert [name for name, _ in found] == sorted(["a", "b", *(f"{n}#{k}" for n in "ab" for k in range(2, 10))])
    with reading(tmp_path / "x.db") as connection:
        rows = connection.execute("SELECT name, count(*) FROM result_name GROUP BY name").fetchall()
    assert rows == [("a", 8), ("b", 8)]
