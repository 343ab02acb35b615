"""Retention: old results go; sums, totals, the ledger and what open incidents rest on stay exactly as they were."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from analysis.records import Interval
from ingest.model import FileStatus, Scope
from store import connect
from store.connect import one_state, open_reader
from store.cut import load_cut
from store.prune import plan_pruning, prune
from tests.store.making import ingest, reading, run_note, write, write_history, xml
from tests.store.recount import stored
from tui.answers.changes import answer_changes
from tui.answers.failures import answer_failures
from tui.answers.flakes import FlakeRow, answer_flakes
from tui.answers.keeping import keep_triage
from tui.answers.query import DAY_MS, Moment, Query
from tui.answers.runs import answer_runs
from tui.answers.suspects import answer_suspects
from tui.answers.test_detail import list_attempts
from tui.answers.timeline import answer_timeline
from tui.errors import PrunedAway
from tui.times import epoch_ms

ROOT = Path(__file__).parents[2]
RUNS = 64
"""Eight days of eight runs; later every case passes, so that only one incident is open."""


def at(text: str) -> int:
    """A moment in ms."""
    return epoch_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


FIRST, CUT = at("2026-03-01"), at("2026-03-05")
ALL = Query(since=Moment(at_ms=FIRST))
CSV = "service,version,environment,time\npay,1,staging,2026-03-02T01:00:00Z\npay,2,staging,2026-03-06T01:00:00Z\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with inputs, a change in a pruned day and one in a later day, and a case that has been red for long."""
    folder = tmp_path_factory.mktemp("prune") / "in"
    write_history(folder, runs=RUNS)
    for number, (pipeline, environment) in enumerate(product(("nightly", "hourly"), ("staging", "preprod"))):
        place, stamp = folder / pipeline / f"green-{environment}", f"2026-03-20T1{number}:00:00"
        more = {"vcs__repository__name": "shop", "deployment__environment__name": environment}
        write(place / "run.json", run_note(f"green-{environment}", pipeline, start_time=f"{stamp}Z", **more))
        write(place / "a.xml", xml([(f"t{n}", "pass") for n in range(18)], stamp))
    write(folder / "changes.csv", CSV)
    for day in range(1, 9):
        place = folder / "old" / f"day-{day}"
        outcome = "pass" if day < 2 else "fail"
        write(place / "a.xml", xml([("long red", outcome), ("fine", "pass")], f"2026-03-0{day}T12:00:00"))
        write(place / "run.json", run_note(str(day), "old", start_time=f"2026-03-0{day}T12:00:00Z"))
    return folder


@pytest.fixture
def database(tmp_path: Path, made: Path) -> Path:
    """A store of it with its incidents."""
    path = tmp_path / "store.db"
    ingest(path, made)
    keep_triage(path, Query())
    return path


def pruned(database: Path) -> Path:
    """The same store, pruned."""
    assert prune(database, CUT + 3_600_000).results > 500
    keep_triage(database, Query())
    return database


def rounded(rate: Interval | None) -> tuple[float, ...] | None:
    """A rate with its interval, as far as the order of floating-point operations leaves it alone."""
    return None if rate is None else (round(rate.estimate, 9), round(rate.low, 9), round(rate.high, 9), rate.k, rate.n)


Counts = dict[tuple[str, Scope], tuple[object, ...]]


def counts_of(rows: Iterable[FlakeRow]) -> Counts:
    """What day sums can say of each case: outages are looked for in what is left, and masks are theirs."""
    return {
        (row.case.identity, row.scope): (
            *(row.runs, row.failed_runs),
            *(
                ()
                if row.masked_runs
                else (row.flaky_runs, rounded(row.flake_rate), row.retry_pass, row.flips, row.flip_rate)
            ),
        )
        for row in rows
    }


