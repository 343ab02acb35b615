"""Whether what is learned helps: each simulated world is asked twice, without and with it.

    python -m bench.learning [--count 200] [--seed 840001] [--jobs 2]

*Gaps:* a third of the tests, the trigger among them, and the graph lack the service that broke. An earlier outage of
it, or an incident whose culprit people confirmed, showed who feels it (`bench.odd_changes`).

*Teams:* people confirmed some culprits of other worlds, whose changes stand before those in question. In some teams
a share of the culprits is of one kind, whatever the model assumes of it.

Prints top-1 without and with, the paired difference, and by how much the log probability of the culprit rises, each
with its 95 % interval.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from analysis.change_risk import habits_before, tabulate
from analysis.records import SuspectQuestion
from analysis.suspects import rank_suspects
from bench.measuring import headline, narrated, table, tell_time
from bench.odd_changes import gaps_that_an_outage_filled, gaps_that_nothing_filled
from bench.odd_worlds import Posed, as_it_is, world_rng
from ingest.model import Change, ContentKind, Tier
from tests.analysis.lab_evidence import lab_worlds, question_of

APART_MS = 100 * 86_400_000
"""Other worlds' changes come so long before those of the world in question."""
POOL = 60
Asked = tuple[Posed, SuspectQuestion]
"""A question with its answer, and the same question with what was learned."""


@dataclass(frozen=True, slots=True)
class Team:
    """Whose culprits people confirmed."""

    name: str
    preset: str
    confirmed: int
    guilty: ContentKind | None = None
    share: float = 0.0
    """Of the culprits this share is of the guilty kind."""


TEAMS = tuple(
    Team(f"{preset}{name}, {confirmed} confirmed", preset, confirmed, guilty, share)
    for preset, name, guilty, share, confirmed in (
        ("misspec", ", 70 % dependencies", ContentKind.DEPENDENCY, 0.7, 10),
        ("misspec", ", 70 % dependencies", ContentKind.DEPENDENCY, 0.7, 40),
        ("misspec", ", 50 % configuration", ContentKind.CONFIGURATION, 0.5, 40),
        ("misspec", ", 50 % no-op", ContentKind.NO_OP, 0.5, 40),
        ("misspec", "", None, 0.0, 40),
        ("default", "", None, 0.0, 40),
    )
)


def after_an_outage(seed: int) -> Asked | None:
    """An outage of the service that broke showed who feels it."""
    world = lab_worlds().incident(seed, "default", "change")
    plain, taught = gaps_that_nothing_filled(world), gaps_that_an_outage_filled(world)
    return None if plain is None or taught is None else (plain, taught.question)


def after_an_incident(seed: int) -> Asked | None:
    """An earlier change of the service broke some of who feels it, and people confirmed it."""
    world = lab_worlds().incident(seed, "default", "change")
    plain = gaps_that_nothing_filled(world)
    if plain is None:
        return None
    rng, service = world_rng(world, 31), f"svc{world.culprit_service:02d}"
    uses = [c for c in question_of(world.evidence).history.tests if _declares(c, service)]
    share = rng.beta(0.8, 1.2)
    felt = tuple(sorted(c.case.test_id for c in uses if rng.random() < share))
    return plain, replace(plain.question, felt={service: felt})


def _declares(column: Any, service: str) -> bool:
    return any(one.service == service and one.tier is Tier.DECLARED for one in column.exercised)


def of_a_team(seed: int, team: Team) -> Asked | None:
    """A world in which a culprit of the team's own kind broke something, and what was confirmed before."""
    posed = _of_kind(as_it_is(lab_worlds().incident(seed, team.preset, "change")), team)
    rng = world_rng(posed.world, 32)
    changes: list[Change] = []
    confirmed: set[str] = set()
    for number in rng.choice(POOL, team.confirmed, replace=False):
        old = _pool(team)[int(number)]
        changes += [replace(c, change_id=f"{number}-{c.change_id}", at_ms=c.at_ms - APART_MS) for c in old[0]]
        confirmed |= {f"{number}-{ident}" for ident in old[1]}
    habits = habits_before(tabulate(changes, confirmed), posed.question.history.runs[0].started_ms)
    return posed, replace(posed.question, habits=habits)


@lru_cache(maxsize=2)
def _pool(team: Team) -> list[tuple[tuple[Change, ...], frozenset[str]]]:
    """(changes, culprit) of other worlds of the team."""
    worlds = (lab_worlds().incident(1_640_001 + n, team.preset, "change") for n in range(POOL))
    return [(one.question.feed.changes, one.right) for one in (_of_kind(as_it_is(world), team) for world in worlds)]


def _of_kind(posed: Posed, team: Team) -> Posed:
    """The same world, in which the culprit is perhaps of the guilty kind."""
    if team.guilty is None or world_rng(posed.world, 33).random() >= team.share:
        return posed
    feed = posed.question.feed
    changes = tuple(replace(c, content=team.guilty) if c.change_id in posed.right else c for c in feed.changes)
    return replace(posed, question=replace(posed.question, feed=replace(feed, changes=changes)))


def examine(seed: int, ask: Callable[[int], Asked | None]) -> tuple[float, ...] | None:
    """(first without, log probability without, first with, log probability with) of the culprit."""
    asked = ask(seed)
    if asked is None:
        return None
    posed, taught = asked
    return (*_found(posed.question, posed.right), *_found(taught, posed.right))


def _found(question: SuspectQuestion, right: frozenset[str]) -> tuple[float, float]:
    changes = [(h.change.change_id, h.probability) for h in rank_suspects(question) if h.change is not None]
    is_first = bool(changes) and changes[0][0] in right
    return float(is_first), float(np.log(max(sum(p for ident, p in changes if ident in right), 1e-4)))


def row_of(name: str, found: list[tuple[float, ...]]) -> list[str]:
    """A line of the table."""
    values = np.array(found)
    row = [name, str(len(values)), f"{values[:, 0].mean():.3f}", f"{values[:, 2].mean():.3f}"]
    for gain in (values[:, 2] - values[:, 0], values[:, 3] - values[:, 1]):
        row.append(f"{gain.mean():+.3f} ±{1.96 * gain.std() / np.sqrt(len(gain)):.3f}")
    return row


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=840_001)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    seeds, began = range(options.seed, options.seed + options.count), time.monotonic()
    headline("What is learned", f"seeds {seeds.start} to {seeds.stop - 1}")
    try:
        lab_worlds()
    except ImportError as problem:
        print(f"skipped: {problem}")
        return
    asks: list[tuple[str, Callable[[int], Asked | None]]] = [
        ("gaps, an outage of the service", after_an_outage),
        ("gaps, a confirmed culprit of the service", after_an_incident),
        *((team.name, partial(of_a_team, team=team)) for team in TEAMS),
    ]
    rows: list[list[str]] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for name, ask in asks:
            answers = pool.map(partial(examine, ask=ask), seeds, chunksize=8)
            rows.append(narrated(row_of(name, [answer for answer in answers if answer is not None])))
    table(("learned from", "worlds", "top-1 without", "with", "difference", "log probability"), rows)
    tell_time(began)


if __name__ == "__main__":
    main()
