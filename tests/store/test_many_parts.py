"""Runs of many small files, as Allure writes them: each is added, whatever the others hold, whichever comes first."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.limits import Limits
from ingest.model import RunIdentity, TestCase
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
from store.repeats import _Held
from store.rollups import Rollups
from tests.store.making import OUTCOMES, assert_sound, ingest, reading, run_note, write, xml
from tests.store.recount import recounted, stored

part = st.fixed_dictionaries(
    {
        "run": st.integers(1, 3),
        "minute": st.integers(0, 150),
        "zone": st.sampled_from(("", "", "Z")),
        "cases": st.lists(st.tuples(st.integers(1, 4), st.sampled_from(OUTCOMES)), max_size=2),
        "peer": st.sampled_from(("", "", "", "pay")),
    }
)


def _write(folder: Path, parts: list[dict[str, object]]) -> list[Path]:
    """A file a part; run 2 is told by a `run.json` and exercises a service, run 3 is another attempt in it."""
    files = []
    for number, spec in enumerate(parts):
        hours, minutes = divmod(22 * 60 + int(str(spec["minute"])), 60)
        stamp = f"2026-03-{1 + hours // 24:02d}T{hours % 24:02d}:{minutes:02d}:00{spec['zone']}"
        cases = [(f"t{name}", outcome) for name, outcome in spec["cases"]]  # type: ignore[attr-defined]
        place = folder / "suite" / f"run-{spec['run']}"
        files.append(write(place / f"{number}.xml", xml(cases, stamp, str(spec["peer"]))))
    write(folder / "suite" / "run-2" / "run.json", run_note("run-2", "suite", service__name="web"))
    return files


def _take(ingestion: Ingestion, *paths: Path) -> None:
    """Have one of several writers take files."""
    found = [item for path in paths for item in list_inputs([str(path)]) if isinstance(item, Input)]
    ingestion.ingest_all(found, lambda outcome: None)


def _ingest_together(database: Path, files: list[Path]) -> None:
    """Ingest files in the order given, twenty a transaction."""
    with Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as ingestion:
        _take(ingestion, *files)


_EMPTY = {"run": 2, "minute": 120, "zone": "", "cases": [], "peer": ""}
"""With the two below: a run whose day is to be counted again already moves to the day before."""
_EARLY, _LATE = _EMPTY | {"run": 1, "minute": 0}, _EMPTY | {"run": 1, "cases": [(1, "pass")]}


@example(parts=[_EMPTY, _EARLY, _LATE], seed=0, cut=0)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parts=st.lists(part, min_size=2, max_size=24), seed=st.integers(0, 2**16), cut=st.integers(0, 24))
def test_many_small_parts_in_any_order_equal_a_recount(
    tmp_path_factory: pytest.TempPathFactory, parts: list[dict[str, object]], seed: int, cut: int
) -> None:
    """Rollups are exact after parts of few cases in random order, one by one, together or by another process."""
    folder = tmp_path_factory.mktemp("parts")
    files = _write(folder / "in", parts)
    random.Random(seed).shuffle(files)
    ingest(folder / "store.db", *files[:cut])
    _ingest_together(folder / "store.db", files[cut:])
    assert_sound(folder / "store.db")


@contextmanager
def _two_writers(database: Path) -> Iterator[tuple[Ingestion, Ingestion]]:
    """As two processes have them."""
    with (
        Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as one,
        Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as other,
    ):
        yield one, other


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rng=st.randoms(use_true_random=False))
def test_two_writers_in_turn_equal_a_recount(tmp_path_factory: pytest.TempPathFactory, rng: random.Random) -> None:
    """What a writer remembers of a run holds whatever the other does: it adds, rewrites, moves and renames parts."""
    folder = tmp_path_factory.mktemp("parts")
    files: list[tuple[Path, int]] = []
    with _two_writers(folder / "store.db") as writers:
        for number in range(16):
            path, run = folder / "suite" / f"run-{rng.randint(1, 2)}" / f"{number}.xml", rng.randint(1, 9)
            deed = rng.random()
            if files and deed < 0.3:
                path, run = files[-1] if deed < 0.2 else rng.choice(files)
            elif deed > 0.9:
                path = path.with_name("run.json")
            repository = rng.choice(("shop", "bank"))
            tests = [f"t{n}" for n in range(5) if rng.random() < 0.5]
            cases = [(test, rng.choice(OUTCOMES)) for test in tests]
            note = run_note(path.parent.name, "suite", vcs__repository__name=repository)
            is_note = path.name == "run.json"
            write(path, note if is_note else xml(cases, f"2026-03-0{path.parent.name[-1]}T10:00:0{run}Z"))
            _take(rng.choice(writers), path)
            if not is_note:
                files.append((path, run))
    assert_sound(folder / "store.db")


@pytest.mark.parametrize("deed", ["rewritten", "renamed", "aliased"])
def test_what_another_writer_did_with_a_part_is_noticed(tmp_path: Path, deed: str) -> None:
    """A part under an id that was another's before, under other names, or that continues another test."""
    folder, database = tmp_path / "suite", tmp_path / "store.db"

    def report(run: int, name: str, *tests: str) -> Path:
        cases = [(test, "pass") for test in tests]
        return write(folder / f"run-{run}" / f"{name}.xml", xml(cases, f"2026-03-0{run}T10:00:00Z"))

    with _two_writers(database) as (one, other):
        _take(one, report(1, "all", "t1", "t2", "t3"))
        _take(one, report(2, "a", "t1"))
        _take(one, report(2, "b", "t2"))
        if deed == "rewritten":
            _take(other, report(2, "b", "t3"))
        elif deed == "renamed":
            _take(other, write(folder / "run-2" / "run.json", run_note("run-2", "suite", vcs__repository__name="shop")))
        else:
            with other._writer.transaction():
                ids = [other._writer.test_case(TestCase("suite", "shop.Pay", name)) for name in ("t2", "t3")]
                other._writer.add_alias(*ids)
        _take(one, report(2, "c", "t1", "t2", "t3"))
    assert_sound(database)


