"""Sets of cases by day: few rows for any number of parts, and the same answers as rows would give."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from store.read import day_sums, executed, tests
from store.read.dense_days import add_test_days
from tests.store.making import assert_sound, ingest, reading
from tests.store.recount import days_of_tests

SUITES, CASES, RUNS_A_DAY = 12, 3, 2


def write_day(folder: Path, day: int, *, red: str = "", skipped: str = "") -> list[Path]:
    """Runs of a day, each of a report a suite; some cases fail or are skipped in the first of them."""
    paths = []
    for run in range(RUNS_A_DAY):
        place = folder / "nightly" / f"run-{day}-{run}"
        place.mkdir(parents=True)
        for suite in range(SUITES):
            rows = []
            for number in range(CASES):
                name = f"t{suite}-{number}"
                inner = "<failure message='no'/>" if name == red and run == 0 else ""
                inner = "<skipped/>" if name == skipped and run == 0 else inner
                rows.append(f'<testcase classname="a" name="{name}">{inner}</testcase>')
            path = place / f"suite-{suite}.xml"
            stamp = f"2026-03-{day:02d}T{6 + run:02d}:00:00"
            path.write_text(f'<testsuite name="s" timestamp="{stamp}">{"".join(rows)}</testsuite>')
            paths.append(path)
    return paths


def test_days_that_were_left_are_folded(tmp_path: Path) -> None:
    """A day of twelve reports a run becomes one set for each number of executions; the newest waits."""
    database = tmp_path / "store.db"
    ingest(database, *write_day(tmp_path, 1, red="t3-1", skipped="t5-0"))
    ingest(database, *write_day(tmp_path, 2))
    ingest(database, *write_day(tmp_path, 3))
    with reading(database) as connection:
        rows = connection.execute("SELECT day, count(*), sum(runs) FROM set_day GROUP BY day ORDER BY day").fetchall()
        assert [row[1:] for row in rows] == [(2, 3), (1, 2), (SUITES, SUITES * RUNS_A_DAY)]
        day = rows[0][0]
        assert len(days_of_tests(connection)) == 3 * SUITES * CASES
        assert connection.execute("SELECT day - ?, failed, flips, first_red FROM special_day", (day,)).fetchall() == [
            (0, 1, 1, 1)
        ]
    assert_sound(database)


def test_what_is_executed_is_read_from_sets(tmp_path: Path) -> None:
    """Counts, spans, last days and streams of a case, folded or not."""
    database = tmp_path / "store.db"
    for day in (1, 2, 3):
        ingest(database, *write_day(tmp_path, day, red="t3-1", skipped="t5-0"))
    with reading(database) as connection:
        ids = dict(connection.execute("SELECT name, test_id FROM test_case").fetchall())
        first = connection.execute("SELECT min(day) FROM set_day").fetchone()[0]
        span = executed.span_of(connection, 1)
        assert (span[ids["t0-0"]], span[ids["t5-0"]]) == ((first, first + 2, 6), (first, first + 2, 3))
        wanted = np.array([1, 1]), np.array([ids["t0-0"], ids["t5-0"]])
        assert executed.count_wanted(connection, *wanted, first, first + 1).tolist() == [4, 2]
        assert executed.last_days(connection, {1: [ids["t5-0"]]}, first, first + 1) == {(1, ids["t5-0"]): first + 1}
        assert tests.list_streams_of(connection, ids["t5-0"]) == (1,)
        assert tests.list_streams_of(connection, max(ids.values()) + 1) == ()
        (sums,) = day_sums.list_red_sums(connection, first, first + 2)
        assert sums == (1, ids["t3-1"], 6, 3, 0, 0)
        assert day_sums.list_red_at_end(connection, first, first + 2) == ()
        days = tests.list_days(connection, 1, first, first, [ids["t3-1"], ids["t5-0"]])
        assert sorted(days) == sorted(
            [(ids["t3-1"], first, 2, 1, 0, 0, 1, 1, 0), (ids["t5-0"], first, 1, 0, 0, 0, 0, 0, 0)]
        )


def test_people_may_ask_for_every_day(tmp_path: Path) -> None:
    """The view has a row for every case and day, as sets and special days say together."""
    database = tmp_path / "store.db"
    for day in (1, 2):
        ingest(database, *write_day(tmp_path, day, red="t3-1", skipped="t5-0"))
    with reading(database) as connection:
        add_test_days(connection)
        assert sorted(connection.execute("SELECT * FROM test_day").fetchall()) == days_of_tests(connection)


def test_one_case_in_two_reports_of_a_run_counts_once(tmp_path: Path) -> None:
    """The sum of the parts less what several of them hold."""
    place = tmp_path / "nightly" / "run-1"
    place.mkdir(parents=True)
    paths = [place / name for name in ("a.xml", "b.xml", "c.xml")]
    for path, inner in zip(paths, ("<failure message='no'/>", "", "<skipped/>"), strict=True):
        path.write_text(
            '<testsuite name="s" timestamp="2026-03-01T06:00:00">'
            f'<testcase classname="a" name="t">{inner}</testcase></testsuite>'
        )
    for order, paths_in_order in (("one", paths), ("two", paths[::-1])):
        database = tmp_path / f"{order}.db"
        for path in paths_in_order:
            ingest(database, path)
        with reading(database) as connection:
            ((_, _, _, *sums),) = days_of_tests(connection)
            assert sums == [1, 0, 1, 1, 0, 0, 0]
            assert connection.execute("SELECT repeated FROM special_day").fetchone() == (1,)
        assert_sound(database)
