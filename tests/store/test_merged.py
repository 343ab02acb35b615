"""Ant's merged report beside its parts is not counted twice, whatever arrives first and whatever is written anew."""

from __future__ import annotations

import itertools
import random
import zipfile
from pathlib import Path

import pytest

from ingest.limits import Limits
from ingest.model import Counts, FileOutcome, FileStatus, RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
from tests.ingest.formats.collecting import FIXTURES
from tests.store.making import assert_sound, ingest, reading, run_note, write

RED = '<failure message="expected 3 but was 4"/>'
MERGED, DUPLICATE = "TESTS-TestSuites.xml", FileStatus.DUPLICATE
Suite = tuple[str, str]
"""Class and cases."""
CART: Suite = ("Cart", '<testcase classname="shop.Cart" name="adds" time="0.012"/>')
PAY: Suite = (
    "Pay",
    f'<testcase classname="shop.Pay" name="pays" time="0.2">{RED}</testcase>'
    '<testcase classname="shop.Pay" name="refunds" time="0"/>',
)
SHIP: Suite = ("Ship", '<testcase classname="shop.Ship" name="ships" time="1.5"/>')
ROWS = (
    "SELECT c.classname, c.name, x.outcome, x.duration_ms FROM result x JOIN test_case c ON c.test_id = x.test_id"
    " ORDER BY c.classname, c.name, x.ordinal, x.part_id"
)
LEDGER = "SELECT o.location, o.status, o.reason FROM source_file o ORDER BY o.location"


def part(folder: Path, suite: Suite) -> Path:
    """A report as Ant's junit task writes it."""
    name, cases = suite
    head = f'<testsuite hostname="ci" name="shop.{name}" timestamp="2026-03-01T10:00:00">'
    return write(folder / f"TEST-shop.{name}.xml", f"{head}{cases}</testsuite>")


def merged(folder: Path, *suites: Suite) -> Path:
    """What Ant's junitreport task makes of the reports."""
    text = "".join(
        f'<testsuite hostname="ci" id="{number}" name="{name}" package="shop" timestamp="2026-03-01T10:00:00">'
        f"{cases}</testsuite>"
        for number, (name, cases) in enumerate(suites)
    )
    return write(folder / MERGED, f"<testsuites>{text}</testsuites>")


def rows(database: Path) -> list[tuple[object, ...]]:
    """Everything that counts, and what became of the files."""
    assert_sound(database)
    with reading(database) as connection:
        totals = connection.execute("SELECT attempts, passed, failed FROM run_total").fetchall()
        return [*connection.execute(ROWS).fetchall(), *connection.execute(LEDGER).fetchall(), *totals]


@pytest.mark.parametrize("order", itertools.permutations(range(3)))
@pytest.mark.parametrize("at_once", [True, False])
def test_the_order_of_arrival_does_not_matter(tmp_path: Path, order: tuple[int, ...], at_once: bool) -> None:
    """Three attempts, each once; the merged file is a duplicate."""
    folder = tmp_path / "runs" / "1"
    files = [part(folder, CART), part(folder, PAY), merged(folder, CART, PAY)]
    given = [files[number] for number in order]
    if at_once:
        ingest(tmp_path / "x.db", *given)
    else:
        for path in given:
            ingest(tmp_path / "x.db", path)
    found = rows(tmp_path / "x.db")
    assert found[:3] == [("shop.Cart", "adds", 0, 12), ("shop.Pay", "pays", 1, 200), ("shop.Pay", "refunds", 0, 0)]
    assert [row[1] for row in found[3:6]] == [FileStatus.INGESTED, FileStatus.INGESTED, DUPLICATE]
    assert found[6] == (3, 2, 1)


def packed(folder: Path, *suites: Suite) -> Path:
    """The merged report in an archive of its own."""
    file = merged(folder / "aside", *suites)
    with zipfile.ZipFile(folder / "reports.zip", "w") as archive:
        archive.write(file, MERGED)
    file.unlink()
    file.parent.rmdir()
    return folder / "reports.zip"


@pytest.mark.parametrize("is_packed_first", [True, False])
def test_a_merged_report_in_an_archive_beside_its_parts(tmp_path: Path, is_packed_first: bool) -> None:
    """Is of their run, also where no `run.json` says which that is; it is counted where they do not hold all of it."""
    folder = tmp_path / "runs" / "1"
    given = [part(folder, CART), part(folder, PAY), packed(folder, CART, PAY)]
    for path in reversed(given) if is_packed_first else given:
        ingest(tmp_path / "x.db", path)
    found = rows(tmp_path / "x.db")
    assert found[:3] == [("shop.Cart", "adds", 0, 12), ("shop.Pay", "pays", 1, 200), ("shop.Pay", "refunds", 0, 0)]
    assert found[-1] == (3, 2, 1)
    assert [row[1] for row in found[3:6]].count(DUPLICATE) == 1


