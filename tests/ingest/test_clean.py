"""Foreign text is made safe once, and stays readable."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.clean import clean, clean_line, cut, cut_name, left_out
from tests.hostile_names import FORBIDDEN, HOSTILE_NAMES

ANY_TEXT = st.text(st.characters(), max_size=200)
NASTY = st.text(st.sampled_from("ab \n\t\r\x1b[]()P\\;0m\x07\x9b\x9d\x9c\x90\x00\x7f\u202e\ud800é"), max_size=60)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_hostile_name_keeps_a_forbidden_character(name: str) -> None:
    """Nothing that a terminal acts on survives, and the result can be encoded."""
    for safe in (clean(name), clean_line(name)):
        assert not FORBIDDEN & set(safe)
        safe.encode("utf-8")


@pytest.mark.parametrize(
    ("foreign", "safe"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;196mred\x1b[m", "red"),
        ("a\x1b[2J\x1b[Hb", "ab"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x1b]52;c;cm0=\x07x", "x"),
        ("\x1bPq#0\x1b\\x", "x"),
        ("\x1b]0;never ended", "0;never ended"),
        ("\x9b31mred", "red"),
        ("\x9d0;title\x9cx", "x"),
        ("\x1bcx", "x"),
        ("\x1b(Bx", "x"),
        ("\x1b\x1b[31mx", "x"),
        ("a\x00b\x7fc\x85d", "abc\nd"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("a\u2028b", "a\nb"),
        ("test_\u202egnp.exe", "test_gnp.exe"),
        ("a\ud800b", "a\ufffdb"),
        ("kept\n\tas it is", "kept\n\tas it is"),
        ("👩\u200d👧 日本語", "👩\u200d👧 日本語"),
    ],
)
def test_sequences_disappear_and_the_text_around_them_stays(foreign: str, safe: str) -> None:
    """Colours vanish silently; an unterminated sequence does not take the rest of the text with it."""
    assert clean(foreign) == safe


@given(ANY_TEXT | NASTY)
@example("\x1b")
@example("\x1b\x1b]")
def test_clean_is_idempotent_and_complete(text: str) -> None:
    """Cleaning twice changes nothing, removing one sequence never makes another."""
    safe = clean(text)
    assert clean(safe) == safe
    assert not FORBIDDEN & set(safe)
    assert not any(0xD800 <= ord(character) <= 0xDFFF for character in safe)


@given(ANY_TEXT | NASTY)
def test_a_name_is_one_line_without_outer_space(text: str) -> None:
    """Names hold neither newline nor tab and no white space around them."""
    safe = clean_line(text)
    assert "\n" not in safe
    assert "\t" not in safe
    assert safe == safe.strip()
    assert clean_line(safe) == safe


def test_harmless_text_is_returned_itself() -> None:
    """Most text is harmless and is not copied."""
    for text in ("test_login[a-1]", "prüfung", "a\n\tb"):
        assert clean(text) is text


@pytest.mark.parametrize(
    "piece", ["\x1b", "\x1b[", "\x1b]", "\x9d", "\x9da", "\x1b[31ma", "a\x00", "\x1b ", "\r", "[1;"]
)
def test_a_megabyte_of_hostile_text_takes_no_noticeable_time(piece: str) -> None:
    """No pattern is worse than linear; the ceiling is loose for slow machines."""
    text = "\x9d0;" + piece * (1_000_000 // len(piece))
    start = time.process_time()
    clean_line(text)
    assert time.process_time() - start < 5


@given(st.text(max_size=400), st.integers(0, 300))
def test_cut_never_passes_its_limit(text: str, limit: int) -> None:
    """The marker counts as well."""
    short = cut(text, limit)
    assert len(short) <= limit or short == text
    if len(text) <= limit:
        assert short == text


def test_cut_keeps_head_and_tail_and_says_how_much_is_missing() -> None:
    """What is left and what the marker states add up to the whole."""
    text = "head " + "x" * 10_000 + " tail"
    short = cut(text, 1_000)
    assert short.startswith("head ")
    assert short.endswith(" tail")
    marker = left_out(len(text) - (len(short) - len(left_out(9_025))))
    assert marker in short


def test_cut_adds_what_an_earlier_cut_left_out() -> None:
    """A text cut twice states what is missing of the original."""
    twice = cut("a" * 500 + left_out(1_000_000) + "b" * 500, 400)
    kept = twice.count("a") - twice[twice.index("…") :].count("a") + twice.count("b")
    assert f"{1_000_000 + 1_000 - kept:,} characters" in twice


def test_a_cut_name_differs_from_one_with_the_same_start() -> None:
    """The hash is of the whole name."""
    one, two = cut_name("N" * 5_000 + "1", 100), cut_name("N" * 5_000 + "2", 100)
    assert len(one) == len(two) == 100
    assert one != two
    assert cut_name("short", 100) == "short"
    assert len(cut_name("\ud800" * 500, 100)) == 100
