"""Silent loss: what is skipped for long, what vanished, and what is neither."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.silent import NEVER, Held, Loss, LossKind, Traces, find_losses, trace_cases

DAY = 86_400_000
PRESENT, SKIPPED, ABSENT = "x", "s", "."


def traces_of(*strips: str) -> Traces:
    """Traces of cases, one a strip, from one letter a run: x it ran, s it was skipped, . it is not there."""
    columns = zip(*strips, strict=True)
    held = []
    for run, cells in enumerate(columns):
        keys = [test << 1 | (cell == SKIPPED) for test, cell in enumerate(cells) if cell != ABSENT]
        if keys:
            held.append(Held(np.array(keys, dtype=np.int64), np.array([run], dtype=np.int64)))
    return trace_cases(held)


def losses(*strips: str, every_ms: int = DAY, incomplete: frozenset[int] = frozenset()) -> dict[int, Loss]:
    """Losses of such cases, by case; runs are so far apart, now is the start of the newest."""
    size = len(strips[0])
    starts = np.arange(size, dtype=np.int64) * every_ms
    complete = np.array([n not in incomplete for n in range(size)], dtype=np.bool_)
    return {one.test: one for one in find_losses(traces_of(*strips), starts, complete, int(starts[-1]))}


ALWAYS = "x" * 30


def test_vanished_by_hand() -> None:
    """In 20 of 20 runs: two complete runs without it are chance (1/484), three are not (1/10648)."""
    assert losses("x" * 20 + "..", "x" * 22) == {}
    found = losses("x" * 20 + "...", "x" * 23)
    assert found == {0: Loss(0, LossKind.VANISHED, 19, 0, 19, 3)}


def test_a_case_that_runs_now_and_then_is_missed_later() -> None:
    """In 5 of 21 runs: 20 without it have a probability of (17/23)^20, 1/423, 40 of 1/179000."""
    rare = "x...." * 4 + "x"
    assert losses(rare + "." * 20, "x" * 41) == {}
    assert losses(rare + "." * 40, "x" * 61)[0].kind is LossKind.VANISHED


def test_runs_that_are_not_complete_miss_nothing() -> None:
    """A crashed run that never came to a case does not lose it."""
    assert losses("x" * 20 + "...", "x" * 23, incomplete=frozenset({21})) == {}


def test_it_takes_time() -> None:
    """Runs every quarter of an hour: an hour without a case is no loss yet, a day is; a skip needs a week."""
    quarter = DAY // 96
    assert losses(ALWAYS + "....", "x" * 34, every_ms=quarter) == {}
    assert losses(ALWAYS + "." * 96, "x" * 126, every_ms=quarter)[0].kind is LossKind.VANISHED
    assert losses(ALWAYS + "s" * 96, "x" * 126, every_ms=quarter) == {}
    assert losses(ALWAYS + "s" * 8, "x" * 38)[0] == Loss(0, LossKind.SKIPPED, 29, 0, 37, 8)


@pytest.mark.parametrize(
    ("strip", "kind"),
    [
        ("s" * 10, LossKind.SKIPPED),
        ("s" * 4 + "......", None),
        ("x" * 12 + "s" * 4, None),
        ("x" * 12 + "s" * 7, LossKind.SKIPPED),
        ("x" * 12 + "s" * 7 + "x", None),
        ("x" * 12 + "s" * 10 + "....", LossKind.VANISHED),
        ("xs" * 20 + "s" * 7, None),
        ("xs" * 20 + "s" * 12, LossKind.SKIPPED),
        ("xx" + "." * 20, None),
    ],
)
def test_kinds(strip: str, kind: LossKind | None) -> None:
    """Never run but skipped; skipped after it ran; skipped, then gone; too young to say."""
    found = losses(strip, "x" * len(strip)).get(0)
    assert (found.kind if found else None) is kind


def test_never_executed_has_no_last_run() -> None:
    """What only was skipped has the run that first showed it."""
    assert losses("...sssssssss", "x" * 12)[0] == Loss(0, LossKind.SKIPPED, NEVER, 3, 11, 9)


STRIPS = st.lists(st.text(PRESENT + SKIPPED + ABSENT, min_size=12, max_size=12), min_size=1, max_size=6)


@settings(max_examples=60)
@given(STRIPS)
def test_traces_are_what_the_strips_say(strips: list[str]) -> None:
    """First, last and number of runs, one by one."""
    found = traces_of(*strips)
    places = {test: n for n, test in enumerate(found.tests.tolist())}
    assert places.keys() == {n for n, strip in enumerate(strips) if set(strip) != {ABSENT}}
    for test, n in places.items():
        strip = strips[test]
        seen = [run for run, cell in enumerate(strip) if cell != ABSENT]
        ran = [run for run, cell in enumerate(strip) if cell == PRESENT]
        assert (found.first_seen[n], found.last_seen[n], found.seen[n]) == (seen[0], seen[-1], len(seen))
        assert found.executed[n] == len(ran)
        last = ran[-1] if ran else NEVER
        assert (found.first_executed[n], found.last_executed[n]) == (ran[0] if ran else NEVER, last)
        assert found.skipped_since[n] == sum(run > last for run, cell in enumerate(strip) if cell == SKIPPED)


@given(STRIPS)
def test_one_pass_more_ends_every_loss(strips: list[str]) -> None:
    """A case that the newest run executed is not lost."""
    assert losses(*(strip + PRESENT for strip in strips)) == {}


def test_nothing() -> None:
    """No run, no case, no loss."""
    empty = np.empty(0, dtype=np.int64)
    assert find_losses(trace_cases([]), empty, empty.astype(np.bool_), 0) == ()