@pytest.mark.parametrize("order", itertools.permutations(range(3)))
@pytest.mark.parametrize("is_left_there", [True, False])
def test_parts_that_come_after_the_archive_that_repeats_them(
    tmp_path: Path, order: tuple[int, ...], is_left_there: bool
) -> None:
    """Each is written when it is read, and perhaps gone after that; in the end all is of one run and counted once."""
    folder = tmp_path / "runs" / "1"
    for number in order:
        path = (lambda: part(folder, CART), lambda: part(folder, PAY), lambda: packed(folder, CART, PAY))[number]()
        ingest(tmp_path / "x.db", path)
        if not is_left_there:
            path.unlink()
    found = rows(tmp_path / "x.db")
    assert found[:3] == [("shop.Cart", "adds", 0, 12), ("shop.Pay", "pays", 1, 200), ("shop.Pay", "refunds", 0, 0)]
    assert [row[1] for row in found[3:6]].count(DUPLICATE) == 1
    assert found[6:] == [(3, 2, 1)]
    with reading(tmp_path / "x.db") as connection:
        query = "SELECT l.name, r.name FROM run r JOIN pipeline l USING (pipeline_id)"
        assert connection.execute(query).fetchall() == [("runs", "1")]
        assert connection.execute("SELECT DISTINCT namespace FROM test_case").fetchall() == [("runs",)]


def test_an_archive_that_another_process_brought(tmp_path: Path) -> None:
    """A reader that is open for long sees it, though it has looked where merged reports lie before."""
    folder = tmp_path / "runs" / "1"
    outcomes: list[FileOutcome] = []
    with Ingestion(tmp_path / "x.db", Settings(), RunIdentity(), Limits(), {}) as ingestion:

        def read(path: Path) -> None:
            ingestion.ingest_all(
                (item for item in list_inputs([str(path)]) if isinstance(item, Input)), outcomes.append
            )

        read(part(tmp_path / "runs" / "0", SHIP))
        ingest(tmp_path / "x.db", packed(folder, CART))
        read(part(folder, CART))
    found = rows(tmp_path / "x.db")
    assert [row[:2] for row in found if row[0] == "shop.Cart"] == [("shop.Cart", "adds")]


def test_an_archive_of_a_merged_report_that_has_a_run_json_stays(tmp_path: Path) -> None:
    """What says which run it is wins over where Ant's reports lie."""
    folder = tmp_path / "runs" / "1"
    packed(folder, CART)
    with zipfile.ZipFile(folder / "reports.zip", "a") as archive:
        archive.writestr("run.json", run_note("77"))
    ingest(tmp_path / "x.db", folder / "reports.zip")
    ingest(tmp_path / "x.db", part(folder, CART))
    assert len([row for row in rows(tmp_path / "x.db") if row[0] == "shop.Cart"]) == 2


def test_archives_of_merged_reports_alone_are_runs_of_their_own(tmp_path: Path) -> None:
    """Nothing lies beside them that they could repeat."""
    for number in range(2):
        packed(tmp_path / "runs", CART, PAY).rename(tmp_path / "runs" / f"{number}.zip")
    ingest(tmp_path / "x.db", tmp_path / "runs")
    with reading(tmp_path / "x.db") as connection:
        query = "SELECT l.name, r.name FROM run r JOIN pipeline l USING (pipeline_id) ORDER BY r.name"
        assert connection.execute(query).fetchall() == [("runs", "0"), ("runs", "1")]


def test_reading_everything_again_changes_nothing(tmp_path: Path) -> None:
    """The merged file is known and not even read."""
    folder = tmp_path / "runs" / "1"
    part(folder, CART), part(folder, PAY), merged(folder, CART, PAY)
    first = ingest(tmp_path / "x.db", folder)
    assert [outcome.status for outcome in first] == [FileStatus.INGESTED, FileStatus.INGESTED, DUPLICATE]
    assert "other reports of the run" in (first[-1].reason or "")
    before = rows(tmp_path / "x.db")
    again = ingest(tmp_path / "x.db", folder)
    assert {outcome.status for outcome in again} == {DUPLICATE}
    assert again[-1].counts == first[-1].counts
    assert rows(tmp_path / "x.db") == before


def test_what_only_the_merged_report_holds_counts(tmp_path: Path) -> None:
    """One of the parts is missing, or differs: the merged report is a report like any other."""
    folder = tmp_path / "runs" / "1"
    part(folder, CART)
    merged(folder, CART, PAY)
    outcomes = ingest(tmp_path / "x.db", folder)
    assert {outcome.status for outcome in outcomes} == {FileStatus.INGESTED}
    assert ("shop.Pay", "pays", 1, 200) in rows(tmp_path / "x.db")


