"""Stores with fixtures ingested once a test run, and the questions asked of them."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.settings import FILE_NAME, Settings, load_settings
from store.connect import Connection, open_reader
from tests.story.truth import SAMPLE, Truth, load_sample
from tui.answers.changes import ChangesAnswer, answer_changes
from tui.answers.failures import FailureRow, answer_failures
from tui.answers.flakes import FlakeRow, answer_flakes
from tui.answers.query import DAY_MS, Moment, Query
from tui.answers.runs import RunsAnswer, answer_runs
from tui.answers.suspects import SuspectsAnswer, answer_suspects
from tui.answers.timeline import TestTimeline, answer_timeline
from tui.answers.triage import TriageAnswer, answer_triage
from tui.commands.ingest import ingest_paths
from tui.locations import Place
from tui.times import parse_moment

EVERYTHING = Moment(back_ms=10_000 * DAY_MS)
"""A `--since` before any fixture."""


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """A folder that `build` fills once for all processes of this test run."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            folder.mkdir()
            build(folder)
    return folder


def settings_of(data: Path) -> Settings:
    """Settings of a fixture's folder."""
    file = data / FILE_NAME
    return load_settings(file) if file.is_file() else Settings()


def ingest(database: Path, data: Path, paths: Iterable[Path] | None = None) -> tuple[FileOutcome, ...]:
    """Ingest a fixture's folder, or some paths below it in their order, as `crywolf ingest` does outside any CI."""
    place = Place(database, "test", settings_of(data))
    chosen = tuple(str(path) for path in paths) if paths is not None else (str(data),)
    outcomes, _ = ingest_paths(place, chosen, RunIdentity(), environ={})
    return outcomes


def ingest_all(folder: Path, data: Path) -> None:
    """A store in `folder` with everything of a fixture in which nothing is refused."""
    outcomes = ingest(folder / "crywolf.db", data)
    assert not [outcome for outcome in outcomes if outcome.status in (FileStatus.REJECTED, FileStatus.DUPLICATE)]


def sample_store(factory: pytest.TempPathFactory) -> Asked:
    """The sample as it is committed."""
    data = SAMPLE / "data"
    folder = built_once(factory, "sample-committed", lambda folder: ingest_all(folder, data))
    return Asked(folder / "crywolf.db", data, load_sample())


def write_truth(folder: Path, document: object) -> None:
    """Keep what `generate` returned for the other processes of the test run."""
    (folder / "told.json").write_text(json.dumps(document), encoding="utf-8")


@dataclass
class Asked:
    """A store, what is true of it, and what crywolf answers; each question is asked once."""

    database: Path
    data: Path
    truth: Truth

    @cached_property
    def connection(self) -> Connection:
        """A read-only connection for all questions."""
        return open_reader(self.database)

    @cached_property
    def settings(self) -> Settings:
        """Of the fixture."""
        return settings_of(self.data)

    def query(self, at: str | None = None, **filters: str | Moment | None) -> Query:
        """A query with the fixture's settings, as of a moment."""
        moment = None if at is None else parse_moment(at)
        return Query(at=moment, settings=self.settings, **filters)  # type: ignore[arg-type]

    def failures(self, at: str | None = None) -> tuple[FailureRow, ...]:
        """What is red, now or as of a moment."""
        if at not in self._failures:
            self._failures[at] = answer_failures(self.connection, self.query(at)).rows
        return self._failures[at]

    def triage(self, at: str | None = None) -> TriageAnswer:
        """The incidents, now or as of a moment."""
        if at not in self._triage:
            self._triage[at] = answer_triage(self.connection, self.query(at))
        return self._triage[at]

    def suspects(self, what: str, at: str | None = None) -> SuspectsAnswer:
        """Who broke it."""
        return answer_suspects(self.connection, self.query(at), what)

    def timeline(self, test: str) -> TestTimeline:
        """Its whole history."""
        return answer_timeline(self.connection, self.query(since=EVERYTHING), test)

    @cached_property
    def flakes(self) -> tuple[FlakeRow, ...]:
        """Flakiness over the whole history."""
        return answer_flakes(self.connection, self.query(since=EVERYTHING)).rows

    @cached_property
    def runs(self) -> RunsAnswer:
        """All runs."""
        return answer_runs(self.connection, self.query(since=EVERYTHING))

    @cached_property
    def changes(self) -> ChangesAnswer:
        """All changes."""
        return answer_changes(self.connection, self.query(since=EVERYTHING))

    @cached_property
    def _failures(self) -> dict[str | None, tuple[FailureRow, ...]]:
        return {}

    @cached_property
    def _triage(self) -> dict[str | None, TriageAnswer]:
        return {}
