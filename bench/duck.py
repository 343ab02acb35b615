"""DuckDB on the rows of a store, as Parquet files: a peer for the questions of `bench/scale.py`.

`pip install duckdb` beside crywolf; it is no dependency. Rows go there by CSV, never all at once; it is not timed.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from store.connect import Connection

TABLES = {
    "run": "run_id, started_ms, attempt",
    "part": "part_id, run_id, stream_id",
    "result": "part_id, test_id, ordinal, outcome, duration_ms, failure_id",
    "exercised": "test_id, service_id",
    "service": "service_id, name",
    "failure": "failure_id, signature_id",
    "signature": "signature_id, key, title",
}
_TEXTS = ("name", "key", "title")
_ROWS = 100_000


def module() -> Any | None:
    """DuckDB; None where it is not installed."""
    try:
        return importlib.import_module("duckdb")
    except ImportError:
        return None


@contextmanager
def copied(connection: Connection, folder: Path) -> Iterator[Any | None]:
    """A DuckDB connection with views of the raw tables in Parquet; None where it is not installed."""
    duckdb = module()
    if duckdb is None:
        yield None
        return
    spilled = {"memory_limit": "2GB", "temp_directory": str(folder / "spilled"), "preserve_insertion_order": "false"}
    duck = duckdb.connect(config=spilled)
    for table, columns in TABLES.items():
        source, target = folder / f"{table}.csv", folder / f"{table}.parquet"
        _write(connection, table, columns, source)
        duck.execute(f"COPY (SELECT * FROM read_csv('{source}', header = true)) TO '{target}' (COMPRESSION zstd)")
        source.unlink()
        duck.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{target}')")
    yield duck
    duck.close()


def _write(connection: Connection, table: str, columns: str, path: Path) -> None:
    """Lines are put together by SQLite: in Python that takes three times as long."""
    names = columns.split(", ")
    line = " || ',' || ".join(_quoted(name) if name in _TEXTS else f"coalesce({name}, '')" for name in names)
    cursor = connection.execute(f"SELECT {line} || char(10) FROM {table}")
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(",".join(names) + "\n")
        while rows := cursor.fetchmany(_ROWS):
            stream.writelines(row[0] for row in rows)


def _quoted(name: str) -> str:
    return f"""'"' || replace({name}, '"', '""') || '"'"""