def test_rates_keep_their_denominators(database: Path) -> None:
    """Runs, red runs, flakes, flips and intervals over all days are those of the results, though half is gone."""
    with reading(database) as connection:
        before = answer_flakes(connection, ALL).rows
    with reading(pruned(database)) as connection:
        answer = answer_flakes(connection, ALL)
    masked = {(row.case.identity, row.scope) for row in (*before, *answer.rows) if row.masked_runs}
    ours, theirs = counts_of(answer.rows), counts_of(before)
    assert ours.keys() == theirs.keys()
    assert {key: values[:2] for key, values in ours.items()} == {key: values[:2] for key, values in theirs.items()}
    exact = ours.keys() - masked
    assert len(exact) > 20
    assert {key: ours[key] for key in exact} == {key: theirs[key] for key in exact}
    assert any(row.summed_runs for row in answer.rows)
    assert answer.window is not None
    assert (answer.window.pruned_ms, answer.window.summed_days) == (CUT, (FIRST // DAY_MS, CUT // DAY_MS - 1))


def test_sums_and_totals_stay(database: Path) -> None:
    """Every rollup, every run with its totals; newer results too."""
    with reading(database) as connection:
        sums, runs = stored(connection), answer_runs(connection, ALL)
        (newer,) = connection.execute(_COUNT, (CUT,)).fetchone()
    done = prune(database, CUT)
    assert done.results > 0
    with reading(database) as connection:
        assert stored(connection) == sums
        assert answer_runs(connection, ALL).rows == runs.rows
        assert connection.execute(_COUNT, (CUT,)).fetchone() == (newer,)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


_COUNT = (
    "SELECT count(*) FROM result x JOIN part p ON p.part_id = x.part_id JOIN run r ON r.run_id = p.run_id"
    " WHERE r.started_ms >= ?"
)


def test_open_incidents_keep_their_evidence(database: Path) -> None:
    """What is red since before the cut has the same verdict, onset, suspects and message."""
    with reading(database) as connection:
        before = answer_failures(connection, Query())
        suspects = answer_suspects(connection, Query(), "long red")
    assert suspects.onset.first_bad is not None
    assert suspects.onset.first_bad.started_ms < CUT
    with reading(pruned(database)) as connection:
        assert answer_failures(connection, Query()).rows == before.rows
        after = answer_suspects(connection, Query(), "long red")
    assert (after.onset, after.verdict, after.hypotheses) == (suspects.onset, suspects.verdict, suspects.hypotheses)


def test_the_plan_is_what_happens(database: Path) -> None:
    """A dry run changes no byte; the file is smaller afterwards; pruning again removes nothing."""
    content = database.read_bytes()
    planned = plan_pruning(database, CUT)
    assert database.read_bytes() == content
    done = prune(database, CUT)
    assert replace(done, bytes_after=0) == replace(planned, bytes_after=0, bytes_before=done.bytes_before)
    assert done.bytes_after < done.bytes_before
    assert prune(database, CUT).results == 0
    assert prune(database, CUT - 2 * DAY_MS).before_ms == CUT, "the cut never goes back"


def test_pruned_files_are_duplicates(database: Path, made: Path) -> None:
    """The ledger survives: nothing is read twice, nothing changes."""
    with reading(pruned(database)) as connection:
        sums = stored(connection)
    assert {outcome.status for outcome in ingest(database, made)} == {FileStatus.DUPLICATE}
    with reading(database) as connection:
        assert stored(connection) == sums


def test_late_files_of_pruned_days_are_named(tmp_path: Path, database: Path, made: Path) -> None:
    """A late report, one that was written anew, a `run.json` that moves a run: sums stay, reports say why."""
    with reading(pruned(database)) as connection:
        sums = stored(connection)
    late = write(tmp_path / "late" / "suite" / "r1" / "a.xml", xml([("t1", "fail")], "2026-03-02T10:00:00"))
    old = made / "old" / "day-2" / "a.xml"
    told, content = ingest(database, late), old.read_text()
    try:
        told += ingest(database, write(old, xml([("long red", "pass")], "2026-03-02T12:00:00")))
        ingest(
            database,
            write(tmp_path / "late" / "suite" / "r1" / "run.json", run_note("1", start_time="2026-03-02T10:00:00Z")),
        )
        note = made / "old" / "day-3" / "run.json"
        kept = note.read_text()
        ingest(database, write(note, run_note("3", "renamed", start_time="2026-03-07T12:00:00Z")))
        ingest(database, write(note, kept))
    finally:
        write(old, content)
    assert [(outcome.status, (outcome.reason or "")[:36]) for outcome in told] == [
        (FileStatus.SKIPPED, "pruned: its run began before 2026-03")
    ] * 2
    with reading(database) as connection:
        assert stored(connection) == sums
    new = write(tmp_path / "late" / "suite" / "r9" / "a.xml", xml([("t1", "fail")], "2026-03-09T10:00:00"))
    assert ingest(database, new)[0].status is FileStatus.INGESTED


def test_what_cannot_be_told_is_said(database: Path) -> None:
    """Who was red then, single attempts, what followed a change: never silently nothing."""
    with reading(database) as connection:
        runs = {row.run.run_id: row.run for row in answer_runs(connection, ALL).rows if row.run.pipeline == "hourly"}
    with reading(pruned(database)) as connection:
        then = Query(at=Moment(at_ms=CUT - DAY_MS))
        for question in (answer_failures, lambda c, q: answer_suspects(c, q, "long red")):
            with pytest.raises(PrunedAway, match="results before 2026-03-05T00:00:00Z were pruned"):
                question(connection, then)
        rows = answer_flakes(connection, then).rows
        assert {row.verdict.value for row in rows} == {"undecided"}
        assert all(row.runs == row.summed_runs for row in rows)
        with pytest.raises(PrunedAway, match="attempts of this run"):
            list_attempts(connection, "t1", runs["3"])
        changes = {row.change.to_version: row for row in answer_changes(connection, ALL).rows}
        assert (changes["1"].failures_after, changes["1"].exercising_after) == (None, None)
        assert changes["2"].failures_after is not None
        (strip,) = answer_timeline(connection, ALL, "::fine").streams
        assert [(day.day * DAY_MS, day.executed) for day in strip.days] == [(FIRST + n * DAY_MS, 1) for n in range(4)]
        assert [run.started_ms >= CUT for run in strip.runs] == [True] * 4


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from store import connect, prune
    last, issued, opened = int(sys.argv[2]), 0, connect._open
    def count(_):
        global issued
        issued += 1
        if issued == last:
            os.kill(os.getpid(), signal.SIGKILL)
    def traced(*args, **options):
        connection = opened(*args, **options)
        connection.set_trace_callback(count)
        return connection
    connect._open = traced
    prune.prune(Path(sys.argv[1]), int(sys.argv[3]))
    print(issued)
"""


def prune_killed(database: Path, statement: int) -> subprocess.CompletedProcess[str]:
    """Prune in a process that dies before a numbered statement; 0: it lives."""
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(database), str(statement), str(CUT)]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)


def test_killed_pruning_is_completed(tmp_path: Path, database: Path) -> None:
    """At any statement: sums are whole, rates are right at once, and running again removes the rest."""
    with reading(database) as connection:
        sums = stored(connection)
    whole = tmp_path / "whole.db"
    whole.write_bytes(database.read_bytes())
    statements = int(prune_killed(whole, 0).stdout)
    with reading(whole) as connection:
        told = counts_of(answer_flakes(connection, ALL).rows)
    rng = random.Random(5)
    for kill in range(6):
        copy = tmp_path / f"copy-{kill}.db"
        copy.write_bytes(database.read_bytes())
        assert prune_killed(copy, rng.randint(statements // 10, statements)).returncode == -signal.SIGKILL
        with reading(copy) as connection:
            assert connect.find_damage(connection) == ()
            assert stored(connection) == sums
            rows = counts_of(answer_flakes(connection, ALL).rows)
            assert rows == (told if load_cut(connection) else rows)
        prune(copy, CUT)
        with reading(copy) as one, reading(whole) as other:
            for table in ("result", "failure", "part", "source_file"):
                query = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
                assert one.execute(query).fetchall() == other.execute(query).fetchall()


def test_others_read_and_write_meanwhile(tmp_path: Path, database: Path) -> None:
    """A dashboard asks all the time and an ingest goes on: no error, one answer, and the late report is in."""
    stop, problems, seen = threading.Event(), [], set()

    def ask() -> None:
        try:
            with closing(open_reader(database)) as connection:
                while not stop.is_set():
                    with one_state(connection):
                        rows = answer_flakes(connection, replace(ALL, pipeline="hourly")).rows
                    seen.add(frozenset((row.case.identity, row.scope, row.runs, row.failed_runs) for row in rows))
        except Exception as problem:
            problems.append(problem)

    def bring() -> None:
        try:
            for number in range(12):
                place = tmp_path / "more" / "other" / f"r{number}"
                ingest(database, write(place / "a.xml", xml([(f"n{number}", "fail")], "2026-03-08T20:00:00")))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=ask), threading.Thread(target=ask), threading.Thread(target=bring)]
    for thread in threads:
        thread.start()
    done = prune(database, CUT)
    threads[2].join()
    stop.set()
    for thread in threads:
        thread.join()
    assert problems == []
    assert done.results > 0
    assert len(seen) == 1
    with reading(database) as connection:
        assert load_cut(connection) == CUT
        assert connection.execute("SELECT count(*) FROM run WHERE name LIKE 'r%' AND attempt = 1").fetchone()[0] >= 12
    assert os.path.getsize(database) > 0
