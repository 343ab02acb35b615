"""What other pipelines of the environment saw at the same time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.elsewhere import with_elsewhere
from analysis.likelihood import observe
from analysis.records import ChangeFeed, Hypothesis, StreamHistory, SuspectQuestion
from analysis.suspects import rank_suspects
from ingest.model import Scope, TestCase
from tests.analysis.builders import MINUTE, column, deploy, feed, history
from tests.analysis.shop_questions import GRAPH, shop


def smoke(line: str, minutes: int, *services: str, count: int = 8) -> StreamHistory:
    """Another pipeline that starts so many minutes after the nightly one."""
    names = services or ("web", "pay", "vault", "search")
    stream = history([(column(f"smoke{i}", *names), line) for i in range(count)])
    tests = tuple(replace(c, case=TestCase("smoke", "SmokeIT", c.case.name)) for c in stream.tests)
    runs = tuple(replace(r, started_ms=r.started_ms + minutes * MINUTE, pipeline="smoke") for r in stream.runs)
    return replace(stream, scope=Scope("smoke", "staging", "main"), runs=runs, tests=tests)


def rows_seen(other: StreamHistory, changes: ChangeFeed) -> list[int]:
    """Own rows in which the other pipeline's first test case counts."""
    own = history({"own": "......"})
    _, seen = with_elsewhere(observe(own, None), own, [other], changes, 0)
    return np.flatnonzero(np.diff(seen.ran[:, 1])).tolist()


def test_a_run_elsewhere_belongs_to_the_last_own_run_that_began_before_it() -> None:
    """Twenty minutes later, and nothing changed in between."""
    assert rows_seen(smoke("......", 20), feed()) == [0, 1, 2, 3, 4, 5]


def test_a_change_in_between_moves_it_to_the_next_run() -> None:
    """So what ran after a change is not held to be before it; a change of another service does not matter."""
    assert rows_seen(smoke("......", 20), feed(deploy("pay", 2.1))) == [0, 1, 3, 4, 5]
    assert rows_seen(smoke("......", 20), feed(deploy("email", 2.1))) == [0, 1, 2, 3, 4, 5]
    assert rows_seen(smoke("......", 20), feed(replace(deploy("", 2.1), service=""))) == [0, 1, 3, 4, 5]


def test_between_two_changes_it_counts_for_nothing() -> None:
    """Nobody knows which of them it saw; after the last own run neither."""
    assert rows_seen(smoke("......", 20), feed(deploy("pay", 2.1), deploy("pay", 2.7))) == [0, 1, 3, 4, 5]
    both = with_elsewhere(
        observe(history({"own": "......"}), None),
        history({"own": "......"}),
        [smoke("......", 20)],
        feed(deploy("pay", 2.1), deploy("pay", 2.7), deploy("pay", 5.1)),
        0,
    )[1]
    assert np.diff(both.ran[:, 1]).tolist() == [1, 1, 0, 1, 1, 0]


def asked(*others: StreamHistory) -> tuple[Hypothesis, ...]:
    """Everything of the nightly pipeline failed in its last two runs; web was deployed long before."""
    stream = shop("." * 30 + "RR", "." * 30 + "RR")
    changes = feed(deploy("web", 29.2, "v2"), covered=["pay", "search", "vault"])
    question = SuspectQuestion(stream.tests[0].case.test_id, stream, GRAPH, changes, elsewhere=others)
    return rank_suspects(question)


def outage(found: tuple[Hypothesis, ...]) -> Hypothesis:
    """The hypothesis of an outage."""
    return next(h for h in found if h.kind == "environment")


def test_successes_elsewhere_at_the_same_time_speak_against_an_outage() -> None:
    """And failures for it; the card says what was seen."""
    alone = outage(asked()).probability
    fine, red = outage(asked(smoke("." * 32, 3))), outage(asked(smoke("." * 30 + "RR", 3)))
    assert fine.probability < alone / 2
    assert fine.probability < red.probability
    assert "8 of 8 tests of other pipelines passed meanwhile" in {e.text for e in fine.evidence}


def test_what_ended_before_the_failure_says_nothing() -> None:
    """A pipeline that last ran before the onset is left out."""
    assert asked(smoke("." * 29, 3)) == pytest.approx(asked(), abs=0)