def test_two_that_feed_one_run_read_each_part_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes take 60 files of one run in turn: each learns of the other's cases, and of none again."""
    files = [write(tmp_path / "run-1" / f"{n:02d}.xml", xml([(f"t{n}", "pass"), ("all", "pass")])) for n in range(60)]
    learnt: list[int] = []
    put = _Held._put

    def put_and_note(held: _Held, part_id: int, test_id: int) -> None:
        learnt.append(part_id)
        put(held, part_id, test_id)

    monkeypatch.setattr(_Held, "_put", put_and_note)
    with _two_writers(tmp_path / "store.db") as (one, other):
        for first, second in zip(files[::2], files[1::2], strict=True):
            _take(one, first)
            _take(other, second)
    assert len(learnt) <= 2 * 2 * 60
    assert_sound(tmp_path / "store.db")


def test_a_run_of_small_files_is_never_counted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files with ever earlier starts, retries and two runs before on their day: each is added, and none recounted."""
    files = []
    for run in range(3):
        for number in range(60):
            outcome = "fail" if number % 7 == 0 else "pass"
            stamp = f"2026-03-01T{4 * run + 3 - number // 20:02d}:{59 - number % 60:02d}:00Z"
            place = tmp_path / "in" / "suite" / f"run-{run}" / f"{number:02d}"
            files.append(write(place.with_suffix(".xml"), xml([(f"t{number % 50}", outcome)], stamp)))
    counted: list[int] = []
    recount = Rollups._recount

    def count_and_note(rollups: Rollups, stream_id: int, day: int) -> None:
        counted.append(day)
        recount(rollups, stream_id, day)

    monkeypatch.setattr(Rollups, "_recount", count_and_note)
    ingest(tmp_path / "store.db", *files)
    assert counted == []
    assert_sound(tmp_path / "store.db")


def test_retries_in_files_of_their_own_are_merged(tmp_path: Path) -> None:
    """Allure's retries, 150 files in random order: the run's totals are those of merged attempts."""
    rng = random.Random(3)
    files = []
    for number in range(150):
        case, retry = divmod(number, 3)
        start = 1_772_362_800_000 + 60_000 * rng.randrange(60) * (retry == 0) + 5_000_000 * retry
        status = "passed" if retry == 2 and case % 2 else "failed"
        result = {"uuid": f"{number}", "name": f"case {case}", "fullName": f"shop.Pay#case{case}", "status": status}
        text = json.dumps({**result, "stage": "finished", "start": start, "stop": start + 50})
        files.append(write(tmp_path / "in" / "suite" / "run-1" / f"{number}-result.json", text))
    rng.shuffle(files)
    ingest(tmp_path / "store.db", *files)
    assert_sound(tmp_path / "store.db")
    with reading(tmp_path / "store.db") as connection:
        assert stored(connection) == recounted(connection)
        row = connection.execute("SELECT attempts, passed, failed, flaky FROM run_total").fetchone()
    assert row == (150, 0, 25, 25)
