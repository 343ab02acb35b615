"""A long part is written with less held in memory beside it: its facts are the same, and what follows has room."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest import placing
from ingest.model import FileStatus
from store import connect, dimensions, parts
from store import write as writing
from store.connect import Connection
from tests.store.canonical import differing
from tests.store.making import assert_sound, ingest, reading, write

_CASES = 400


def _report(cases: int, end: str = "</testsuite>") -> str:
    """Every tenth fails, every seventh name comes twice, once as a namesake; batches of 50 and fewer."""
    rows = []
    for number in range(cases):
        child = f'<failure message="expected {number % 3}">at A:{number}</failure>' if number % 10 == 3 else ""
        row = f'<testcase classname="C{number % 5}" name="test_{number}" time="0.{number % 7}">{child}</testcase>'
        rows += [row, row] if number % 7 == 1 else [row]
    return f'<testsuite name="shop" timestamp="2026-03-01T10:00:00">{"".join(rows)}{end}'


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Limits that a report of 400 cases passes; each time it was said whether to hold little, that."""
    monkeypatch.setattr("ingest.preparing.READ_AHEAD_BYTES", 20_000)  # it is read while it is written
    monkeypatch.setattr(parts, "_LONG_CASES", 100)
    monkeypatch.setattr(parts, "_MOST_ROWS_OF_LONG", 30)
    monkeypatch.setattr(dimensions, "_FEW_CASES", 60)
    monkeypatch.setattr(placing, "_CACHED", 150)
    monkeypatch.setattr(placing, "_CACHED_OF_LONG", 40)
    monkeypatch.setattr("ingest.formats.junit.BATCH", 50)
    said: list[bool] = []
    hold = connect.hold_pages

    def noted(connection: Connection, *, few: bool) -> None:
        before = connection.execute("PRAGMA cache_size").fetchone()[0]
        hold(connection, few=few)
        assert (abs(connection.execute("PRAGMA cache_size").fetchone()[0]) < abs(before)) is few
        said.append(few)

    monkeypatch.setattr(writing, "hold_pages", noted)
    return said


def test_facts_are_the_same(tmp_path: Path, held: list[bool]) -> None:
    """As those of the same report written without; the short one after it is written as ever."""
    folder = tmp_path / "runs" / "1"
    long, short = write(folder / "a.xml", _report(_CASES)), write(folder / "b.xml", _report(60))
    ingest(tmp_path / "less.db", long, short)
    assert held == [True, False]
    with pytest.MonkeyPatch.context() as usual:
        usual.setattr(parts, "_LONG_CASES", 40_000)
        usual.setattr(placing, "_CACHED", 30_000)
        ingest(tmp_path / "usual.db", long, short)
    assert held == [True, False]
    assert_sound(tmp_path / "less.db")
    with reading(tmp_path / "less.db") as less, reading(tmp_path / "usual.db") as usually:
        assert differing(less, usually) == {}


def test_a_long_report_that_breaks_off(tmp_path: Path, held: list[bool]) -> None:
    """What comes after it has its room again."""
    long = write(tmp_path / "1" / "a.xml", _report(4_000, "</broken>"))
    broken, _ = ingest(tmp_path / "x.db", long, write(tmp_path / "1" / "b.xml", _report(60)))
    assert broken.status is FileStatus.REJECTED
    assert held == [True, False]
