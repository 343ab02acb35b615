"""Keeps the Triage answer and the incidents when something was written, so that the dashboard opens at once."""

from __future__ import annotations

import time
import zlib
from contextlib import closing
from pathlib import Path

import msgspec

from ingest.model import Failure
from store.connect import Connection, open_reader
from store.incidents import OpenIncident, revision_of
from store.read.kept import load_answer
from store.read.packed import is_some_unpacked
from store.write import Writer
from tui.answers.kept import NAME, key_of
from tui.answers.owner_book import load_owner_book
from tui.answers.query import Query
from tui.answers.rankings import Rankings, TooMuch
from tui.answers.triage import TriageAnswer, work_out_triage


def keep_triage(database: Path, query: Query, *, most_s: float = float("inf")) -> bool:
    """Work the Triage answer out, keep it and bring the stored incidents up to date.

    Args:
        most_s: seconds of processor time after which no more suspects are ranked. What was ranked until then is kept,
            so that whoever asks next has less to do.

    Returns:
        Whether it came to its end.
    """
    with closing(open_reader(database)) as connection:
        revision = revision_of(connection)
        if load_answer(connection, NAME, key_of(query)) is not None:
            return True
        if is_some_unpacked(connection):
            with closing(Writer(database, _no_signature)) as writer:
                writer.pack_rest()
        book = load_owner_book(connection, query.settings)
        owners = book.learn(connection)
        rankings = Rankings(connection, time.process_time() + most_s)
        answer = _within_time(connection, query, rankings)
    if answer is None:
        with closing(Writer(database, _no_signature)) as writer, writer.transaction(brings_news=False):
            writer.incidents.add_rankings(rankings.made)
            if owners is not None:
                writer.incidents.keep_owner_places(book.key, owners)
        return False
    body = zlib.compress(msgspec.json.encode(answer), 1)
    with closing(Writer(database, _no_signature)) as writer, writer.transaction(brings_news=False):
        writer.incidents.keep_rankings(rankings.made, rankings.used)
        if owners is not None:
            writer.incidents.keep_owner_places(book.key, owners)
        if writer.incidents.revision() == revision:
            writer.incidents.record(_open_incidents(answer))
            writer.incidents.keep_answer(NAME, key_of(query), revision, body)
    return True


def _within_time(connection: Connection, query: Query, rankings: Rankings) -> TriageAnswer | None:
    try:
        return work_out_triage(connection, query, rankings)
    except TooMuch:
        return None


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


def _no_signature(failure: Failure) -> tuple[int, str, str]:
    raise AssertionError("no failure is written here")
