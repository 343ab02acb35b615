"""Streams of one JSON object a line."""

from __future__ import annotations

import io
from typing import BinaryIO, cast

import msgspec
import pytest

from ingest.errors import Refused
from ingest.formats.batches import batches, numbered
from ingest.formats.json_lines import JsonLines
from ingest.formats.notes import Notes
from ingest.limits import Limits
from ingest.model import CaseAttempt, Outcome
from tests.ingest.formats.collecting import CollectingSink, Trickle


class Event(msgspec.Struct):
    """A small event."""

    a: str


def read(data: bytes, size: int = 0, limits: Limits | None = None) -> tuple[list[str], list[str], list[str]]:
    """(values, other lines, warnings) of a stream."""
    stream = cast(BinaryIO, Trickle(data, size)) if size else io.BytesIO(data)
    notes, others, sink = Notes(), list[str](), CollectingSink()
    values = [event.a for event in JsonLines(stream, limits or Limits(), notes, Event, others.append)]
    notes.tell(sink)
    return values, others, sink.warnings


@pytest.mark.parametrize("size", [0, 1, 3, 64])
def test_lines_and_what_lies_between(size: int) -> None:
    """Whatever the pieces that the stream gives."""
    values, others, warnings = read(b'noise\n{"a":"1"}\r\n\n[1]\n{"a":"2"}', size)
    assert (values, others) == (["1", "2"], ["noise", "[1]"])
    assert warnings == ["a line is no event and is not counted (2 times; first: 'noise' in line 1)"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(encoding: str) -> None:
    """With and without a byte order mark."""
    assert read('{"a":"größe 🐺"}\n'.encode(encoding), 5)[0] == ["größe 🐺"]


def test_what_cannot_be_held_is_replaced() -> None:
    """Halves of surrogate pairs and bytes that are no UTF-8 cost their character only."""
    assert read(b'{"a":"\\ud800x"}\n{"a":"\xff"}\n')[0] == ["\ufffdx", "\ufffd"]


def test_a_cut_line_and_an_odd_one() -> None:
    """Said, each in its own words."""
    _, _, warnings = read(b'{"a":"1"}\n{"a":7}\n{"a":')
    assert len(warnings) == 2
    assert "breaks off" in warnings[1]


def test_long_lines_are_left_out() -> None:
    """At the limit and beyond a whole piece."""
    limits = Limits(token_bytes=20)
    for length in (21, 600_000):
        values, _, warnings = read(b'{"a":"1"}\n{"a":"' + b"x" * length + b'"}\n{"a":"2"}\n', limits=limits)
        assert values == ["1", "2"]
        assert "limits.token_bytes" in warnings[0]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "empty-file"), (b"x\n", "json-syntax"), (b'{"b":1}\n', "schema"), (b'{"a', "json-truncated")],
)
def test_streams_without_events(data: bytes, code: str) -> None:
    """Are refused."""
    with pytest.raises(Refused) as caught:
        read(data)
    assert caught.value.code == code


def test_batches_and_numbers() -> None:
    """A thousand in a batch; the first attempt is no retry."""
    attempts = [CaseAttempt("", str(number), Outcome.PASSED) for number in range(2_001)]
    assert [len(batch) for batch in batches(attempts)] == [1_000, 1_000, 1]
    assert [attempt.retry for attempt in numbered(attempts[:3])] == [0, 1, 2]
