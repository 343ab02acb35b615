"""Keeps the Triage answer and the incidents when something was written, so that the dashboard opens at once."""

from __future__ import annotations

import hashlib
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec

from ingest.model import Failure
from store.connect import Connection, open_reader
from store.incidents import OpenIncident, revision_of
from store.read.kept import load_answer
from store.write import Writer
from tui.answers.query import Query
from tui.answers.triage import TriageAnswer
from tui.version import version

NAME = "triage"


def load_kept(connection: Connection, query: Query) -> TriageAnswer | None:
    """The answer as it was kept, if it still holds for this query."""
    body = load_answer(connection, NAME, _key(query))
    return None if body is None else msgspec.json.decode(zlib.decompress(body), type=TriageAnswer)


def keep_triage(database: Path, query: Query) -> None:
    """Work the Triage answer out, keep it and bring the stored incidents up to date."""
    from tui.answers.triage import work_out_triage

    with closing(open_reader(database)) as connection:
        revision = revision_of(connection)
        if load_answer(connection, NAME, _key(query)) is not None:
            return
        answer = work_out_triage(connection, query)
    body = zlib.compress(msgspec.json.encode(answer), 1)
    with closing(Writer(database, _no_signature)) as writer, writer.transaction():
        if writer.incidents.revision() == revision:
            writer.incidents.record(_open_incidents(answer))
            writer.incidents.keep_answer(NAME, _key(query), revision + 1, body)


def _open_incidents(answer: TriageAnswer) -> list[OpenIncident]:
    return [
        OpenIncident(
            row.incident_id,
            row.title,
            row.since_ms,
            answer.window.now_ms if answer.window else row.since_ms,
            tuple((scope, bytes.fromhex(case.test_id)) for case, scope in row.tests),
        )
        for row in answer.incidents
    ]


def _key(query: Query) -> str:
    """Filters, settings and version: a kept answer holds for equal ones only."""
    plain = msgspec.to_builtins(replace(query, settings=replace(query.settings, given=frozenset())), enc_hook=str)
    text = msgspec.json.encode([plain, sorted(query.settings.given), version()])
    return hashlib.sha256(text).hexdigest()[:32]


def _no_signature(failure: Failure) -> tuple[int, str, str]:
    raise AssertionError("no failure is written here")
