"""Renames: rows follow the identity that theirs continues as, whenever the alias is recorded, and come back."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.model import Failure, TestCase
from store.aliases import continued_as
from store.connect import Connection
from store.prune import prune
from store.write import Writer
from tests.store.canonical import canonical, differing
from tests.store.making import OUTCOMES, assert_sound, ingest, reading, run_note, write, xml

Names = list[tuple[str, str]]


def case(name: str, namespace: str = "shop") -> TestCase:
    """A test case of the reports of `tests.store.making`."""
    return TestCase(namespace, "shop.Pay", name)


def never(_: Failure) -> tuple[int, str, str]:
    """No failure is written here."""
    raise AssertionError


def change(database: Path, act: Callable[[Writer], None]) -> None:
    """One transaction of its own."""
    writer = Writer(database, never)
    try:
        with writer.transaction():
            act(writer)
    finally:
        writer.close()


def alias(database: Path, *pairs: tuple[str, str], namespace: str = "shop") -> None:
    """Record renames of cases."""
    for old, new in pairs:
        ids = [case(old, "shop"), case(new, namespace)]
        change(database, lambda w, ids=ids: w.add_alias(*(w.test_case(one) for one in ids)))  # type: ignore[misc]


def unalias(database: Path, *names: str) -> None:
    """Take renames back."""
    for name in names:
        change(database, lambda w, name=name: w.remove_alias(w.test_case(case(name))))  # type: ignore[misc]


def report(folder: Path, run: int, cases: Names, *, file: str = "a", peer: str = "", attempt: int = 1) -> list[Path]:
    """A run with its note: four runs a day."""
    stamp = f"2026-03-{1 + run // 4:02d}T{run % 4 * 6:02d}:00:00"
    place = folder / "suite" / f"run-{run}-{attempt}"
    note = run_note(str(run), vcs__repository__name="shop", crywolf__run__attempt=attempt, start_time=f"{stamp}Z")
    return [write(place / "run.json", note), write(place / f"{file}.xml", xml(cases, stamp, peer))]


def names_in(database: Path, view: str = "test_day") -> set[str]:
    """Names of the test cases in a view of facts."""
    column = {"test_day": 6, "signature_day": 8}[view]
    with reading(database) as connection:
        return {row[column] for row in canonical(connection)[view]}


def assert_equal(left: Path, right: Path) -> None:
    """Two stores say the same, aliases and what follows from them included."""
    with reading(left) as one, reading(right) as other:
        assert differing(one, other) == {}
        assert _continued(one) == _continued(other)


def _continued(connection: Connection) -> list[object]:
    query = (
        "SELECT o.location, t.name, f.name FROM continued c JOIN part p ON p.part_id = c.part_id"
        " JOIN source_file o ON o.source_id = p.source_id JOIN test_case t ON t.test_id = c.test_id"
        " JOIN test_case f ON f.test_id = c.old_test_id ORDER BY 1, 2"
    )
    return connection.execute(query).fetchall()


def test_history_follows(tmp_path: Path) -> None:
    """Four runs under the old name, four under the new one: one case with eight, in every rollup and failure."""
    files = [path for run in range(8) for path in report(tmp_path, run, [("old" if run < 5 else "new", "fail")])]
    ingest(tmp_path / "s.db", *files)
    alias(tmp_path / "s.db", ("old", "new"))
    assert_sound(tmp_path / "s.db")
    assert names_in(tmp_path / "s.db") == {"new"} == names_in(tmp_path / "s.db", "signature_day")
    with reading(tmp_path / "s.db") as connection:
        rows = [row[8:] for row in canonical(connection)["test_day"]]
    assert [row[0] for row in rows] == [4, 4], "executed runs of either day"


def test_where_both_ran_they_stay_apart(tmp_path: Path) -> None:
    """A part that holds both names holds two test cases; elsewhere the old one follows."""
    files = [*report(tmp_path, 1, [("old", "pass")]), *report(tmp_path, 2, [("old", "fail"), ("new", "pass")])]
    ingest(tmp_path / "s.db", *files)
    alias(tmp_path / "s.db", ("old", "new"))
    assert_sound(tmp_path / "s.db")
    with reading(tmp_path / "s.db") as connection:
        assert [row[1:] for row in _continued(connection)] == [("new", "old")]  # type: ignore[index]
        flaky = connection.execute("SELECT sum(flaky) FROM run_total").fetchone()
    assert flaky == (0,)


def test_services_are_inherited_and_given_back(tmp_path: Path) -> None:
    """What the old name declared the new one exercises, in rollups too; it ends with the alias."""
    files = [*report(tmp_path, 1, [("old", "fail")], peer="pay"), *report(tmp_path, 9, [("new", "fail")])]
    ingest(tmp_path / "a.db", *files)
    ingest(tmp_path / "b.db", *files)
    alias(tmp_path / "b.db", ("old", "new"))
    with reading(tmp_path / "b.db") as connection:
        assert connection.execute("SELECT sum(failed) FROM service_day").fetchone() == (2,)
    assert_sound(tmp_path / "b.db")
    unalias(tmp_path / "b.db", "old")
    assert_sound(tmp_path / "b.db")
    assert_equal(tmp_path / "a.db", tmp_path / "b.db")


def test_a_service_declared_late_reaches_the_present_name(tmp_path: Path) -> None:
    """Said of the old name after the alias: the new one exercises it as well."""
    ingest(tmp_path / "s.db", *report(tmp_path, 1, [("new", "fail")]))
    alias(tmp_path / "s.db", ("old", "new"))
    ingest(tmp_path / "s.db", *report(tmp_path, 2, [("old", "pass")], peer="pay"))
    with reading(tmp_path / "s.db") as connection:
        assert connection.execute("SELECT sum(executed), sum(failed) FROM service_day").fetchone() == (2, 1)
    assert_sound(tmp_path / "s.db")


def test_a_late_note_moves_what_an_alias_moved(tmp_path: Path) -> None:
    """The namespace becomes known after the alias: the results leave it, as they do in any other order."""
    place = tmp_path / "in" / "suite" / "r1"
    paths = [write(place / "a.xml", xml([("old", "fail"), ("other", "pass")]))]
    note = run_note("1", "nightly", vcs__repository__name="shop")
    for database, is_early in ((tmp_path / "a.db", True), (tmp_path / "b.db", False)):
        if is_early:
            ingest(database, write(place / "run.json", note), *paths)
            alias(database, ("old", "new"))
            (place / "run.json").unlink()
        else:
            ingest(database, *paths)
            alias(database, ("old", "new"))
            ingest(database, write(place / "run.json", note))
        assert_sound(database)
    assert_equal(tmp_path / "a.db", tmp_path / "b.db")


def test_a_case_that_moves_to_another_repository(tmp_path: Path) -> None:
    """The two identities need not share their namespace."""
    place = tmp_path / "in" / "suite" / "r1"
    ingest(
        tmp_path / "s.db",
        write(place / "run.json", run_note("1", vcs__repository__name="shop")),
        write(place / "a.xml", xml([("t", "fail")])),
    )
    alias(tmp_path / "s.db", ("t", "t"), namespace="pay")
    assert_sound(tmp_path / "s.db")
    with reading(tmp_path / "s.db") as connection:
        assert {row[4] for row in canonical(connection)["test_day"]} == {"pay"}


def test_incidents_name_the_present_identity(tmp_path: Path) -> None:
    """Members and leads follow, so that an incident lives on under the new name."""
    ingest(tmp_path / "s.db", *report(tmp_path, 1, [("old", "fail"), ("other", "fail")]))

    def open_incident(writer: Writer) -> None:
        connection = writer._connection
        old = writer.test_case(case("old"))
        stream = connection.execute("SELECT stream_id FROM stream").fetchone()[0]
        connection.execute("INSERT INTO incident VALUES (1, 'i1', ?, ?, 'pay is down', 0, 0, 1)", (stream, old))
        for name in ("old", "other"):
            connection.execute("INSERT INTO incident_member VALUES (1, ?, ?)", (stream, writer.test_case(case(name))))

    change(tmp_path / "s.db", open_incident)
    alias(tmp_path / "s.db", ("old", "new"))
    with reading(tmp_path / "s.db") as connection:
        lead = "SELECT t.name FROM incident i JOIN test_case t ON t.test_id = i.lead_test_id"
        assert connection.execute(lead).fetchall() == [("new",)]
        members = "SELECT t.name FROM incident_member m JOIN test_case t ON t.test_id = m.test_id ORDER BY 1"
        assert connection.execute(members).fetchall() == [("new",), ("other",)]


def test_sums_of_pruned_days_follow(tmp_path: Path) -> None:
    """Their results are gone; the old name's days are the new one's, but for a day on which both have sums."""
    runs = [("old", 0), ("old", 1), ("old", 5), ("new", 6), ("new", 9)]
    files = [path for name, run in runs for path in report(tmp_path, run, [(name, "fail")])]
    ingest(tmp_path / "s.db", *files)
    prune(tmp_path / "s.db", 1_772_496_000_000)  # 2026-03-03
    alias(tmp_path / "s.db", ("old", "new"))
    with reading(tmp_path / "s.db") as connection:
        days = sorted((row[6], row[7] - 20_513, row[8]) for row in canonical(connection)["test_day"])
        signs = sorted((row[8], row[0] - 20_513) for row in canonical(connection)["signature_day"])
    assert days == [("new", 0, 2), ("new", 1, 1), ("new", 2, 1), ("old", 1, 1)]
    assert signs == [("new", 0), ("new", 1), ("new", 2), ("old", 1)]


def test_a_day_without_overlap_is_not_counted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename costs the rows of its own case: other cases of those days are not read."""
    files = [path for run in range(0, 12) for path in report(tmp_path, run, [("old" if run < 8 else "new", "fail")])]
    ingest(tmp_path / "s.db", *files)
    counted: list[int] = []
    monkeypatch.setattr("store.rollups.Rollups._recount", lambda self, stream, day: counted.append(day))
    alias(tmp_path / "s.db", ("old", "new"))
    assert counted == []
    assert_sound(tmp_path / "s.db")


