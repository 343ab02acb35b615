"""Suspects in real noise: breaks injected into a real history, and what is blamed for its own red tests.

    python -m bench.real_noise [--count 200] [--seed 1] [--database FILE]

The history is that of 602 runs in `../shared/histories`: real tests, real flakes, real outages, and regressions of its
own. It has no services and no deploys, so both are made up: a service for each group of test names, six libraries that
groups share, an entry that all pass through, one list in ten with a gap, and for each service two deploys in three
days. An injected break turns tests of one service red from a deploy of it on, as the lab's do: a share of them, most of
them for good. The question comes after one, two or four failures.

Beside that the history's own first red runs are asked about with the same made-up deploys. Whatever is blamed with
P >= 0.8 there is blamed wrongly.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from analysis.records import ABSENT, ChangeFeed, Exercise, Hypothesis, ServiceGraph, StreamHistory, SuspectQuestion
from analysis.suspects import rank_suspects
from analysis.verdict import weigh_kinds
from bench.corpora import unpack_history
from bench.measuring import headline, table
from ingest.model import Change, ChangeKind, Result, Tier
from store.connect import open_reader
from tui.answers.basis import load_basis
from tui.answers.query import Query
from tui.answers.whole_streams import history_of, load_whole

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
ENTRY = "entry"
LIBRARIES = 6
LEAST_GROUP = 5
DEPLOYS_A_DAY = 0.67
EARLIEST = 8
"""A break is injected, or a red run asked about, after so many runs."""
BEFORE_MS = 4 * DAY_MS
BEFORE_RUNS = 30
_GROUP = re.compile(r"[:/]")
_RED = (Result.FAILED, Result.ERRORED)


def load_histories(database: Path) -> list[StreamHistory]:
    """Every stream of a store, whole."""
    with closing(open_reader(database)) as connection:
        basis = load_basis(connection, Query())
        assert basis is not None
        return [history_of(basis, load_whole(basis, row, -(2**53), 2**53)) for row in basis.streams]


def with_services(history: StreamHistory, rng: np.random.Generator) -> tuple[StreamHistory, ServiceGraph]:
    """The history with made-up services: the entry, the test's group, and two libraries of the group."""
    groups = [_GROUP.split(column.case.name)[0].casefold() for column in history.tests]
    common = {group for group, count in Counter(groups).items() if count >= LEAST_GROUP}
    calls: dict[str, tuple[str, ...]] = {}
    tests = []
    for column, group in zip(history.tests, groups, strict=True):
        name = group if group in common else "other"
        first = zlib.crc32(name.encode()) % LIBRARIES
        calls[name] = tuple(f"library-{n % LIBRARIES}" for n in (first, first + 2))
        listed = [ENTRY, *(service for service in (name, *calls[name]) if rng.random() >= 0.1)]
        tests.append(replace(column, exercised=tuple(Exercise(service, Tier.DECLARED) for service in listed)))
    calls = {ENTRY: tuple(sorted(calls))} | calls
    known = sorted({*calls, *(target for some in calls.values() for target in some)})
    return replace(history, tests=tuple(tests)), ServiceGraph(calls, dict.fromkeys(known))


def made_up_feed(history: StreamHistory, graph: ServiceGraph, rng: np.random.Generator) -> ChangeFeed:
    """Deploys of every service over the whole history, none of which did anything."""
    first, last = history.runs[0].started_ms - 2 * DAY_MS, history.runs[-1].started_ms
    changes = []
    for service in sorted(graph.owners):
        for n in range(rng.poisson(DEPLOYS_A_DAY * (last - first) / DAY_MS)):
            at = int(rng.uniform(first, last))
            lines = int(np.exp(rng.normal(np.log(60), 1.4))) + 1
            environment = history.scope.environment
            changes.append(Change(f"{service}-{n}", ChangeKind.DEPLOY, at, service, environment, additions=lines))
    changes.sort(key=lambda c: (c.at_ms, c.change_id))
    return ChangeFeed(tuple(changes), frozenset((name, history.scope.environment) for name in graph.owners))


def ask(history: StreamHistory, graph: ServiceGraph, feed: ChangeFeed, test: int, end: int) -> tuple[Hypothesis, ...]:
    """The ranking for a test case that was red in row `end`, with what was known then."""
    since = history.runs[end].started_ms - BEFORE_MS
    first = min(int(np.searchsorted([r.started_ms for r in history.runs], since)), max(0, end - BEFORE_RUNS))
    rows = slice(first, end + 1)
    kept = (history.results[rows] != ABSENT).any(axis=0)
    now = history.runs[end].ended_ms or history.runs[end].started_ms
    seen = replace(
        history,
        runs=history.runs[rows],
        tests=tuple(column for column, inside in zip(history.tests, kept, strict=True) if inside),
        results=history.results[rows][:, kept],
        attempts=history.attempts[rows][:, kept],
        failed_attempts=history.failed_attempts[rows][:, kept],
    )
    near = tuple(c for c in feed.changes if since - 2 * DAY_MS <= c.at_ms <= now)
    question = SuspectQuestion(history.tests[test].case.test_id, seen, graph, replace(feed, changes=near))
    return rank_suspects(question)


