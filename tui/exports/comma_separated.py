"""CSV: one row a test and stream, numbers as numbers, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io

from tui.answers.flakes import FlakeRow, FlakesAnswer
from tui.widgets.pieces import plain

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_COLUMNS = (
    "test",
    "test_id",
    "pipeline",
    "environment",
    "branch",
    "variant",
    "owners",
    "runs",
    "masked_runs",
    "failed_runs",
    "flaky_runs",
    "flake_rate",
    "flake_rate_low",
    "flake_rate_high",
    "retry_pass",
    "retry_pass_runs",
    "same_code",
    "same_code_runs",
    "flips",
    "flip_rate",
    "verdict",
    "age",
    "lost_seconds",
)


def inert(text: str) -> str:
    """Foreign text that no spreadsheet takes for a formula: on one line, and quoted where it starts like one.

    >>> inert("=1+1"), inert("plain")
    ("'=1+1", 'plain')
    """
    shown = plain(text)
    return f"'{shown}" if shown.lstrip(" \u00a0").startswith(_FORMULA_STARTS) else shown


def flakes_csv(answer: FlakesAnswer) -> str:
    """All rows of the answer under a header; what could not be observed is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(map(_cells, answer.rows))
    return buffer.getvalue()


def _cells(row: FlakeRow) -> tuple[object, ...]:
    """One row, in the order of the header."""
    rate, scope = row.flake_rate, row.scope
    texts = (row.case.identity, row.case.test_id, scope.pipeline, scope.environment, scope.branch, scope.variant)
    return (
        *map(inert, texts),
        inert(" ".join(row.owners)),
        row.runs,
        row.masked_runs,
        row.failed_runs,
        row.flaky_runs,
        *((rate.estimate, rate.low, rate.high) if rate else ("", "", "")),
        *(row.retry_pass or ("", "")),
        *(row.same_code or ("", "")),
        row.flips,
        "" if row.flip_rate is None else row.flip_rate,
        row.verdict.value,
        inert(row.age),
        row.lost_seconds,
    )
