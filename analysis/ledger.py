"""The alarm ledger: how often a test case was red for a real reason, and how often it cried wolf.

An alarm is an unbroken red stretch of one test case in a stream, over the runs that executed it. What people said of
it is its label; where they said nothing one is inferred, from what ended the alarm and from passes of the same code,
never from a ranking of suspects, so that the model never grades itself:

* cried wolf: every red run of it was shown a flake by passes of the same code;
* environment: every red run of it lies in a masked outage;
* real: it ended with a rollback of a service that the case exercises, or, after two red runs at least, with any change
  of one or of the tests that came between its last red and the next green run;
* undecided: anything else, also one that is still red.

Precision is real / (real + cried wolf), of what people said alone and of what was inferred alone; outages of the
environment are neither.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from analysis.intervals import wilson_interval
from analysis.records import BoolMatrix, ChangeFeed, Interval, StreamHistory
from ingest.model import Change, ChangeKind, ChangeStatus, ChangeTarget, Result, RunRef, TestCase, Verdict

REAL, WOLF, ENVIRONMENT, UNDECIDED = "real", "cried wolf", "environment", "undecided"
LABEL_OF = {
    Verdict.REGRESSION: REAL,
    Verdict.UNRECORDED: REAL,
    Verdict.TEST: REAL,
    Verdict.FLAKY: WOLF,
    Verdict.ENVIRONMENT: ENVIRONMENT,
}
LEAST_RED_RUNS = 2
"""Of an alarm that a change other than a rollback ended: one red run and a deploy coincide too often."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of one test case in one stream: of the alarms that were red in a span of time.

    Where the span is a moment, of the newest alarm that had begun by then: people speak of what they have seen.
    """

    since_ms: int
    until_ms: int
    verdict: Verdict
    actor: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """One red stretch."""

    first: RunRef
    last: RunRef
    """Its last red run."""
    recovered: RunRef | None
    """The first green run after it; None while it is red."""
    red_runs: int
    label: str
    said: Said | None
    """What decides the label; None: it was inferred."""
    healed_by: Change | None
    """The change that came between its last red run and the next green one: a rollback, else the last one."""

    @property
    def is_waived_wrongly(self) -> bool:
        """Called flaky or environment, and yet healed by a change."""
        return self.said is not None and self.label in (WOLF, ENVIRONMENT) and self.healed_by is not None


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """Alarms by label; `said_*` by people, `inferred_*` by rule."""

    alarms: int = 0
    said_real: int = 0
    said_wolf: int = 0
    said_environment: int = 0
    inferred_real: int = 0
    inferred_wolf: int = 0
    inferred_environment: int = 0
    undecided: int = 0
    lost_seconds: float = 0.0

    @property
    def precision(self) -> Interval | None:
        """Share of real alarms among those that people called real or wolf, with Wilson's interval; None: no such."""
        return wilson_interval(self.said_real, self.said_real + self.said_wolf)

    @property
    def inferred_precision(self) -> Interval | None:
        """The same of inferred labels."""
        return wilson_interval(self.inferred_real, self.inferred_real + self.inferred_wolf)

    def __add__(self, other: LedgerCounts) -> LedgerCounts:
        return LedgerCounts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def find_alarms(
    history: StreamHistory,
    test: int,
    flaky: BoolMatrix,
    masked: BoolMatrix,
    *,
    feed: ChangeFeed,
    said: Iterable[Said] = (),
) -> tuple[Alarm, ...]:
    """Alarms of one test case in a stream, oldest first.

    Args:
        test: its column.
        flaky: [n, m] results shown to be flakes.
        masked: [n, m] results in masked outages.
        feed: changes, oldest first.
        said: what people said; of several words on an alarm the last counts.
    """
    column = history.results[:, test]
    rows = np.flatnonzero((column >= 0) & (column != Result.SKIPPED))
    red = np.isin(column[rows], (Result.FAILED, Result.ERRORED))
    edges = np.flatnonzero(np.diff(red, prepend=False, append=False)).tolist()
    pairs = list(zip(edges[::2], edges[1::2], strict=True))
    starts = [history.runs[row].started_ms for row in rows.tolist()]
    word_of: dict[int, Said] = {}
    for word in sorted(said, key=lambda word: word.at_ms):
        begun = [n for n, (begin, _) in enumerate(pairs) if starts[begin] <= word.until_ms]
        if word.since_ms == word.until_ms:
            about = begun[-1:]
        else:
            about = [n for n in begun if pairs[n][1] == len(starts) or word.since_ms < starts[pairs[n][1]]]
        word_of.update((n, word) for n in about if word.verdict in LABEL_OF)
    return tuple(
        _alarm(
            history, test, rows[begin:end], rows[end] if end < len(rows) else None, flaky, masked, feed, word_of.get(n)
        )
        for n, (begin, end) in enumerate(pairs)
    )


