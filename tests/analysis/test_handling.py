"""What people did: what ends by itself, what stays, what is taken back."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.handling import FOR_GOOD, UNTIL_FIXED, Action, Handling, Stretch, fold, quarantine_value


@dataclass(frozen=True)
class Event:
    """An event as the store has it."""

    event_id: int
    at_ms: int
    actor: str
    action: str
    new_value: str | None = None


def log(*deeds: tuple[int, str, str | None]) -> list[Event]:
    """Events of ada, from (when, action, value)."""
    return [Event(number, at_ms, "ada", action, value) for number, (at_ms, action, value) in enumerate(deeds, 1)]


def test_nothing_was_done() -> None:
    """Without events the state is new."""
    assert fold(()) == Handling()


@pytest.mark.parametrize(
    ("action", "value", "field"),
    [
        (Action.ACK, None, "acknowledged"),
        (Action.CLAIM, UNTIL_FIXED, "claimed"),
        (Action.CONFIRM, "c-1", "confirmed"),
        (Action.RECLASSIFY, "flaky", "verdict"),
    ],
)
def test_what_is_said_of_a_stretch_ends_with_it(action: Action, value: str | None, field: str) -> None:
    """It holds while the stretch lasts, and says nothing of one that began later."""
    events = log((10, action, value))
    assert getattr(fold(events, Stretch(5, 20)), field) is not None
    assert getattr(fold(events, Stretch(11, 20)), field) is None


@pytest.mark.parametrize(
    ("action", "value", "field"),
    [
        (Action.CLAIM, FOR_GOOD, "claimed"),
        (Action.ASSIGN, "@pay", "assigned"),
        (Action.NOTE, "see wiki", "notes"),
        (Action.QUARANTINE, quarantine_value(90, "slow", "@pay", ""), "quarantine"),
    ],
)
def test_what_is_said_for_good_stays(action: Action, value: str, field: str) -> None:
    """Also through a new stretch."""
    assert getattr(fold(log((10, action, value)), Stretch(11, 20)), field)


def test_resolved_and_red_again_comes_back() -> None:
    """A run that began after it is red: nobody is on it any more; one that began before says nothing."""
    events = log((3, Action.ACK, None), (4, Action.CLAIM, FOR_GOOD), (10, Action.RESOLVE, None))
    assert fold(events, Stretch(1, 9)).resolved is not None
    back = fold(events, Stretch(1, 11))
    assert (back.resolved, back.is_back, back.acknowledged, back.claimed) == (None, True, None, None)


def test_a_quarantine_ends_when_its_moment_comes() -> None:
    """Up to the moment before."""
    state = fold(log((1, Action.QUARANTINE, quarantine_value(90, "slow", "@pay", ""))))
    assert (state.is_quarantined(89), state.is_quarantined(90)) == (True, False)


@pytest.mark.parametrize("value", ["", "x", "[]", "{}", '{"until_ms": null}', "9" * 5000])
def test_a_quarantine_without_an_end_is_none(value: str) -> None:
    """Whatever stands in the log."""
    assert fold(log((1, Action.QUARANTINE, value))).quarantine is None


def test_what_is_taken_back_was_never_done() -> None:
    """The state is that of before; the version is the newest event's all the same."""
    before = log((1, Action.ASSIGN, "@pay"))
    after = fold([*before, *log((0, "", None), (2, Action.ASSIGN, "@cart"), (3, Action.UNDO, "2"))[1:]])
    assert after.assigned is not None
    assert (after.assigned.value, after.version) == ("@pay", 3)


def test_a_confirmed_change_is_refuted_by_the_last_word() -> None:
    """And the other way round."""
    said = fold(log((1, Action.CONFIRM, "c"), (2, Action.REFUTE, "c")))
    assert (said.confirmed, said.refuted) == (None, ("c",))
    said = fold(log((1, Action.REFUTE, "c"), (2, Action.CONFIRM, "c")))
    assert (said.confirmed and said.confirmed.value, said.refuted) == ("c", ())


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([*Action, "later"]), st.text(max_size=3) | st.none())))
def test_every_log_has_a_state(deeds: list[tuple[int, str, str | None]]) -> None:
    """Whatever was written; undoing everything leaves nothing but the version."""
    events = log(*deeds)
    fold(events, Stretch(5, 6))
    end = len(events)
    undone = [Event(end + n, 9, "ada", Action.UNDO, str(event.event_id)) for n, event in enumerate(events, 1)]
    assert fold([*events, *undone]) == Handling(version=2 * end)
