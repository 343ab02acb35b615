"""The tail's decisions, without a clock and without files."""

from __future__ import annotations

from ingest.sources.ending import Ending
from ingest.sources.tail import GRACE_MS, QUIET_MS, Stamp, Tail

ONE, TWO = Stamp(10, 1, 7), Stamp(20, 2, 7)


def test_a_whole_file_is_ready_at_once_and_only_once() -> None:
    """Rename and close are the usual cases; they must not wait."""
    tail = Tail()
    tail.observe("a", ONE, Ending.WHOLE, 0)
    assert tail.take_ready() == ["a"]
    tail.observe("a", ONE, None, 100)
    assert tail.take_ready() == []


def test_a_rewritten_file_is_ready_again() -> None:
    """A new stamp is a new state."""
    tail = Tail()
    tail.observe("a", ONE, Ending.WHOLE, 0)
    tail.take_ready()
    assert tail.is_new("a", TWO)
    tail.observe("a", TWO, Ending.WHOLE, 5)
    assert tail.take_ready() == ["a"]


def test_a_kind_without_end_mark_needs_two_looks_and_a_quiet_time() -> None:
    """Size and time unchanged between two looks."""
    tail = Tail()
    quiet = QUIET_MS[Ending.UNKNOWN]
    tail.observe("a", ONE, Ending.UNKNOWN, 0)
    assert tail.take_ready() == []
    tail.observe("a", TWO, Ending.UNKNOWN, quiet)
    assert tail.take_ready() == []
    tail.observe("a", TWO, None, 2 * quiet - 1)
    assert tail.take_ready() == []
    tail.observe("a", TWO, None, 2 * quiet)
    assert tail.take_ready() == ["a"]


def test_a_cut_file_is_handed_over_after_the_grace_time() -> None:
    """Then it is to be refused with its place, and that is final."""
    tail = Tail()
    tail.observe("a", ONE, Ending.CUT, 0)
    tail.observe("a", ONE, None, GRACE_MS - 1)
    assert tail.take_ready() == []
    tail.observe("a", ONE, None, GRACE_MS)
    assert tail.take_ready() == ["a"]
    assert not tail.put_back("a", GRACE_MS)


def test_a_file_that_looked_whole_and_was_cut_is_tried_once_more() -> None:
    """Put back, it waits for a change or for the grace time."""
    tail = Tail()
    tail.observe("a", ONE, Ending.LIKELY, 0)
    tail.observe("a", ONE, None, QUIET_MS[Ending.LIKELY])
    assert tail.take_ready() == ["a"]
    assert tail.put_back("a", 60)
    tail.observe("a", ONE, None, 100)
    assert tail.take_ready() == []
    tail.observe("a", TWO, Ending.WHOLE, 200)
    assert tail.take_ready() == ["a"]


def test_what_is_gone_is_news_when_it_comes_back() -> None:
    """A re-created root is read again."""
    tail = Tail()
    tail.observe("a", ONE, Ending.WHOLE, 0)
    tail.take_ready()
    tail.keep_only(set())
    tail.observe("a", ONE, Ending.WHOLE, 10)
    assert tail.take_ready() == ["a"]


def test_a_file_that_is_put_back_is_believed_the_second_time() -> None:
    """Whatever it is refused for: after its quiet time what is found is final, unless it changed."""
    tail = Tail()
    tail.observe("a", ONE, Ending.WHOLE, 0)
    assert tail.take_ready() == ["a"]
    assert tail.put_back("a", 10, 500)
    assert tail.put_back("a", 10, 500), "several members of one archive"
    tail.observe("a", ONE, None, 509)
    assert tail.take_ready() == []
    tail.observe("a", ONE, None, 510)
    assert tail.take_ready() == ["a"]
    assert not tail.put_back("a", 511, 500)
    tail.observe("a", TWO, Ending.WHOLE, 600)
    assert tail.take_ready() == ["a"]
    assert tail.put_back("a", 601, 500)
