"""Small result folders and stores for the tests of this room."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import quoteattr

from ingest.limits import Limits
from ingest.model import Failure, FileOutcome, RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
from store.connect import Connection, open_reader
from tests.store.recount import packed_anew, recounted, stored, unpacked

CHILD = {
    "pass": "",
    "fail": '<failure message="expected 3 but was 4" type="AssertionError">at pay.py:10</failure>',
    "error": '<error message="boom" type="OSError">at io.py:3</error>',
    "skip": '<skipped message="later"/>',
    "flaky": '<flakyFailure message="slow" type="TimeoutError">trace</flakyFailure>',
    "broken": '<failure message="slow" type="T">x</failure><rerunFailure message="slow" type="T">x</rerunFailure>',
}
OUTCOMES = tuple(CHILD)


def xml(cases: Iterable[tuple[str, str]], stamp: str | None = "2026-03-01T10:00:00", peer: str = "") -> str:
    """A JUnit report of (name, outcome) pairs, its times without a zone."""
    head = f" timestamp={quoteattr(stamp)}" if stamp else ""
    declared = f'<properties><property name="service.peer.name" value={quoteattr(peer)}/></properties>' if peer else ""
    rows = [
        f'<testcase classname="shop.Pay" name={quoteattr(name)} time="0.5">{declared}{CHILD[outcome]}</testcase>'
        for name, outcome in cases
    ]
    return f'<testsuite name="s"{head}>{"".join(rows)}</testsuite>'


def write(path: Path, content: str) -> Path:
    """Write a file, folders included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def run_note(run: str, pipeline: str = "journeys", **more: object) -> str:
    """A `run.json`; further keys with `__` for a dot."""
    known = {"cicd.pipeline.name": pipeline, "cicd.pipeline.run.id": run}
    return json.dumps(known | {key.replace("__", "."): value for key, value in more.items()})


def write_history(folder: Path, *, runs: int = 12, files: int = 3, cases: int = 6, seed: int = 1) -> list[Path]:
    """Runs of two pipelines with `run.json`, retries, services and failures; every file in the order of names."""
    rng = random.Random(seed)
    written: list[Path] = []
    for number in range(runs):
        day, hour = 1 + number // 8, number % 8 * 3
        place = folder / ("nightly" if number % 3 else "hourly") / f"run-{number:03d}"
        stamp = f"2026-03-{day:02d}T{hour:02d}:00:00"
        note = run_note(
            str(number),
            "nightly" if number % 3 else "hourly",
            vcs__repository__name="shop",
            deployment__environment__name="staging" if number % 2 else "preprod",
            start_time=f"{stamp}Z",
        )
        written.append(write(place / "run.json", note))
        for file in range(files):
            drawn = [(f"t{(file * cases + n) % (files * cases - 2)}", _draw(rng)) for n in range(cases)]
            written.append(write(place / f"part-{file}.xml", xml(drawn, stamp, "pay" if file else "cart")))
    return written


def _draw(rng: random.Random) -> str:
    return rng.choice(OUTCOMES) if rng.random() < 0.4 else "pass"


def ingest(
    database: Path, *paths: Path, options: RunIdentity | None = None, settings: Settings | None = None
) -> list[FileOutcome]:
    """Ingest files and folders in the order given, outside any CI."""
    outcomes: list[FileOutcome] = []
    with Ingestion(database, settings or Settings(), options or RunIdentity(), Limits(), {}) as ingestion:
        for path in paths:
            found = [item for item in list_inputs([str(path)]) if isinstance(item, Input)]
            ingestion.ingest_all(found, outcomes.append)
    return outcomes


@contextmanager
def reading(database: Path) -> Iterator[Connection]:
    """A read-only connection that is closed."""
    connection = open_reader(database)
    try:
        yield connection
    finally:
        connection.close()


def assert_sound(database: Path) -> None:
    """SQLite finds the file whole, every rollup equals a recount, every part holds what its ledger row says."""
    with reading(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert stored(connection) == recounted(connection)
        assert unpacked(connection) == packed_anew(connection)
        half = connection.execute(
            "SELECT o.path, o.counts, (SELECT count(*) FROM part p JOIN result x ON x.part_id = p.part_id"
            " WHERE p.source_id = o.source_id) FROM source_file o WHERE o.kind = 'report' AND o.status = 'ingested'"
        ).fetchall()
        assert [row for row in half if json.loads(row[1]).get("attempts", 0) != row[2]] == []
        for table, column in (("part", "part_id"), ("test_case", "test_id"), ("failure", "failure_id")):
            inner = f"SELECT {column} FROM {table}"
            lost = f"SELECT count(*) FROM result x WHERE x.{column} NOT NULL AND x.{column} NOT IN ({inner})"
            assert connection.execute(lost).fetchone() == (0,), f"results without their {table}"


def unsigned(failure: Failure) -> tuple[int, str, str]:
    """For a writer that writes no failure."""
    raise AssertionError("nothing is signed here")
