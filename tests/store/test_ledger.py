"""The ledger makes ingest idempotent: what a file is, where it stood, and which part is its own."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

from ingest.model import FileOutcome, RunIdentity
from tests.store.canonical import canonical, differing
from tests.store.making import assert_sound, ingest, reading, run_note, write, write_history, xml


def statuses(outcomes: list[FileOutcome]) -> Counter[str]:
    """How many files became what."""
    return Counter(outcome.status.value for outcome in outcomes)


def results(database: Path) -> list[tuple[str, str, int]]:
    """(run, test, outcome) of everything stored."""
    with reading(database) as connection:
        query = (
            "SELECT r.name, t.name, x.outcome FROM result x JOIN part p ON p.part_id = x.part_id"
            " JOIN run r ON r.run_id = p.run_id JOIN test_case t ON t.test_id = x.test_id ORDER BY 1, 2, 3"
        )
        return connection.execute(query).fetchall()


def test_ingesting_three_times_changes_nothing(tmp_path: Path) -> None:
    """The second and third time every file is a duplicate with the counts of the first."""
    database = tmp_path / "store.db"
    files = write_history(tmp_path / "in", runs=5)
    first = ingest(database, tmp_path / "in")
    assert statuses(first) == {"ingested": len(files)}
    with reading(database) as connection:
        before = canonical(connection)
    for _ in range(2):
        again = ingest(database, tmp_path / "in")
        assert statuses(again) == {"duplicate": len(files)}
        assert [o.counts for o in again] == [o.counts for o in first]
    with reading(database) as connection:
        assert canonical(connection) == before
    assert_sound(database)


def test_a_hard_link_and_a_copy_are_duplicates(tmp_path: Path) -> None:
    """The same bytes in the same run count once, whatever they are called."""
    database = tmp_path / "store.db"
    place = tmp_path / "in" / "suite" / "r1"
    report = write(place / "a.xml", xml([("t1", "fail"), ("t2", "pass")]))
    os.link(report, place / "b.xml")
    shutil.copy(report, place / "c.xml")
    outcomes = ingest(database, tmp_path / "in")
    assert [o.status.value for o in outcomes] == ["ingested", "duplicate", "duplicate"]
    assert len({o.counts for o in outcomes}) == 1
    assert len(results(database)) == 2
    assert_sound(database)


def test_the_same_bytes_in_another_run_are_another_part(tmp_path: Path) -> None:
    """Two runs with equal results are two runs."""
    database = tmp_path / "store.db"
    for run in ("r1", "r2"):
        write(tmp_path / "in" / "suite" / run / "a.xml", xml([("t1", "pass")]))
    assert statuses(ingest(database, tmp_path / "in")) == {"ingested": 2}
    assert results(database) == [("r1", "t1", 0), ("r2", "t1", 0)]


def test_a_rewritten_file_replaces_its_own_part(tmp_path: Path) -> None:
    """And nothing else: the other part of the run stays."""
    database = tmp_path / "store.db"
    place = tmp_path / "in" / "suite" / "r1"
    report = write(place / "a.xml", xml([("t1", "fail"), ("t2", "pass")]))
    write(place / "b.xml", xml([("t3", "pass")]))
    ingest(database, tmp_path / "in")
    write(report, xml([("t1", "pass")]))
    assert statuses(ingest(database, tmp_path / "in")) == {"ingested": 1, "duplicate": 1}
    assert results(database) == [("r1", "t1", 0), ("r1", "t3", 0)]
    assert_sound(database)


def test_a_file_rewritten_back_is_read_again(tmp_path: Path) -> None:
    """What it held first is not in the store any more, so the same bytes are no duplicate."""
    database = tmp_path / "store.db"
    report = tmp_path / "in" / "suite" / "r1" / "a.xml"
    for outcome in ("fail", "pass", "fail"):
        write(report, xml([("t1", outcome)]))
        assert statuses(ingest(database, report)) == {"ingested": 1}
    assert results(database) == [("r1", "t1", 1)]
    assert_sound(database)


def test_the_same_place_in_another_run_is_another_part(tmp_path: Path) -> None:
    """A CI job that writes to one path every time, told apart by `--run-id`."""
    database = tmp_path / "store.db"
    report = tmp_path / "in" / "suite" / "results" / "junit.xml"
    for run, outcome in (("41", "fail"), ("42", "pass"), ("43", "pass")):
        write(report, xml([("t1", outcome)], f"2026-03-0{int(run) - 40}T10:00:00"))
        found = ingest(database, report, options=RunIdentity(pipeline="nightly", run_id=run))
        assert statuses(found) == {"ingested": 1}
    assert results(database) == [("41", "t1", 1), ("42", "t1", 0), ("43", "t1", 0)]
    assert statuses(ingest(database, report, options=RunIdentity(pipeline="nightly", run_id="43"))) == {"duplicate": 1}
    assert_sound(database)


def test_equal_bytes_at_one_place_in_two_runs(tmp_path: Path) -> None:
    """Even when nothing changed between the runs."""
    database = tmp_path / "store.db"
    report = write(tmp_path / "in" / "suite" / "results" / "junit.xml", xml([("t1", "pass")]))
    for run in ("41", "42"):
        assert statuses(ingest(database, report, options=RunIdentity(run_id=run))) == {"ingested": 1}
    assert results(database) == [("41", "t1", 0), ("42", "t1", 0)]


def test_a_refused_file_that_is_mended_leaves_the_list(tmp_path: Path) -> None:
    """Its run is incomplete until then."""
    database = tmp_path / "store.db"
    place = tmp_path / "in" / "suite" / "r1"
    write(place / "run.json", run_note("1"))
    write(place / "a.xml", xml([("t1", "pass")]))
    cut = write(place / "b.xml", xml([("t2", "pass")])[:-20])
    assert statuses(ingest(database, tmp_path / "in")) == {"ingested": 2, "rejected": 1}
    assert _state(database) == ("incomplete", 1)
    write(cut, xml([("t2", "pass")]))
    ingest(database, tmp_path / "in")
    assert _state(database) == ("complete", 0)
    assert_sound(database)


def _state(database: Path) -> tuple[str, int]:
    with reading(database) as connection:
        state = connection.execute("SELECT state FROM run").fetchone()[0]
        return state, connection.execute("SELECT count(*) FROM source_file WHERE status = 'rejected'").fetchone()[0]


def test_a_damaged_file_restored_to_what_it_was_leaves_the_list(tmp_path: Path) -> None:
    """The same bytes as before are a duplicate; the refusal in between is over."""
    database = tmp_path / "store.db"
    place = tmp_path / "in" / "suite" / "r1"
    write(place / "run.json", run_note("1"))
    whole = xml([("t1", "pass")])
    for text, status in ((whole, "ingested"), (whole[:-20], "rejected"), (whole, "duplicate")):
        report = write(place / "a.xml", text)
        assert statuses(ingest(database, report, place / "run.json"))[status] >= 1
    assert _state(database) == ("complete", 0)


def test_a_copy_outlives_what_it_copied(tmp_path: Path) -> None:
    """Two files of the same bytes, then the first is rewritten: the next reading takes the second for its own."""
    database = tmp_path / "store.db"
    place = tmp_path / "in" / "suite" / "r1"
    for name in ("a.xml", "b.xml"):
        write(place / name, xml([("t1", "pass")]))
    ingest(database, tmp_path / "in")
    write(place / "a.xml", xml([("t2", "pass")]))
    ingest(database, tmp_path / "in")
    assert results(database) == [("r1", "t1", 0), ("r1", "t2", 0)]
    assert_sound(database)


def test_a_part_that_leaves_a_run_changes_the_day_of_the_rest(tmp_path: Path) -> None:
    """The run starts with its earliest part: without it, the other parts count on another day."""
    database = tmp_path / "store.db"
    place = tmp_path / "in" / "suite" / "r1"
    early = write(place / "x" / "a.xml", xml([("t1", "fail")], "2026-03-01T10:00:00"))
    write(place / "b.xml", xml([("t2", "pass")], "2026-03-02T10:00:00"))
    write(place / "run.json", run_note("1"))
    ingest(database, tmp_path / "in")
    write(place / "x" / "run.json", run_note("2"))
    ingest(database, tmp_path / "in")
    assert_sound(database)
    write(place / "x" / "run.json", run_note("1"))
    ingest(database, tmp_path / "in")
    write(early, xml([("t1", "fail")], "2026-03-03T10:00:00"))
    ingest(database, tmp_path / "in")
    assert_sound(database)


def test_files_that_came_and_went_leave_no_name(tmp_path: Path) -> None:
    """A report that moves on with a changed `run.json` takes its stream, pipeline and test cases with it."""
    database, straight = tmp_path / "store.db", tmp_path / "straight.db"
    place = tmp_path / "in" / "suite" / "r1"
    write(place / "a.xml", xml([("t1", "fail"), ("t2", "skip")], peer="pay"))
    for pipeline, repository in (("nightly", "shop"), ("hourly", "shop2"), ("weekly", "shop3")):
        write(place / "run.json", run_note("1", pipeline, vcs__repository__name=repository))
        ingest(database, tmp_path / "in")
    ingest(straight, tmp_path / "in")
    with reading(database) as left, reading(straight) as right:
        assert differing(left, right) == {}
    assert_sound(database)