def test_the_nearest_in_the_chain_goes_first() -> None:
    """Of a part that holds several former names of one case, one stands for it; each of the others is itself."""
    onward, rank = {1: 2, 2: 3, 4: 3}, {1: b"x", 2: b"z", 4: b"y"}
    assert continued_as({1}, onward, rank) == {1: 3}
    assert continued_as({1, 2}, onward, rank) == {2: 3}
    assert continued_as({1, 2, 4}, onward, rank) == {4: 3}
    assert continued_as({1, 2, 3, 4, 5}, onward, rank) == {}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    reports=st.lists(
        st.tuples(
            st.integers(0, 9),
            st.sampled_from("ab"),
            st.lists(st.tuples(st.integers(1, 5), st.sampled_from(OUTCOMES)), min_size=1, max_size=4),
            st.sampled_from(("", "", "pay", "cart")),
        ),
        min_size=1,
        max_size=7,
    ),
    aliases=st.dictionaries(st.integers(1, 4), st.integers(1, 4), min_size=1, max_size=3),
    seed=st.integers(0, 999),
)
def test_before_or_after_is_the_same_and_can_be_taken_back(
    tmp_path_factory: pytest.TempPathFactory,
    reports: list[tuple[int, str, list[tuple[int, str]], str]],
    aliases: dict[int, int],
    seed: int,
) -> None:
    """Chains before, between and after random reports in random order: equal rows, exact rollups; removed: as never."""
    folder = tmp_path_factory.mktemp("aliases")
    files: dict[Path, None] = {}
    for run, file, drawn, peer in reports:
        cases = [(f"t{number}", outcome) for number, outcome in drawn]
        files |= dict.fromkeys(report(folder, run, cases, file=file, peer=peer))
    pairs = [(f"t{old}", f"t{max(old + 1, new)}") for old, new in aliases.items()]  # always onward: no circle
    paths = list(files)
    half = len(paths) // 2
    for name in ("never", "before", "between", "after"):
        database = folder / f"{name}.db"
        ingest(database, *paths[:1])
        if name == "before":
            alias(database, *pairs)
        ingest(database, *paths[:half])
        if name == "between":
            alias(database, *reversed(pairs))
        random.Random(seed).shuffle(paths)
        ingest(database, *paths)
        if name == "after":
            alias(database, *pairs)
        assert_sound(database)
    assert_equal(folder / "before.db", folder / "after.db")
    assert_equal(folder / "between.db", folder / "after.db")
    unalias(folder / "after.db", *(old for old, _ in pairs))
    assert_sound(folder / "after.db")
    assert_equal(folder / "never.db", folder / "after.db")
