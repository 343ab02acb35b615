"""The awkward week in stores: ingested in several orders, with the late files last, first or in between, and by two."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.settings import FILE_NAME
from store.connect import open_reader
from tests.awkward_week.generate import generate
from tests.story.counting import files_below
from tests.story.stores import EVERYTHING, Asked, built_once, ingest, settings_of, write_truth
from tests.story.truth import week_truth
from tui.answers.query import Query
from tui.answers.runs import answer_runs

ROOT = Path(__file__).parents[2]
ORDERS = ("late last", "late first", "in between", "two processes")


@pytest.fixture(scope="session")
def week_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The week's files and its truth."""
    return built_once(tmp_path_factory, "week", lambda folder: write_truth(folder, generate(folder)))


@pytest.fixture(scope="session")
def week(week_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The week, ingested as a folder but for the late files, which came last."""
    asked = _asked(week_folder, tmp_path_factory, "late last")
    yield asked
    asked.connection.close()


@pytest.fixture(scope="session", params=ORDERS[1:])
def other(
    request: pytest.FixtureRequest, week_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    """The same files in another order."""
    asked = _asked(week_folder, tmp_path_factory, request.param)
    yield asked
    asked.connection.close()


def _asked(folder: Path, factory: pytest.TempPathFactory, order: str) -> Asked:
    truth = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    build = BUILDERS[order]
    store = built_once(factory, f"week-{order.replace(' ', '-')}", lambda store: build(_Arrival(store, folder, truth)))
    return Asked(store / "crywolf.db", store / "data", week_truth(truth))


class _Arrival:
    """Files of the week that come into a folder of their own, some at a time."""

    def __init__(self, store: Path, week: Path, truth: dict[str, Any]) -> None:
        self.store, self.data, self.truth = store, store / "data", truth
        self._from = week / "data"
        every = [path.relative_to(self._from) for path in files_below(self._from)]
        self.late = [Path(row["path"]) for row in truth["late"]]
        self.others = [path for path in every if path not in self.late and path.name != FILE_NAME]
        self.come([Path(FILE_NAME)])

    def come(self, files: list[Path]) -> list[Path]:
        """Put files into the folder; where they are."""
        for file in files:
            (self.data / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._from / file, self.data / file)
        return [self.data / file for file in files]

    def ingest(self, files: list[Path]) -> list[list[str]]:
        """Let files come and ingest them in their order; [path below the folder, status] of each."""
        outcomes = ingest(self.store / "crywolf.db", self.data, self.come(files))
        return [[Path(o.path).relative_to(self.data).as_posix(), str(o.status)] for o in outcomes]


def _late_last(arrival: _Arrival) -> None:
    """What the runs are called before the late files come is kept beside the store."""
    outcomes = arrival.ingest(_shuffled(1, arrival.others))
    connection = open_reader(arrival.store / "crywolf.db")
    rows = answer_runs(connection, Query(since=EVERYTHING, settings=settings_of(arrival.data))).rows
    connection.close()
    before = [{"pipeline": row.run.pipeline, "run_id": row.run.run_id} for row in rows]
    outcomes += arrival.ingest(arrival.late)
    (arrival.store / "before.json").write_text(json.dumps(before), encoding="utf-8")
    (arrival.store / "outcomes.json").write_text(json.dumps(outcomes), encoding="utf-8")


def _late_first(arrival: _Arrival) -> None:
    arrival.ingest([*arrival.late, *_shuffled(2, arrival.others)])


def _in_between(arrival: _Arrival) -> None:
    """Everything in random order, in three arrivals, and some of it again."""
    files = _shuffled(3, [*arrival.late, *arrival.others])
    for begin in range(3):
        arrival.ingest(files[begin::3])
    arrival.ingest(_shuffled(4, files)[:200])


def _two_processes(arrival: _Arrival) -> None:
    """Two processes at once; a fifth of the files is given to both."""
    files = _shuffled(5, [*arrival.late, *arrival.others])
    refused = [Path(row["path"]) for row in arrival.truth["rejected"]]
    share = len(files) * 3 // 5
    halves = [{*files[:share], *refused}, {*files[-share:], *refused}]
    arrival.come(files)
    running = [_start(arrival, _shuffled(6 + n, half)) for n, half in enumerate(halves)]
    ends = [(process.communicate(timeout=120), process.returncode) for process in running]
    assert [code for _, code in ends] == [arrival.truth["exit_code"]] * 2, ends


def _start(arrival: _Arrival, files: list[Path]) -> subprocess.Popen[bytes]:
    store = arrival.store
    known = {"PATH": os.environ["PATH"], "HOME": str(store), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    paths = [str(arrival.data / file) for file in files]
    return subprocess.Popen(
        [sys.executable, "-m", "tui.cli", "--db", str(store / "crywolf.db"), "ingest", *paths],
        cwd=arrival.data,
        env=known,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _shuffled(seed: int, files: Iterable[Path]) -> list[Path]:
    found = sorted(files)
    random.Random(seed).shuffle(found)
    return found


BUILDERS: dict[str, Callable[[_Arrival], None]] = {
    "late last": _late_last,
    "late first": _late_first,
    "in between": _in_between,
    "two processes": _two_processes,
}
