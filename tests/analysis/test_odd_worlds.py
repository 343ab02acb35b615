"""The questions that the benches draw beside the lab's own: each can be drawn, and its answer can be found."""

from __future__ import annotations

import pytest

from analysis.suspects import rank_suspects
from bench.odd_changes import FROM_NOTHING, ODD_CHANGES
from bench.odd_worlds import ODD, Posed
from tests.analysis.lab_evidence import lab_worlds

EVERY = ODD | ODD_CHANGES


def drawn(name: str, *, since: int = 910_000) -> Posed:
    """The first world from a seed on that lends itself to a question."""
    try:
        worlds = lab_worlds()
    except ImportError as problem:
        pytest.skip(str(problem))
    kind = "flake" if name in FROM_NOTHING else "change"
    posed = (EVERY[name](worlds.incident(seed, "default", kind)) for seed in range(since, since + 40))
    return next(one for one in posed if one is not None)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_every_odd_world_has_an_answer_among_what_is_asked(name: str) -> None:
    """The right changes are in the feed, and one of them, or the right kind, is among the hypotheses."""
    posed = drawn(name)
    assert posed.right <= {change.change_id for change in posed.question.feed.changes}
    found = rank_suspects(posed.question)
    ids = {h.change.change_id for h in found if h.change is not None}
    assert posed.right & ids if posed.kind == "change" else any(h.kind == posed.kind for h in found)
    if posed.target:
        assert any(h.target == posed.target for h in found)


def test_the_same_seed_draws_the_same_world() -> None:
    """Tables can be made again."""
    first, second = (drawn("library of several services") for _ in range(2))
    assert first.question.feed == second.question.feed
    assert (first.question.history.results == second.question.history.results).all()


def test_a_library_is_one_hypothesis() -> None:
    """However many services it reached."""
    posed = drawn("library of several services")
    found = [h for h in rank_suspects(posed.question) if h.change is not None]
    assert len(posed.right) >= 3
    assert sum(h.change.change_id in posed.right for h in found if h.change is not None) == 1
