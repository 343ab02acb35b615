"""Whose failures do not count, until when, and do they still fail? Tests in quarantine, what ends first on top."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.handling import Action, Quarantine, fold
from ingest.model import TestCase
from store.connect import Connection
from store.read import tests, triage
from store.read.triage import TEST
from tui.answers.basis import load_basis
from tui.answers.handled import known_events, present_moment
from tui.answers.owner_book import load_owner_book, owns
from tui.answers.query import Query, Window
from tui.answers.red import list_red_now


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A test case that somebody put in quarantine and nobody took out."""

    case: TestCase
    quarantine: Quarantine
    left_ms: int
    """Until it ends; negative: it is over, and failures count again."""
    is_red: bool
    """Its last complete baseline run in some stream is red."""
    version: int
    """Id of the last triage event on it."""


@dataclass(frozen=True, slots=True)
class QuarantineAnswer:
    """Rows in the order in which they end, what is over last; then by identity."""

    window: Window | None
    now_ms: int
    rows: tuple[QuarantineRow, ...]


def answer_quarantine(connection: Connection, query: Query) -> QuarantineAnswer:
    """What is in quarantine, or was until lately, under the owner filter of `query`."""
    basis = load_basis(connection, query)
    if basis is None:
        return QuarantineAnswer(None, 0, ())
    now_ms = present_moment(connection, query, basis.window)
    subjects = triage.list_subjects(connection, Action.QUARANTINE.value)
    if not subjects:
        return QuarantineAnswer(basis.window, now_ms, ())
    events = known_events(connection, query, basis.window, (), subjects)
    rows_now = {row for _, row in list_red_now(basis)}
    red = {info.case.test_id for row, info in basis.infos(rows_now).items() if row in rows_now}
    owners = load_owner_book(connection, query.settings) if query.owner is not None else None
    rows = []
    for (kind, test_id), some in events.items():
        handling = fold(some)
        found = tests.find_identities(connection, test_id, 1)
        if kind != TEST or handling.quarantine is None or not found:
            continue
        case = tests.load_tests(connection, found)[found[0]].case
        if owners is None or (query.owner is not None and owns(query.owner, owners.of_test(case).owners)):
            left_ms = handling.quarantine.until_ms - now_ms
            rows.append(QuarantineRow(case, handling.quarantine, left_ms, test_id in red, handling.version))
    rows.sort(key=lambda row: (row.left_ms <= 0, row.left_ms, row.case.identity))
    return QuarantineAnswer(basis.window, now_ms, tuple(rows))