@pytest.mark.parametrize("merged_first", [True, False])
def test_reports_that_are_written_anew(tmp_path: Path, merged_first: bool) -> None:
    """The second build in the same folder has one class more: parts and merged report replace their former content."""
    folder = tmp_path / "runs" / "1"
    slower = ("Cart", CART[1].replace("0.012", "0.5"))
    files = [part(folder, CART), part(folder, PAY), merged(folder, CART, PAY)]
    ingest(tmp_path / "x.db", *files)
    files = [part(folder, slower), part(folder, SHIP), merged(folder, slower, PAY, SHIP)]
    ingest(tmp_path / "x.db", *(reversed(files) if merged_first else files))
    found = rows(tmp_path / "x.db")
    assert [row[:2] for row in found[:4]] == [
        ("shop.Cart", "adds"), ("shop.Pay", "pays"), ("shop.Pay", "refunds"), ("shop.Ship", "ships")
    ]  # fmt: skip
    assert found[0][3] == 500
    assert [row[1] for row in found[4:8]] == [FileStatus.INGESTED] * 3 + [DUPLICATE]
    assert found[8] == (4, 3, 1)


def test_a_part_that_changes_brings_the_merged_report_back(tmp_path: Path) -> None:
    """It holds what its part does not hold any more, and the next reading finds that."""
    folder = tmp_path / "runs" / "1"
    part(folder, CART), part(folder, PAY), merged(folder, CART, PAY)
    ingest(tmp_path / "x.db", folder)
    part(folder, ("Pay", SHIP[1]))
    ingest(tmp_path / "x.db", folder)
    found = rows(tmp_path / "x.db")
    assert ("shop.Pay", "pays", 1, 200) in found
    orderly = tmp_path / "y.db"
    ingest(orderly, folder)
    assert rows(orderly) == found


def test_another_run_s_reports_cover_nothing(tmp_path: Path) -> None:
    """Only the same run and stream counts."""
    part(tmp_path / "runs" / "1", CART)
    merged(tmp_path / "runs" / "2", CART)
    outcomes = ingest(tmp_path / "x.db", tmp_path / "runs")
    assert {outcome.status for outcome in outcomes} == {FileStatus.INGESTED}


def test_two_merged_reports_never_cover_each_other(tmp_path: Path) -> None:
    """Else both would be gone."""
    merged(tmp_path / "runs" / "1", CART)
    second = merged(tmp_path / "runs" / "1" / "more", CART)
    write(tmp_path / "runs" / "1" / "run.json", '{"cicd.pipeline.name": "p", "cicd.pipeline.run.id": "1"}')
    second.write_text(second.read_text() + "\n")
    outcomes = ingest(tmp_path / "x.db", tmp_path / "runs")
    assert {outcome.status for outcome in outcomes} == {FileStatus.INGESTED}


@pytest.mark.parametrize("seed", range(6))
def test_a_run_json_and_missing_parts_in_any_order(tmp_path: Path, seed: int) -> None:
    """Whatever came first, reading the folder again gives the same rows and the same ledger."""
    rng, folder = random.Random(seed), tmp_path / "runs" / "1"
    files = [part(folder, suite) for suite in (CART, PAY, SHIP) if rng.random() < 0.8]
    files.append(merged(folder, CART, PAY, SHIP))
    files.append(write(folder / "run.json", run_note("77", start_time="2026-03-01T09:00:00Z")))
    found = []
    for number in range(3):
        for path in rng.sample(files, len(files)):
            ingest(tmp_path / f"{number}.db", path)
        ingest(tmp_path / f"{number}.db", folder)
        found.append(rows(tmp_path / f"{number}.db"))
    assert found[0] == found[1] == found[2]


def test_ant_s_own_reports_are_counted_once(tmp_path: Path) -> None:
    """What the real tasks wrote: a failing set-up and tear-down of a class, a failure, an error, a time-out, a skip."""
    folder = tmp_path / "runs" / "1"
    for path in sorted((FIXTURES / "ant").glob("*.xml")):
        write(folder / path.name, path.read_text())
    *parts, whole = ingest(tmp_path / "x.db", folder)
    assert {outcome.status for outcome in parts} == {FileStatus.INGESTED}
    assert whole.status is DUPLICATE
    assert whole.counts == Counts(9, 9, passed=3, failed=1, errored=4, skipped=1)
    assert sum(outcome.counts.attempts for outcome in parts) == 9
    assert len([row for row in rows(tmp_path / "x.db") if len(row) == 4]) == 9