def count_alarms(alarms: Iterable[Alarm], lost_seconds: float = 0.0) -> LedgerCounts:
    """Alarms by label and by who gave it."""
    counted = Counter(
        UNDECIDED if one.label == UNDECIDED else f"{'inferred' if one.said is None else 'said'} {one.label}"
        for one in alarms
    )
    return LedgerCounts(
        alarms=counted.total(),
        said_real=counted[f"said {REAL}"],
        said_wolf=counted[f"said {WOLF}"],
        said_environment=counted[f"said {ENVIRONMENT}"],
        inferred_real=counted[f"inferred {REAL}"],
        inferred_wolf=counted[f"inferred {WOLF}"],
        inferred_environment=counted[f"inferred {ENVIRONMENT}"],
        undecided=counted[UNDECIDED],
        lost_seconds=lost_seconds,
    )


def _alarm(
    history: StreamHistory,
    test: int,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    green: int | None,
    flaky: BoolMatrix,
    masked: BoolMatrix,
    feed: ChangeFeed,
    word: Said | None,
) -> Alarm:
    runs = history.runs
    first, last = runs[rows[0]], runs[rows[-1]]
    recovered = None if green is None else runs[green]
    healed = None if recovered is None else _healed_by(history, test, last, recovered, feed)
    if word is not None:
        label = LABEL_OF[word.verdict]
    elif masked[rows, test].all():
        label = ENVIRONMENT
    elif flaky[rows, test].all():
        label = WOLF
    elif healed is not None and (healed.kind is ChangeKind.ROLLBACK or len(rows) >= LEAST_RED_RUNS):
        label = REAL
    else:
        label = UNDECIDED
    return Alarm(first, last, recovered, len(rows), label, word, healed)


def _healed_by(history: StreamHistory, test: int, last: RunRef, green: RunRef, feed: ChangeFeed) -> Change | None:
    """The change of an exercised service or of the tests after the start of the last red run, done by the green one."""
    services = {exercise.service for exercise in history.tests[test].exercised}
    begin = bisect_left(feed.changes, last.started_ms, key=lambda change: change.at_ms)
    end = bisect_left(feed.changes, green.ended_ms or green.started_ms, key=lambda change: change.at_ms)
    case, environment = history.tests[test].case, history.scope.environment
    found = [change for change in feed.changes[begin:end] if _may_heal(change, environment, services, case)]
    return next((c for c in reversed(found) if c.kind is ChangeKind.ROLLBACK), found[-1] if found else None)


def _may_heal(change: Change, environment: str, services: set[str], case: TestCase) -> bool:
    if change.status is not ChangeStatus.SUCCEEDED or change.environment not in ("", environment):
        return False
    if change.target is not ChangeTarget.TEST:
        return change.service in services
    files = {*change.files, *(file for commit in change.commits for file in commit.files)}
    if files and case.file:
        return any(file.endswith(case.file) or case.file.endswith(file) for file in files)
    return change.repository in (None, case.namespace)
