"""What happened in one cell of the grid: its attempts, and where a case that is not there any more may go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.records import ABSENT
from analysis.renames import Trace, compare
from ingest.model import Outcome, TestCase
from store.connect import Connection
from store.read import results, tests
from store.read.aliases import list_former
from tui.answers.grid_cells import load_cells

NEAR = 2
"""Days between the last run with a case and the first with the one that may continue it."""


@dataclass(frozen=True, slots=True)
class CellAttempt:
    """One attempt of a case in a run."""

    outcome: Outcome
    duration_ms: int | None
    message: str
    job: str


@dataclass(frozen=True, slots=True)
class CellFacts:
    """One cell."""

    attempts: tuple[CellAttempt, ...]
    """In order."""
    former: tuple[TestCase, ...] = ()
    """Identities that continue as this one."""
    continues_as: TestCase | None = None
    """What a case that vanished from the stream may be called now."""


def answer_cell(
    connection: Connection, stream_id: int, run_row: int, test_row: int, newest: Sequence[int] = ()
) -> CellFacts:
    """Attempts of a case in a run of a stream; where it has vanished, what may continue it.

    Args:
        newest: runs of which any holds the case unless it has vanished.
    """
    facts = [fact for fact in results.list_attempts(connection, test_row, (run_row,)) if fact.stream_id == stream_id]
    texts = results.load_failures(connection, [fact.failure_row for fact in facts if fact.failure_row])
    attempts = tuple(
        CellAttempt(
            Outcome(fact.outcome),
            fact.duration_ms,
            texts[fact.failure_row].failure.message if fact.failure_row else "",
            fact.job,
        )
        for fact in facts
    )
    has_vanished = not facts and bool((load_cells(connection, stream_id, newest, (test_row,)) == ABSENT).all())
    onward = _continuation(connection, stream_id, test_row) if has_vanished else None
    return CellFacts(attempts, list_former(connection, test_row), onward)


def _continuation(connection: Connection, stream_id: int, test_row: int) -> TestCase | None:
    """The case most like one that vanished, among those that appeared in the stream as it did."""
    span = tests.span_of(connection, stream_id, test_row)
    if span is None:
        return None
    old = tests.load_tests(connection, (test_row,))[test_row].case
    rows = tests.list_appeared(connection, stream_id, (span[1], span[1] + NEAR), old)
    infos = tests.load_tests(connection, rows)
    signs = tests.list_signatures(connection, stream_id, [test_row, *rows])
    before = Trace(old, 0, None, signs.get(test_row, frozenset()))
    found = [compare(before, Trace(infos[row].case, 1, None, signs.get(row, frozenset()))) for row in rows]
    pairs = sorted((pair for pair in found if pair), key=lambda pair: (-pair.score, pair.new.case.identity))
    return pairs[0].new.case if pairs else None
