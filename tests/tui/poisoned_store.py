"""Stores in which every text is a stranger's: as files with hostile names bring it, and past `clean()`, by SQL.

Who has the file may have written anything into it. What was told is a small story and a report with a red test for
each payload, so that each stands somewhere as a name, a message and a trace. One text always becomes the same payload,
so that names that belong together still do.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingest.settings import Settings
from store.connect import Connection, open_writer
from tests.story.stores import built_once, ingest
from tests.tui.commands.story import write_story
from tests.tui.screens.payloads import payloads
from tests.tui.screens.poisoned import Poison
from tui.answers.keeping import keep_triage
from tui.answers.query import Query

TEXTS = {
    "pipeline": ("name",),
    "stream": ("environment", "variant"),
    "service": ("name",),
    "test_case": ("namespace", "classname", "name", "file"),
    "signature": ("title",),
    "failure": ("type", "message"),
    "source_file": ("path", "reason", "format"),
    "refusal": ("version", "excerpt"),
    "run": ("name", "environment", "revision", "base_revision", "repository", "url", "version", "merge_request"),
    "part": ("namespace", "job", "job_url"),
    "result_name": ("name",),
    "result_link": ("kind", "url"),
    "change": ("change_id", "environment"),
    "incident": ("title",),
    "incident_note": ("incident", "environment", "service", "title", "url"),
}
"""Columns that hold what strangers wrote; all others hold words and numbers of ours."""
RECORDS = {"change": "record", "commit_note": "record", "catalog_entry": "record", "owner_file": "record"}
WARNED = "warnings"
OURS = frozenset({"kind", "target", "status", "content", "dialect"})
"""Keys of records whose values are words of ours."""
NOTE = """\
{"context": {"version": "0.4.1", "id": "page-1", "source": "/mon", "type": "dev.cdevents.incident.detected.0.2.0",
 "timestamp": "2026-11-08T02:00:00Z"}, "subject": {"id": "inc-7", "source": "/mon", "type": "incident", "content":
 {"description": "slow", "environment": {"id": "staging"}, "service": {"id": "payments"}, "uri": "https://mon/7"}}}
"""


def hostile_files(folder: Path) -> None:
    """The story, a report of payloads that are red in the end, a note of a monitor, and a file that is refused."""
    write_story(folder)
    for number in (1, 2, 3):
        run = folder / "suite" / f"{number}"
        run.mkdir(parents=True)
        cases = [_case(text, is_red=number == 3) for text in storable()]
        document = {
            "numTotalTests": len(cases),
            "startTime": 1_793_584_800_000 + number * 86_400_000,
            "testResults": [{"name": "a.test.js", "status": "passed", "assertionResults": cases}],
        }
        (run / "jest.json").write_text(json.dumps(document))
    (folder / "note.json").write_text(NOTE)
    (folder / "broken.xml").write_text("<testsuite><testcase name='cut\N{REGISTERED SIGN}")


def storable() -> tuple[str, ...]:
    """Payloads that a text of SQLite can hold, none so long that tables of it take the time of a test run."""
    return tuple(dict.fromkeys(text[:200].encode("utf-8", "replace").decode() for text in payloads()))


def _case(text: str, *, is_red: bool) -> dict[str, object]:
    told = [f"{text}\n    at {text} (a.test.js:1:1)"] if is_red else []
    name = {"ancestorTitles": [text], "title": text, "fullName": text}
    return name | {"status": "failed" if is_red else "passed", "failureMessages": told, "duration": 5}


def poisoned_store(factory: pytest.TempPathFactory) -> Path:
    """One for all tests that look at it."""
    return built_once(factory, "poisoned", lambda folder: poison(hostile_store(folder))) / "store.db"


def hostile_store(folder: Path) -> Path:
    """A store of hostile files."""
    hostile_files(folder / "inputs")
    database = folder / "store.db"
    ingest(database, folder / "inputs")
    return database


def poison(database: Path, start: int = 0) -> None:
    """Writes payloads for all texts, from a place in their list on; the dashboard opens with what is kept of them."""
    put = Poison(storable(), start).into
    with closing(open_writer(database)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for table, columns in TEXTS.items():
            for column in columns:
                _change(connection, table, column, put)
        for table, column in RECORDS.items():
            _change(connection, table, column, lambda text: json.dumps(_mapped(json.loads(text), put)))
        _change(connection, "source_file", WARNED, lambda text: json.dumps([put("a warning")]))
        _stand_for_names(connection)
        _poison_traces(connection, put)
        _poison_log(connection, put)
        for table in ("kept_answer", "kept_ranking"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("COMMIT")
    keep_triage(database, Query(settings=Settings()))


def _change(connection: Connection, table: str, column: str, put: Callable[[str], str]) -> None:
    """Other texts in a column; `change` is a word of SQL's too."""
    for (text,) in connection.execute(f"SELECT DISTINCT {column} FROM \"{table}\" WHERE {column} <> ''").fetchall():
        connection.execute(f'UPDATE "{table}" SET {column} = ? WHERE {column} = ?', (put(text), text))


def _mapped(value: Any, put: Callable[[str], str]) -> Any:
    """A document with other texts."""
    if isinstance(value, dict):
        return {key: one if key in OURS else _mapped(one, put) for key, one in value.items()}
    if isinstance(value, list):
        return [_mapped(one, put) for one in value]
    return put(value) if isinstance(value, str) and value else value


def _stand_for_names(connection: Connection) -> None:
    """Each test case is found by the digest of its name, as ever."""
    rows = connection.execute("SELECT test_id, namespace, classname, name FROM test_case").fetchall()
    for test_id, *names in rows:
        stable = hashlib.sha256("::".join(names).encode()).digest()[:8]
        connection.execute("UPDATE test_case SET stable = ? WHERE test_id = ?", (stable, test_id))


def _poison_traces(connection: Connection, put: Callable[[str], str]) -> None:
    for (failure,) in connection.execute("SELECT failure_id FROM failure WHERE body IS NOT NULL").fetchall():
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = deflate.compress("\n".join(put(f"line {n} of {failure}") for n in range(5)).encode()) + deflate.flush()
        connection.execute("UPDATE failure SET body = ?, sample_id = NULL WHERE failure_id = ?", (body, failure))


def _poison_log(connection: Connection, put: Callable[[str], str]) -> None:
    """Who did what: names and notes."""
    connection.execute("DROP TRIGGER triage_event_keeps_values")
    _change(connection, "triage_event", "actor", put)
    for (text,) in connection.execute("SELECT new_value FROM triage_event WHERE action = 'note'").fetchall():
        connection.execute("UPDATE triage_event SET new_value = ? WHERE new_value = ?", (put(text), text))
