"""Reads streams of one JSON object a line, as test tools write them to standard output.

Rules: memory is one line, whatever the size of the stream. UTF-8 and, where a byte order mark or NUL bytes show it,
UTF-16 (which PowerShell writes when output is redirected). A line that is no JSON is normal between events, because
compilers and the tests themselves print there: such lines go to `on_other`, are counted and never end the reading. A
last line without a line end that breaks off is a warning. A stream without one readable object is refused.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import BinaryIO, Generic, TypeVar

import msgspec

from ingest.errors import Refused
from ingest.formats.json_reader import LONE_SURROGATE, without_lone_surrogates
from ingest.formats.notes import Notes
from ingest.formats.streams import read_fully
from ingest.limits import Limits

_CHUNK = 256 * 1024
_Event = TypeVar("_Event")

CUT = "the last line breaks off: its writer was stopped, or is still at work"
OTHER = "a line is no event and is not counted"
ODD = "an event has a field of an unexpected type and is not counted"
TOO_LONG = "a line is longer than limits.token_bytes and is left out"


def lines_of(stream: BinaryIO, limits: Limits, notes: Notes) -> Iterator[tuple[int, bytes, bool]]:
    """Lines that are not blank, as UTF-8: (number from 1, line without its end, whether its end was there).

    Raises:
        Refused: `json-encoding` or `gzip-damaged`.
    """
    rest, number, is_dropping = b"", 0, False
    for chunk in _utf8_chunks(stream):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number += 1
            if is_dropping or len(line) > limits.token_bytes:
                notes.add(TOO_LONG)
            elif line.strip():
                yield number, line.strip(), True
            is_dropping = False
        if len(rest) > limits.token_bytes:
            rest, is_dropping = b"", True
    if is_dropping:
        notes.add(TOO_LONG)
    elif rest.strip():
        yield number + 1, rest.strip(), False


def _utf8_chunks(stream: BinaryIO) -> Iterator[bytes]:
    first = read_fully(stream, _CHUNK)
    encoding = _utf16(first)
    if not encoding:
        yield first.removeprefix(codecs.BOM_UTF8)
        while chunk := read_fully(stream, _CHUNK):
            yield chunk
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(first).removeprefix("\ufeff").encode("utf-8", "replace")
    while chunk := read_fully(stream, _CHUNK):
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")


def _utf16(first: bytes) -> str:
    if first.startswith(codecs.BOM_UTF16_LE) or (first[1:2] == b"\0" and first[:1] != b"\0"):
        return "utf-16-le"
    if first.startswith(codecs.BOM_UTF16_BE) or (first[:1] == b"\0" and first[1:2] not in (b"", b"\0")):
        return "utf-16-be"
    return ""


class JsonLines(Generic[_Event]):
    """The events of a stream, as structures; iterate once.

    Args:
        shape: a structure, or a union of them; unknown keys are skipped.
        on_other: takes lines that are no JSON object, such as compiler output.
    """

    def __init__(
        self,
        stream: BinaryIO,
        limits: Limits,
        notes: Notes,
        shape: type[_Event],
        on_other: Callable[[str], None] | None = None,
    ) -> None:
        self._lines = lines_of(stream, limits, notes)
        self._notes = notes
        self._on_other = on_other
        self._decode = msgspec.json.Decoder(shape).decode
        self.line = 0
        """Number of the line read last, from 1."""
        self.is_cut = False
        """Whether the last line broke off."""
        notes.line_of = lambda: self.line

    def __iter__(self) -> Iterator[_Event]:
        found = False
        others = 0
        for number, line, is_ended in self._lines:
            self.line = number
            if line[:1] != b"{":
                others += 1
                self._other(line)
                continue
            event = self._event(line, is_ended)
            if event is not None:
                found = True
                yield event
        if not found:
            raise self._refusal(others)

    def _event(self, line: bytes, is_ended: bool) -> _Event | None:
        try:
            return self._decode(line)
        except msgspec.ValidationError:
            self._notes.add(ODD)
        except RecursionError:
            self._notes.add(OTHER)
        except UnicodeDecodeError:
            return self._repaired(line.decode("utf-8", "replace").encode())
        except msgspec.DecodeError as error:
            if LONE_SURROGATE.search(line) and (is_ended or "truncated" not in str(error)):
                return self._repaired(line)
            if not is_ended and "truncated" in str(error):
                self.is_cut = True
                self._notes.add(CUT)
            else:
                self._other(line)
        return None

    def _repaired(self, line: bytes) -> _Event | None:
        """An event with U+FFFD for what no text can hold."""
        try:
            event = self._decode(without_lone_surrogates(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._other(line)
            return None
        self._notes.add("text that is not valid Unicode was replaced")
        return event

    def _other(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        self._notes.add(OTHER, text[:60])
        if self._on_other is not None:
            self._on_other(text)

    def _refusal(self, others: int) -> Refused:
        if self.is_cut:
            return Refused("json-truncated", "the file ends inside its first event; write it again", line=self.line)
        if not self.line:
            return Refused("empty-file", "the file is empty; its writer may not have finished")
        code = "json-syntax" if others else "schema"
        return Refused(code, "no line of it is an event of this format", line=1)
