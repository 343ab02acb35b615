"""Numbered migrations. One is never edited once released; the next one is added. `store/schema_N.py` are released."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from store.convert_3 import convert_3
from store.locking import begin_writing
from store.schema_1 import MIGRATION_1
from store.schema_2 import MIGRATION_2

if TYPE_CHECKING:
    from store.connect import Connection

APPLICATION_ID = 0x63777766
"""Marks the file as one of crywolf's (`cwwf`)."""

_MIGRATION_3 = """
-- How often cases were executed by UTC day, of first run attempts: the parts that hold a set of cases. A case of a set
-- that was not only skipped was executed `runs` times, less what `special_day` says. See `store/day_sets.py`.
CREATE TABLE set_day (
    stream_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    set_id INTEGER NOT NULL REFERENCES case_set,
    runs INTEGER NOT NULL,
    PRIMARY KEY (stream_id, day, set_id)
) STRICT, WITHOUT ROWID;

-- Of the cases that failed, flaked, were executed more than once in a run, or stand in several parts of one: `repeated`
-- counts how often one part too many holds them. Flips are those within the day; the edges join days.
CREATE TABLE special_day (
    stream_id INTEGER NOT NULL,
    day INTEGER NOT NULL,
    test_id INTEGER NOT NULL,
    repeated INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    flaky INTEGER NOT NULL,
    retried INTEGER NOT NULL,
    flips INTEGER NOT NULL,
    first_red INTEGER NOT NULL,
    last_red INTEGER NOT NULL,
    PRIMARY KEY (stream_id, day, test_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX special_day_test ON special_day (test_id, stream_id);
CREATE INDEX part_namespace ON part (namespace, stream_id);

-- `took` is `duration_ms << 2 | outcome`, with a duration of -1 where none is known: a byte less of each result.
CREATE TABLE narrow_result (
    part_id INTEGER NOT NULL,
    test_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    took INTEGER NOT NULL,
    start_offset_ms INTEGER,
    failure_id INTEGER,
    outcome INTEGER AS (took & 3) VIRTUAL,
    duration_ms INTEGER AS (nullif(took >> 2, -1)) VIRTUAL,
    PRIMARY KEY (part_id, test_id, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO narrow_result (part_id, test_id, ordinal, took, start_offset_ms, failure_id)
    SELECT part_id, test_id, ordinal, coalesce(max(-1, min(duration_ms, 1 << 60)), -1) << 2 | outcome, start_offset_ms,
    failure_id FROM result ORDER BY part_id, test_id, ordinal;
DROP TABLE result;
ALTER TABLE narrow_result RENAME TO result;
CREATE INDEX result_failed ON result (test_id) WHERE outcome IN (1, 2);

-- Bodies are deflate without the frame of zlib: it was 6 or 10 bytes of each, and 4 of them at the end.
UPDATE failure SET body = substr(body, 3 + 4 * (sample_id IS NOT NULL),
    length(body) - 6 - 4 * (sample_id IS NOT NULL)) WHERE body IS NOT NULL;

-- 8 bytes tell texts apart as they do test cases; each stands in the table and in its index.
UPDATE failure SET digest = substr(digest, 1, 8);

-- What is no plain result takes 20 bytes, not 32: parts are packed again from their rows.
DELETE FROM packed_part;
UPDATE state SET value = 1 WHERE name = 'unpacked';

-- What monitors told of incidents of their own, in change feeds: to be shown beside changes, and never weighed.
CREATE TABLE incident_note (
    note_id TEXT NOT NULL,
    state TEXT NOT NULL,
    incident TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    environment TEXT NOT NULL,
    service TEXT NOT NULL,
    title TEXT NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (note_id, state)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_note_at ON incident_note (at_ms);
"""

MIGRATIONS: tuple[str, ...] = (MIGRATION_1, MIGRATION_2, _MIGRATION_3)
"""MIGRATIONS[n - 1] brings a store from schema n - 1 to schema n."""

_CONVERSIONS: dict[int, Callable[[Connection], None]] = {3: convert_3}
"""By schema: what its migration does after its SQL, in the same transaction."""

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
                if number + 1 in _CONVERSIONS:
                    _CONVERSIONS[number + 1](connection)
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
