"""Runs of many small files, as Allure writes them: each is added, whatever the others hold, whichever comes first."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.limits import Limits
from ingest.model import RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
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


def _ingest_together(database: Path, files: list[Path]) -> None:
    """Ingest files in the order given, twenty a transaction."""
    found = [item for path in files for item in list_inputs([str(path)]) if isinstance(item, Input)]
    with Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as ingestion:
        ingestion.ingest_all(found, lambda outcome: None)


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
