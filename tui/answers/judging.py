"""What is red now, why, and since when: the one place where red test cases get hypotheses, verdict and age.

A case that no run is known to have passed has no onset to explain: it is not ranked.

Test cases of a stream that turned red in the same run with the same failure and the same exercised services share one
ranking, that of the first of them in the alphabet; so every screen and command says the same of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from analysis.candidates import CANDIDATE_HOURS, HOUR_MS
from analysis.ledger import Said
from analysis.records import Evidence, FailureSample, Hypothesis, Judgement, SuspectQuestion
from analysis.track_record import track_records
from analysis.verdict import is_red_now, judge
from analysis.verdict import onset as find_onset
from ingest.model import Result, RunRef, TestCase, Verdict
from store.read import results, tests
from store.read.rows import AttemptFact, StreamRow
from tui.answers.basis import Basis
from tui.answers.beside import felt_before, habits_of_people, histories_elsewhere
from tui.answers.histories import Loaded, last_complete, load_history
from tui.answers.query import DAY_MS
from tui.answers.red import LOOK_BACK_RUNS, list_candidates
from tui.answers.said import last_word
from tui.answers.whole_streams import history_of, load_whole, pick
from tui.errors import PrunedAway
from tui.times import iso

QUESTION_MS = 4 * DAY_MS
QUESTION_RUNS = 30
AFTER_ONSET_MS = 2 * DAY_MS
"""A ranking looks at four days, or 30 runs, before the onset and at most two days after it."""
SAMPLES = 12
_RED = (Result.FAILED, Result.ERRORED)


@dataclass(frozen=True, slots=True)
class Judged:
    """A test case that is red now in a baseline stream."""

    stream: StreamRow
    test_row: int
    case: TestCase
    owners: tuple[str, ...]
    services: tuple[str, ...]
    run: RunRef
    """Its last complete baseline run."""
    run_row: int
    result: int
    judgement: Judgement
    attempt: AttemptFact | None
    """The newest failing attempt of that run."""
    signature: str
    title: str
    message: str
    text: str
    red_runs: int
    """Red runs in the current streak."""
    kind: str = ""
    """Type of the exception, as the report gives it."""
    called: Said | None = None
    """What people call it, which goes before the judgement; None: nobody said anything of this stretch."""

    @property
    def verdict(self) -> Verdict:
        """The headline: what people say, else the judgement."""
        return self.judgement.verdict if self.called is None else self.called.verdict

    @property
    def probability(self) -> float | None:
        """Of the verdict; None where it is undecided, 1 where people said it."""
        if self.verdict is Verdict.UNDECIDED:
            return None
        return self.judgement.probability if self.called is None else 1.0


@dataclass(frozen=True, slots=True)
class _Red:
    column: int
    row: int
    """Of the last complete run."""
    first_bad: int
    last_good: int | None
    samples: tuple[FailureSample, ...]
    attempt: AttemptFact | None
    title: str


def judge_last_failure(basis: Basis, stream: StreamRow, test_row: int) -> Judged | None:
    """Judgement of a case that is not red now but failed an attempt in its last runs; None when it did not."""
    loaded = load_history(basis, stream, -(2**53), basis.window.now_ms, (test_row,), LOOK_BACK_RUNS)
    if not loaded.test_rows or not is_red_now(loaded.history, 0, counts_flaky=True):
        return None
    red = _streak(basis, loaded, 0, counts_flaky=True)
    return None if red is None else _judged(basis, loaded, red, _rank(basis, loaded, red), counts_flaky=True)


WITHOUT_ONSET = (
    Hypothesis(
        "unrecorded",
        1.0,
        (Evidence("history", 0.0, "no run is known to have passed, so nothing shows when it broke"),),
    ),
)
"""What is said of a red case that no run is known to have passed."""


def can_judge(basis: Basis) -> bool:
    """Whether results of the moment asked for are still there."""
    return basis.window.pruned_ms is None or basis.window.now_ms >= basis.window.pruned_ms


def judge_red(basis: Basis, only: frozenset[int] | None = None) -> dict[tuple[int, int], Judged]:
    """(stream row, test row) -> judgement of every case that is red now in a baseline stream.

    Whatever the owner and service asked for: what is said of a case does not depend on who looks.

    Args:
        only: rows of test cases; None: all.

    Raises:
        tui.errors.PrunedAway: results of the moment asked for are gone.
    """
    if not can_judge(basis):
        cut = iso(basis.window.pruned_ms or 0)
        raise PrunedAway(f"results before {cut} were pruned: what was red then cannot be told any more")
    baseline = {row.stream_id: row for row in basis.baseline}
    wanted: dict[int, list[int]] = {}
    for stream_id, test_row in list_candidates(basis):
        wanted.setdefault(stream_id, []).append(test_row)
    judged: dict[tuple[int, int], Judged] = {}
    for stream_id, rows in sorted(wanted.items(), key=lambda item: baseline[item[0]].scope):
        if only is not None and only.isdisjoint(rows):
            continue
        for one in _judge_stream(basis, baseline[stream_id], rows, only):
            judged[stream_id, one.test_row] = one
    return judged


def only_asked_for(basis: Basis, judged: dict[tuple[int, int], Judged]) -> dict[tuple[int, int], Judged]:
    """Those that pass the owner and service filters."""
    if basis.query.owner is None and basis.query.service is None:
        return judged
    infos = tests.load_tests(basis.connection, {one.test_row for one in judged.values()})
    return {key: one for key, one in judged.items() if basis.passes(infos[one.test_row], one.stream.scope)}


def _judge_stream(
    basis: Basis, stream: StreamRow, test_rows: Sequence[int], only: frozenset[int] | None
) -> list[Judged]:
    loaded = pick(basis, load_whole(basis, stream, -(2**53), basis.window.now_ms, LOOK_BACK_RUNS), test_rows)
    groups: dict[tuple[object, ...], list[_Red]] = {}
    for column in range(len(loaded.test_rows)):
        red = _red_now(basis, loaded, column)
        if red is not None:
            test = loaded.history.tests[column]
            signature = red.samples[0].signature if red.samples else ""
            key = (red.first_bad, signature, tuple(e.service for e in test.exercised))
            groups.setdefault(key, []).append(red)
    judged: dict[tuple[object, ...], list[Judged]] = {key: [] for key in groups}
    # Questions about one stretch follow one another: what they are weighed with is kept from one to the next.
    for stretch, group in sorted(groups.items(), key=lambda item: item[1][0].first_bad):
        wanted = [red for red in group if only is None or loaded.test_rows[red.column] in only]
        if not wanted:
            continue
        lead = min(group, key=lambda red: loaded.history.tests[red.column].case.identity)
        hypotheses = _rank(basis, loaded, lead) if lead.last_good is not None else ()
        judged[stretch] = [_judged(basis, loaded, red, hypotheses) for red in wanted]
    return list(chain.from_iterable(judged.values()))


def _red_now(basis: Basis, loaded: Loaded, column: int) -> _Red | None:
    """The streak of a case whose last complete run is red; None when that run is not."""
    row = last_complete(loaded, column)
    if row is None or loaded.history.results[row, column] not in _RED:
        return None
    return _streak(basis, loaded, column)


def _streak(basis: Basis, loaded: Loaded, column: int, *, counts_flaky: bool = False) -> _Red | None:
    """The current streak of a case: where it began, its last run and what it said."""
    row = last_complete(loaded, column)
    if row is None:
        return None
    history = loaded.history
    bad = (*_RED, Result.FLAKY) if counts_flaky else _RED
    onset = find_onset(history, column, counts_flaky=counts_flaky)
    first_bad = _place_of(history.runs, onset.first_bad) if onset.first_bad is not None else row
    last_good = _place_of(history.runs, onset.last_good) if onset.last_good is not None else None
    cells = history.results[first_bad : row + 1, column].tolist()
    bad_rows = [first_bad + n for n, cell in enumerate(cells) if cell in bad]
    samples, attempt, title = _samples(basis, loaded, column, bad_rows[-SAMPLES:][::-1])
    return _Red(column, row, first_bad, last_good, samples, attempt, title)


def _place_of(runs: Sequence[RunRef], one: RunRef) -> int:
    """Where one of some runs stands; the very same one is looked for, which is found sooner than an equal one."""
    return next(n for n, run in enumerate(runs) if run is one)


def _samples(
    basis: Basis, loaded: Loaded, column: int, rows: Sequence[int]
) -> tuple[tuple[FailureSample, ...], AttemptFact | None, str]:
    """(failing attempts of some runs, newest run first; the newest's facts; its signature's title)."""
    run_rows = [loaded.run_rows[n] for n in rows]
    runs_by_row = {loaded.run_rows[n]: loaded.history.runs[n] for n in rows}
    test_row, stream_id = loaded.test_rows[column], loaded.stream.stream_id
    facts = [
        fact
        for fact in results.list_attempts(basis.connection, test_row, run_rows)
        if fact.stream_id == stream_id and fact.outcome in (1, 2) and fact.failure_row is not None
    ]
    facts.sort(key=lambda fact: (run_rows.index(fact.run_row), -fact.ordinal))
    texts = results.load_failures(basis.connection, [fact.failure_row for fact in facts if fact.failure_row])
    test_id = loaded.history.tests[column].case.test_id
    samples = []
    for fact in facts:
        text = texts[fact.failure_row or 0]
        samples.append(FailureSample(test_id, runs_by_row[fact.run_row], *text.failure, text.signature))
    title = texts[facts[0].failure_row or 0].title if facts else ""
    return tuple(samples), facts[0] if facts else None, title


def _rank(basis: Basis, loaded: Loaded, lead: _Red) -> tuple[Hypothesis, ...]:
    """Hypotheses for the first case of a group, from all cases of the stream around the onset."""
    history = loaded.history
    onset_ms = history.runs[lead.first_bad].started_ms
    earlier = max(0, lead.first_bad - QUESTION_RUNS)
    since_ms = min(onset_ms - QUESTION_MS, history.runs[earlier].started_ms)
    until_ms = min(basis.window.now_ms, max(onset_ms + AFTER_ONSET_MS, history.runs[lead.first_bad].started_ms))
    around = history_of(basis, load_whole(basis, loaded.stream, since_ms, until_ms))
    test_id = history.tests[lead.column].case.test_id
    candidates_ms = onset_ms - CANDIDATE_HOURS * HOUR_MS
    return basis.rankings.rank(
        SuspectQuestion(
            test_id,
            around,
            basis.graph,
            basis.rankings.feed_of(basis.feed, around),
            lead.samples,
            records=track_records(basis.feed.changes, basis.confirmed, candidates_ms),
            habits=habits_of_people(basis, candidates_ms),
            felt=felt_before(basis, candidates_ms),
            elsewhere=histories_elsewhere(basis, loaded.stream, since_ms, until_ms, onset_ms),
        )
    )


def _judged(
    basis: Basis, loaded: Loaded, red: _Red, hypotheses: tuple[Hypothesis, ...], *, counts_flaky: bool = False
) -> Judged:
    history = loaded.history
    before = tests.first_red_day(basis.connection, loaded.stream.stream_id, loaded.test_rows[red.column])
    was_red_before = before is not None and before < history.runs[0].started_ms // DAY_MS
    test = history.tests[red.column]
    newest = red.samples[0] if red.samples else None
    cells = history.results[red.first_bad : red.row + 1, red.column]
    words = basis.called.get((loaded.stream.stream_id, loaded.test_rows[red.column]), ())
    return Judged(
        loaded.stream,
        loaded.test_rows[red.column],
        test.case,
        test.owners,
        tuple(e.service for e in test.exercised),
        history.runs[red.row],
        loaded.run_rows[red.row],
        int(history.results[red.row, red.column]),
        judge(history, red.column, hypotheses, was_red_before=was_red_before, counts_flaky=counts_flaky),
        red.attempt,
        newest.signature if newest else "",
        red.title,
        newest.message if newest else "",
        newest.text if newest else "",
        sum(cell in (1, 2) for cell in cells.tolist()),
        newest.type if newest else "",
        last_word(words, history.runs[red.first_bad].started_ms),
    )
