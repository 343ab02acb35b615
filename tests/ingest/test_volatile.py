"""Names that never come back are counted by what they have in common, and the part that differs is named."""

from __future__ import annotations

import random
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.model import TestCase
from ingest.volatile import ANY, Growth, base_of, pattern_of
from store.read.names import list_grown
from tests.store.making import ingest, reading, run_note, write, xml


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (["test_order[17-eu]", "test_order[18-eu]"], "test_order[<...>-eu]"),
        (["test_order[a b]", "test_order[a]"], "test_order[a<...>]"),
        (["test_order[2031]"], "test_order[<...>]"),
        (["order 31 is sent", "order 7 is sent"], "order <...> is sent"),
        (["order 31 is sent"], "order <...> is sent"),
        (["t(x1, y2)", "t(x3, y4)"], "t(<...>, <...>)"),
        (["t[1-2-3]", "t[4-5-6]"], "t[<...>]"),
        (["t[<...>-eu]", "t[5-us]"], "t[<...>]"),
        (["t[5]", "t[5]"], "t[<...>]"),
        (["dump-a-b:c", "dump-a-<...>-d"], "dump-a-<...>"),
    ],
)
def test_the_part_that_differs(names: list[str], pattern: str) -> None:
    """Token by token where names have as many, else between what they share at both ends."""
    assert pattern_of(names) == pattern


@given(st.lists(st.text("ab1-[]<.> ", min_size=1, max_size=12), min_size=1, max_size=6))
def test_a_pattern_is_found_for_any_names(names: list[str]) -> None:
    """It is never empty, and more names never make it say less."""
    joined = pattern_of(names)
    assert joined
    if len(set(names)) > 1:
        assert ANY in joined


def test_names_that_cannot_change_are_not_counted() -> None:
    """No parameters, no numbers: the name is its own base."""
    assert base_of("test_pay") is None
    assert base_of("test_pay_2") == "test_pay_<...>"
    growth = Growth()
    for name in ("test_pay", "creates customer Alice", "test_order[1]", "test_order[2]"):
        growth.note(TestCase("shop", "c", name))
    (found,) = growth.take()
    assert (found.base, found.names, found.pattern) == ("test_order[", 2, "test_order[<...>]")
    assert growth.take() == ()


def _drawn(digits: str, count: int) -> list[str]:
    """As many words of these characters as asked for, always the same ones."""
    rng = random.Random(7)
    return ["".join(rng.choices(digits, k=10)) for _ in range(count)]


_HEX = _drawn("0123456789abcdef", 400)
_BASE_36 = _drawn("0123456789abcdefghijklmnopqrstuvwxyz", 400)


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        ([f"test order {word}" for word in _HEX], "test order <...>"),
        ([f"checkout-{word} passes" for word in _HEX], "checkout-<...> passes"),
        ([f"{uuid.UUID(int=n << 96 | n)}".replace("-", "") + " is sent" for n in range(400)], "<...> is sent"),
        ([f"nightly_20261122T10{n:04d}Z_run" for n in range(400)], "nightly_<...>_run"),
        ([f"order {n} is sent" for n in range(400)], "order <...> is sent"),
        ([f"port {n} is open" for n in range(40_000, 40_400)], "port <...> is open"),
        ([f"reads /tmp/pytest-{word}/a.csv back" for word in _BASE_36], "reads /tmp/pytest-<...>/a.csv back"),
        ([rf"reads C:\\Temp\\{word} back" for word in _BASE_36], r"reads C:\\Temp\\<...> back"),
        ([f"opens tmp{word[:8]} twice" for word in _BASE_36], "opens <...> twice"),
        ([f"user {word} signs in" for word in _BASE_36], "user <...> signs in"),
        ([f"creates customer {word}" for word in _drawn("abcdefghij", 400)], "creates customer <...>"),
        ([f"test_login_{word}_{word[::-1]}" for word in _drawn("abcdefghij", 400)], "test_login_<...>"),
    ],
)
def test_what_changes_outside_of_parameters(names: list[str], pattern: str) -> None:
    """Hex digits, ids, times, counters, ports, temporary files and words at the end: nearly all count as one base."""
    growth = Growth()
    for name in names:
        growth.note(TestCase("shop", "c", name))
    most = max(growth.take(), key=lambda one: one.names)
    assert most.names > 0.6 * len(names)
    assert most.pattern == pattern


@pytest.mark.parametrize(
    "name", ["test_pay", "pays by card", "shouldPayByCard", "a/b/c.ts > pays when declined.", "", "-", "pay_"]
)
def test_the_first_two_words_are_no_parameters(name: str) -> None:
    """A name of which nothing looks as if it changed has no base."""
    assert base_of(name) in (None, "pays by<...>")


def _runs(folder: Path, count: int, each: int) -> list[Path]:
    """Runs of one day, every one with order numbers of its own and one test that stays."""
    files = []
    for run in range(count):
        stamp = f"2026-03-01T{run:02d}:00:00"
        names = [f"test_order[{run * each + n + 100_000}-eu]" for n in range(each)]
        place = folder / "in" / f"run-{run}"
        files.append(
            write(place / "run.json", run_note(str(run), vcs__repository__name="shop", start_time=f"{stamp}Z"))
        )
        files.append(write(place / "a.xml", xml([(name, "pass") for name in [*names, "test_login"]], stamp)))
    return files


def test_the_warning_comes_with_the_thousand_and_first_name(tmp_path: Path) -> None:
    """Five runs of 300 names: the one that passes a thousand says so, once; a duplicate is not counted again."""
    files = _runs(tmp_path, 5, 300)
    outcomes = [outcome for outcome in ingest(tmp_path / "s.db", *files) if outcome.path.endswith(".xml")]
    assert [outcome.warnings for outcome in outcomes[:3]] == [(), (), ()]
    assert outcomes[4].warnings == ()
    (warning,) = outcomes[3].warnings
    assert warning == (
        "test_order[<...>-eu]: 1,200 new names since 2026-03-01 differ only in <...>; if it changes from run to run, no"
        " test keeps its history: give it a stable id"
    )
    ingest(tmp_path / "s.db", *files)
    with reading(tmp_path / "s.db") as connection:
        (grown,) = list_grown(connection, 0)
    assert (grown.pattern, grown.names, grown.days) == ("test_order[<...>-eu]", 1500, 1)


def test_a_thousand_in_a_day_is_no_warning(tmp_path: Path) -> None:
    """Nor are the same names in every run."""
    files = _runs(tmp_path, 2, 500)
    assert all(outcome.warnings == () for outcome in ingest(tmp_path / "s.db", *files))
    again = [write(tmp_path / "in" / f"again-{n}" / "a.xml", files[1].read_text()) for n in range(2)]
    assert all(outcome.warnings == () for outcome in ingest(tmp_path / "s.db", *again))


def test_a_refused_report_is_not_counted(tmp_path: Path) -> None:
    """What it brought is rolled back with it."""
    report = xml([(f"test_order[{n}]", "pass") for n in range(1500)])
    ingest(tmp_path / "s.db", write(tmp_path / "in" / "r1" / "cut.xml", report[:-5]))
    ingest(tmp_path / "s.db", write(tmp_path / "in" / "r2" / "a.xml", xml([("test_order[1]", "pass")])))
    with reading(tmp_path / "s.db") as connection:
        assert connection.execute("SELECT sum(names) FROM name_day").fetchone() == (1,)
