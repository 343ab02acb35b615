"""Stores of every released schema, made again from the SQL that `tests/fixtures/stores/make.py` wrote."""

from __future__ import annotations

import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

from store.connect import Connection, _open
from tests.store.recount import days_of_tests

FOLDER = Path(__file__).parents[1] / "fixtures" / "stores"
RELEASED = tuple(sorted(int(path.stem.rpartition("-")[2]) for path in FOLDER.glob("schema-*.sql")))

Facts = dict[str, list[tuple[Any, ...]]]


def plain(database: Path) -> Connection:
    """A connection to any SQLite file as it is, made when missing."""
    return _open(f"{database.as_uri()}?mode=rwc", database)


def make_store(number: int, database: Path) -> Path:
    """A store of a released schema."""
    with closing(plain(database)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.executescript((FOLDER / f"schema-{number}.sql").read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return database


def columns_of(number: int) -> dict[str, list[str]]:
    """Tables of a released schema with their columns."""
    with closing(_open("file::memory:", Path("memory"))) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.executescript((FOLDER / f"schema-{number}.sql").read_text(encoding="utf-8"))
        rows = connection.execute(
            "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c"
            " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"
        )
        found: dict[str, list[str]] = {}
        for table, column in rows:
            found.setdefault(table, []).append(f'"{column}"')
    return found


def facts_of(connection: Connection, number: int) -> Facts:
    """Everything that a store of a released schema held, as it reads now; `state` counts and is no fact.

    Nor are sets of cases, packed parts and how traces are deflated: what they are for is compared.
    """
    here = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    found = {
        table: sorted(connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall(), key=repr)
        for table, columns in columns_of(number).items()
        if table in here and table not in ("state", "case_set", "packed_part", "failure")
    }
    found["failure"] = _failures(connection, number)
    return found if "test_day" in here else {**found, "test_day": sorted(days_of_tests(connection), key=repr)}


def _failures(connection: Connection, number: int) -> list[tuple[Any, ...]]:
    """Texts of failures with their traces; since schema 3 those have no frame of zlib."""
    wbits = zlib.MAX_WBITS if int(connection.execute("PRAGMA user_version").fetchone()[0]) < 3 else -zlib.MAX_WBITS
    columns = [
        column for column in columns_of(number)["failure"] if column not in ('"digest"', '"body"', '"sample_id"')
    ]
    found = []
    for failure_id, *told in connection.execute(f"SELECT {', '.join(columns)} FROM failure ORDER BY 1").fetchall():
        (body,) = connection.execute("SELECT body FROM failure WHERE failure_id = ?", (failure_id,)).fetchone()
        sample = None
        if number > 1:
            sample = connection.execute(
                "SELECT s.text FROM failure f JOIN trace_sample s ON s.sample_id = f.sample_id WHERE failure_id = ?",
                (failure_id,),
            ).fetchone()
        found.append((failure_id, *told, body and _inflated(body, wbits, sample and zlib.decompress(sample[0]))))
    return found


def _inflated(body: bytes, wbits: int, sample: bytes | None) -> bytes:
    run = zlib.decompressobj(wbits) if sample is None else zlib.decompressobj(wbits, zdict=sample)
    return run.decompress(body) + run.flush()
