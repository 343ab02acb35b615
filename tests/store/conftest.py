"""A store in which three cases are red, and a writer of it: what tests of incidents and triage start from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store.write import Writer
from tests.store.making import ingest, run_note, unsigned, write, xml

RED = ("a", "b", "c")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A store in which three cases are red."""
    place = tmp_path / "in" / "suite" / "r1"
    write(place / "run.json", run_note("1"))
    write(place / "a.xml", xml([(name, "fail") for name in RED]))
    ingest(tmp_path / "store.db", tmp_path / "in")
    return tmp_path / "store.db"


@pytest.fixture
def writer(database: Path) -> Iterator[Writer]:
    """A writer of that store."""
    with closing(Writer(database, unsigned)) as found:
        yield found
