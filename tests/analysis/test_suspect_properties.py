"""Who broke it: properties of the joint model, a few simulated incidents, and what is worked out once."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.calibration import BREADTHS, OUTAGE_BREADTH
from analysis.exposure import find_scopes, with_scope
from analysis.joint import explain_away, share, weigh
from analysis.likelihood import observe
from analysis.records import SuspectQuestion
from analysis.suspects import rank_suspects
from analysis.weighing import LastWeighed
from tests.analysis.builders import column, deploy, feed, history
from tests.analysis.lab_evidence import lab_worlds, question_of
from tests.analysis.shop_questions import GRAPH, ask, shop

lines = st.text(alphabet=".FR~S ", min_size=30, max_size=30)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(lines, min_size=1, max_size=6),
    st.lists(st.tuples(st.sampled_from(["web", "pay", "vault", ""]), st.floats(0, 30)), max_size=6, unique=True),
    st.randoms(use_true_random=False),
)
def test_probabilities_sum_to_one_and_order_does_not_matter(
    found: list[str], changes: list[tuple[str, float]], random: object
) -> None:
    """Sorted; one hypothesis a candidate; the feed's order changes nothing."""
    names = [("web",), ("web", "pay"), ("pay", "vault"), (), ("vault",), ("web", "search")]
    stream = history([(column(str(i), *names[i]), line) for i, line in enumerate(found)])
    known = feed(*(deploy(*change) for change in changes))
    ranked = ask(stream, known)
    shuffled = list(known.changes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again = ask(stream, replace(known, changes=tuple(shuffled)))
    assert [(h.kind, h.change) for h in ranked] == [(h.kind, h.change) for h in again]
    assert [h.probability for h in ranked] == pytest.approx([h.probability for h in again])
    if ranked:
        assert sum(h.probability for h in ranked) == pytest.approx(1.0)
        assert [h.probability for h in ranked] == sorted((h.probability for h in ranked), reverse=True)
        assert all(e.text and np.isfinite(e.log_odds) for h in ranked for e in h.evidence)


def test_simulated_incidents_are_answered_well() -> None:
    """Of twelve worlds with a culprit most are named first; a flake never gets a confident suspect."""
    try:
        worlds = lab_worlds()
    except ImportError as problem:
        pytest.skip(str(problem))
    firsts = 0
    for seed in range(12):
        world = worlds.incident(910_000 + seed, "default", "change")
        found = [h.change.change_id for h in rank_suspects(question_of(world.evidence)) if h.change is not None]
        firsts += found[0] in {f"c{c}" for c in world.culprits}
    assert firsts >= 8
    for seed in range(6):
        found_flake = rank_suspects(question_of(worlds.incident(910_000 + seed, "default", "flake").evidence))
        assert all(h.probability < 0.8 for h in found_flake if h.kind == "change")


def test_a_hundred_changes_and_five_hundred_tests() -> None:
    """The one service whose tests broke is found among forty."""
    rng = np.random.default_rng(3)
    services = [f"s{i:02d}" for i in range(40)]
    rows = []
    for t in range(500):
        touched = rng.choice(40, 6, replace=False)
        line = "".join(rng.choice([".", "F"], 70, p=[0.99, 0.01])) + ("RRR" if 7 in touched else "...")
        rows.append((column(f"t{t:03d}", *(services[s] for s in touched)), line))
    stream = history(rows)
    changes = feed(*(deploy(services[i % 40], 70 - i * 0.3, f"v{i}") for i in range(100)))
    trigger = next(t for t, (case, _) in enumerate(rows) if "s07" in [e.service for e in case.exercised])
    assert ask(stream, changes, test=trigger)[0].service == "s07"


def test_what_is_shared_with_the_question_before_changes_nothing() -> None:
    """Whatever was asked before, of the same runs or of others, each ranking is the one it is by itself."""
    streams = [shop("." * 20 + "FFF", "." * 21 + "FF"), shop("." * 18 + "F.FFF", "." * 23)]
    changes, last = feed(deploy("bad", 19.5, "pay"), deploy("other", 20.5, "search")), LastWeighed()
    for stream in (*streams, streams[0]):
        for test in (0, 1, 7, 0):
            question = SuspectQuestion(stream.tests[test].case.test_id, stream, GRAPH, changes)
            assert rank_suspects(question, last) == rank_suspects(question)


@pytest.mark.parametrize("own", [None, 3])
def test_test_cases_that_weigh_the_same_are_weighed_once(own: int | None) -> None:
    """What the others say is the sum over each of them by itself, also once events explain some of them away."""
    rng = np.random.default_rng(5)
    lines = ["." * 20 + "FFF"] + [
        "".join(rng.choice(list(".~FR "), 23, p=[0.9, 0.02, 0.02, 0.02, 0.04])) for _ in "abcd"
    ]
    names = (("web", "pay"), ("web", "search"), ("web", "pay", "vault"), ("web",))
    rows = [(column(f"t{n}", *names[n % 4]), lines[0] if n % 8 == 0 else lines[n % 5]) for n in range(40)]
    stream = history(rows)
    scopes = find_scopes(stream.tests, (), (), GRAPH)
    odds = weigh(observe(stream, None), [(begin, 23) for begin in range(15, 23)], 18)
    levels = None if own is None else np.array([7 if n in (1, own) else 0 for n in range(40)], dtype=np.int8)
    stages = explain_away(share(odds, scopes), 3, levels)
    full = scopes if levels is None else with_scope(scopes, "own", levels)
    others = [t for t in range(40) if t != 3]
    assert len(set(odds.kind.tolist())) < 12
    assert len(stages) > 1
    for stage in stages:
        null = stage.null.at(others)
        stood = np.exp(null.standing - null.odds)
        for s, felt in enumerate(full.exposures[full.levels[:, others]]):
            for k, f in itertools.product(range(3), range(5)):
                gain = np.exp(odds.broken[k][:, odds.kind[others]] + null.spared - null.odds) + stood - 1
                each = np.log1p(felt * BREADTHS[f] * gain).sum(axis=1)
                assert stage.breadth[k, s, :, f] == pytest.approx(each, abs=1e-9)
            for p, some in enumerate(odds.outage):
                gain = np.exp(some[:, odds.kind[others]] + null.spared - null.odds) + stood - 1
                each = np.log1p(felt * OUTAGE_BREADTH * gain).sum(axis=1)
                assert stage.outage[s, :, p] == pytest.approx(each, abs=1e-9)