def inject(
    history: StreamHistory, feed: ChangeFeed, rng: np.random.Generator
) -> tuple[StreamHistory, int, int, str] | None:
    """(history with a break, test asked about, row of the question, culprit); None where the draw breaks nothing."""
    culprit = feed.changes[int(rng.integers(len(feed.changes)))]
    starts = np.array([run.started_ms for run in history.runs])
    begin = int(np.searchsorted(starts, culprit.at_ms))
    if begin < EARLIEST or begin > len(starts) - 2 or starts[begin] - culprit.at_ms > 36 * HOUR_MS:
        return None
    uses = np.array([any(e.service == culprit.service for e in column.exercised) for column in history.tests])
    green = np.isin(history.results[begin - 1], (Result.PASSED, Result.FLAKY))
    members = np.flatnonzero(uses & green)
    members = members[rng.random(len(members)) < rng.beta(0.8, 1.2)]
    severity = 0.97 if rng.random() < 0.7 else float(rng.uniform(0.15, 0.7))
    results, failed = history.results.copy(), history.failed_attempts.copy()
    hit = np.zeros(results.shape, dtype=np.bool_)
    hit[begin:, members] = rng.random((len(starts) - begin, len(members))) < severity
    hit &= np.isin(results, (Result.PASSED, Result.FLAKY))
    results[hit], failed[hit] = Result.FAILED, 1
    wanted = int(rng.choice([1, 2, 4]))
    able = [int(t) for t in members if hit[:, t].sum() >= wanted]
    if not able:
        return None
    test = min(able, key=lambda t: (int(np.flatnonzero(hit[:, t])[0]), t))
    end = int(np.flatnonzero(hit[:, test])[wanted - 1])
    return replace(history, results=results, failed_attempts=failed), test, end, culprit.change_id


def first_reds(history: StreamHistory) -> list[tuple[int, int]]:
    """(test, row) of every red result of which the run before was green, both executed."""
    red, green = np.isin(history.results, _RED), history.results == Result.PASSED
    rows, tests = np.nonzero(red[1:] & green[:-1])
    return [(int(t), int(r) + 1) for r, t in zip(rows, tests, strict=True) if r + 1 >= EARLIEST]


def report_injected(histories: list[StreamHistory], count: int, seed: int) -> None:
    """How often injected breaks are found."""
    ranks: list[float] = []
    sure: list[tuple[bool, bool]] = []
    tried = 0
    while len(ranks) < count and tried < 20 * count:
        rng = np.random.default_rng([seed, tried])
        tried += 1
        history, graph = with_services(histories[int(rng.integers(len(histories)))], rng)
        feed = made_up_feed(history, graph, rng)
        drawn = inject(history, feed, rng)
        if drawn is None:
            continue
        broken, test, end, culprit = drawn
        found = [h for h in ask(broken, graph, feed, test, end) if h.change is not None]
        ids = [h.change.change_id for h in found if h.change is not None]
        ranks.append(ids.index(culprit) + 1 if culprit in ids else np.inf)
        sure.append((bool(found) and found[0].probability >= 0.8, ranks[-1] == 1))
    at = np.array(ranks)
    right = [ok for is_sure, ok in sure if is_sure]
    row = [str(len(ranks)), f"{(at <= 1).mean():.3f}", f"{(at <= 3).mean():.3f}", f"{len(right) / len(at):.3f}"]
    row.append(f"{np.mean(right):.3f}" if right else "-")
    table(("injected breaks", "top-1", "top-3", "shown: P>=.8", "right when shown"), [row])


def report_own(histories: list[StreamHistory], count: int, seed: int) -> None:
    """What is blamed for the history's own red tests, at most two of one run."""
    rng = np.random.default_rng([seed, 10**6])
    asked: list[tuple[StreamHistory, int, int]] = []
    for history in histories:
        by_row: dict[int, list[int]] = {}
        for test, row in first_reds(history):
            by_row.setdefault(row, []).append(test)
        asked += [(history, int(t), row) for row, some in by_row.items() for t in rng.permutation(some)[:2]]
    chosen = [asked[int(n)] for n in rng.permutation(len(asked))[:count]]
    verdicts: Counter[str] = Counter()
    half, sure = 0, 0
    for history, test, row in chosen:
        named, graph = with_services(history, rng)
        found = ask(named, graph, made_up_feed(named, graph, rng), test, row)
        best = max((h.probability for h in found if h.change is not None), default=0.0)
        half, sure = half + (best >= 0.5), sure + (best >= 0.8)
        verdicts[weigh_kinds(found)[0].value] += 1
    n = len(chosen)
    rows = [[str(n), f"{sure / n:.3f}", f"{half / n:.3f}", ", ".join(f"{v} {c}" for v, c in verdicts.most_common())]]
    table(("its own first reds", "blamed: P>=.8", "P>=.5", "verdicts"), rows)


def make_store(folder: Path) -> Path | None:
    """The history, ingested; None, with the reason said, where it cannot be had."""
    reason = unpack_history(folder / "in")
    if reason is not None:
        print(f"skipped: {reason}")
        return None
    database = folder / "store.db"
    command = [sys.executable, "-m", "tui.cli", "--db", str(database), "ingest", str(folder / "in")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return database


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", type=Path, help="a store that holds the history already")
    options = parser.parse_args(arguments)
    headline("Suspects in real noise", f"{options.count} breaks, seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="crywolf-noise-") as scratch:
        database = options.database or make_store(Path(scratch))
        if database is None:
            return
        histories = [h for h in load_histories(database) if len(h.runs) >= 2 * EARLIEST]
        report_injected(histories, options.count, options.seed)
        report_own(histories, options.count, options.seed)


if __name__ == "__main__":
    main()
