"""Numbered migrations. One is never edited once released; the next one is added. `store/schema_1.py` has the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from store.locking import begin_writing
from store.schema_1 import MIGRATION_1

if TYPE_CHECKING:
    from store.connect import Connection

APPLICATION_ID = 0x63777766
"""Marks the file as one of crywolf's (`cwwf`)."""

_MIGRATION_2 = """
-- Results of a part that stand under the identity that theirs continues as; `old_test_id` is what the report says.
CREATE TABLE continued (
    part_id INTEGER NOT NULL,
    test_id INTEGER NOT NULL REFERENCES test_case,
    old_test_id INTEGER NOT NULL REFERENCES test_case,
    PRIMARY KEY (part_id, test_id)
) STRICT, WITHOUT ROWID;

-- `position` is what counts; `own_position` what reports say of this identity, NULL where only a former one declares.
ALTER TABLE exercised ADD COLUMN own_position INTEGER;
UPDATE exercised SET own_position = position;

-- What a refused input was read with and by, to show it and to read it again.
CREATE TABLE refusal (
    source_id INTEGER PRIMARY KEY REFERENCES source_file,
    version TEXT NOT NULL,
    given TEXT NOT NULL,
    environ TEXT NOT NULL,
    line_column INTEGER,
    excerpt TEXT NOT NULL
) STRICT;

-- New names of one base name by UTC day of their run: how much arrived, no fact that any order would give.
CREATE TABLE name_day (
    namespace TEXT NOT NULL,
    classname TEXT NOT NULL,
    base TEXT NOT NULL,
    day INTEGER NOT NULL,
    names INTEGER NOT NULL,
    pattern TEXT NOT NULL,
    PRIMARY KEY (namespace, classname, base, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_day_many ON name_day (day) WHERE names > 1000;

-- Results of a part as whole streams are read: its cases, each set of them once (`test << 1 | whether it was only
-- skipped`, ascending, as differences of 32 bits, deflated), and what is no plain result. See `store/packed.py`.
CREATE TABLE case_set (
    set_id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    cases BLOB NOT NULL
) STRICT;
CREATE TABLE packed_part (
    part_id INTEGER PRIMARY KEY,
    set_id INTEGER NOT NULL REFERENCES case_set,
    specials BLOB NOT NULL
) STRICT;
INSERT INTO state VALUES ('unpacked', 1);
DROP INDEX part_run;
CREATE INDEX part_run ON part (run_id, stream_id);

-- Runs of a stream in order of time; when the newest run ended; whose pipeline it is.
CREATE INDEX run_pipeline ON run (pipeline_id, started_ms);
CREATE INDEX run_ended ON run (coalesce(ended_ms, started_ms));
CREATE INDEX run_service ON run (pipeline_id, service_id);

-- Services by day over many streams, without sorting.
CREATE INDEX service_day_order ON service_day (service_id, day, stream_id, executed, failed, flaky);

-- Rankings of suspects by a digest of all that they were asked; see `tui/answers/rankings.py`.
CREATE TABLE kept_ranking (
    digest TEXT PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

-- Traces of failures of one type, deflated: what the bodies of others start from. See `store/traces.py`.
CREATE TABLE trace_sample (
    sample_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    text BLOB NOT NULL
) STRICT;
CREATE INDEX trace_sample_kind ON trace_sample (kind);
ALTER TABLE failure ADD COLUMN sample_id INTEGER REFERENCES trace_sample;

-- Reports that repeat what other reports of their run hold.
CREATE INDEX part_merged ON part (run_id) WHERE instr(identity, '"is_merged":true');
"""

MIGRATIONS: tuple[str, ...] = (MIGRATION_1, _MIGRATION_2)
"""MIGRATIONS[n - 1] brings a store from schema n - 1 to schema n."""

SCHEMA_VERSION = len(MIGRATIONS)


def schema_version(connection: Connection) -> int:
    """Number of migrations the store has seen; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_crywolf(connection: Connection) -> bool:
    """Whether the file is one of crywolf's, or empty."""
    # In this order: another process may be making the store just now.
    if int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]) == 0:
        return int(connection.execute("PRAGMA application_id").fetchone()[0]) in (0, APPLICATION_ID)
    return int(connection.execute("PRAGMA application_id").fetchone()[0]) == APPLICATION_ID


def migrate(connection: Connection, keep: Callable[[int], None]) -> None:
    """Bring the store to this version's schema, each migration in a transaction of its own.

    Args:
        keep: called with the number of the schema that a store with content is about to leave, while nobody writes.
    """
    is_kept = schema_version(connection) == 0
    while schema_version(connection) < SCHEMA_VERSION:
        begin_writing(connection)
        try:
            number = schema_version(connection)
            if number < SCHEMA_VERSION:
                if not is_kept:
                    keep(number)
                    is_kept = True
                for statement in _statements(MIGRATIONS[number]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _statements(script: str) -> list[str]:
    """The statements of a migration; `executescript` would commit behind our back."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if line.rstrip().endswith(";") and not _is_inside_trigger(current):
            statements.append(current)
            current = ""
    return [statement for statement in statements if statement.strip()]


def _is_inside_trigger(text: str) -> bool:
    """Whether a CREATE TRIGGER has begun and its END has not come yet."""
    return "CREATE TRIGGER" in text and not text.rstrip().endswith("END;")
