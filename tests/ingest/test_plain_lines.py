"""Looking at lines finds what looking at whole texts finds."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ingest.plain_lines
import ingest.redact
from ingest.clean import clean
from ingest.limits import Limits
from ingest.model import Failure
from ingest.plain_lines import odd_lines
from ingest.redact import redact
from ingest.scrub import scrub_failure
from ingest.secret_kinds import RULES
from tests.ingest.test_redact import HARMLESS, SECRETS

FRAME = "    at com.acme.shop.PaymentService.charge(PaymentService.java:{})"
PLANTED = [text for _, text in SECRETS] + HARMLESS + [needle for rule in RULES for needle in rule.needles]
AROUND = [
    "", " ", '"', "'", "=", ": ", "\t", "(", ")", "<", "&", "?", "[", "]", "@", "--", "/", "x", "7", "é", "…", "\\n",
    "Authorization: ", "api_", "=>", "sha256-", "[redacted ", "unexpected ", FRAME,
]  # fmt: skip
PIECE = st.tuples(*(st.sampled_from(some) for some in (AROUND, AROUND, PLANTED, AROUND, AROUND))).map("".join)
LINE = st.one_of(
    PIECE, PIECE.map(str.upper), PIECE.map(str.lower), st.text(max_size=30), st.integers(1, 9_999).map(FRAME.format)
)
TEXT = st.lists(LINE, min_size=4, max_size=14).map("\n".join)


def whole(text: str, found: Counter[str]) -> str:
    """A text redacted as one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest.redact, "_BY_LINES", 10**9)
        return redact(text, found)


@given(TEXT)
def test_a_text_is_redacted_as_its_lines_are(written: str) -> None:
    """Secrets of every kind and what looks like them, in all surroundings: the same marks and the same counts."""
    text, found, found_whole = clean(written + "\n" + "." * 300), Counter[str](), Counter[str]()
    assert redact(text, found) == whole(text, found_whole)
    assert found == found_whole


@given(TEXT)
def test_a_text_of_plain_lines_needs_nothing(text: str) -> None:
    """Where no line is odd, cleaning and redaction leave the text alone; also when its lines were met before."""
    for _ in range(2):
        if not odd_lines(text.encode("utf-8", "surrogatepass")):
            assert clean(text) == text
            assert whole(text, Counter()) == text


@given(TEXT)
def test_a_failure_is_scrubbed_the_same_either_way(text: str) -> None:
    """What is not looked at is what cleaning, redaction and cutting would have left alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest.redact, "_BY_LINES", 10**9)
        patch.setattr("ingest.scrub.odd_lines", lambda data: [0])
        slow = scrub_failure(Failure("", "", text), Limits(text_chars=200))
    assert scrub_failure(Failure("", "", text), Limits(text_chars=200)) == slow


@pytest.mark.parametrize("needle", [needle for rule in RULES for needle in rule.needles if not rule.also])
def test_what_a_rule_looks_for_makes_a_line_odd(needle: str) -> None:
    """In the middle of other lines, whatever its digits."""
    assert odd_lines(f"first\n..{needle}..\nlast".encode()) == [1]


def test_control_characters_and_bytes_that_are_no_text_make_a_line_odd() -> None:
    """Escape sequences, carriage returns, bidirectional controls, Unicode line ends, halves of characters."""
    odd = ["\x1b[0m", "a\r", "\u202e", "a\u2028b", "\ud800", "\x85", "\x00"]
    text = "\n".join(["plain é …", *odd])
    assert odd_lines(text.encode("utf-8", "surrogatepass")) == list(range(1, len(odd) + 1))


def test_what_is_remembered_is_bounded() -> None:
    """Very many lines, and very long ones."""
    for start in range(0, 60_000, 100):
        odd_lines(
            "\n".join(
                f"line {chr(0x4E00 + number % 20_000)} {number:x}x" for number in range(start, start + 100)
            ).encode()
        )
        odd_lines(("z" * 39 + " ").encode() * 1_000)
    known = ingest.plain_lines._known
    assert len(known) <= 8_000
    assert max(map(len, known)) <= 400
