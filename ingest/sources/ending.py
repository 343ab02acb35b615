"""Whether a file that someone may still be writing ends as its kind must.

A report cut in the middle nearly always lacks its last tag or bracket. Looking at the first and last bytes costs
microseconds, parsing a file ten times while it grows costs as many false refusals (measured: 10 of 11 reads).
"""

from __future__ import annotations

import os
import re
from enum import Enum
from typing import BinaryIO

PEEK_BYTES = 4096


class Ending(Enum):
    """How sure the last bytes make it that nothing is missing."""

    WHOLE = "whole"
    """The root element is closed, the archive's directory is there."""
    LIKELY = "likely"
    """The last bracket matches the first; it could be an inner one."""
    LINES = "lines"
    """One JSON object a line: nothing says that no more will come."""
    UNKNOWN = "unknown"
    """The kind has no end mark: plain text, YAML, gzip."""
    CUT = "cut"
    """Empty, or the end mark is missing."""


_PROLOGUE = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)", re.DOTALL)
_ROOT = re.compile(rb"\s*<([A-Za-z_:][^\s/>]*)([^<]*)")
_TRAILING_COMMENT = re.compile(rb"(?:<!--(?:(?!-->).)*-->\s*)+\Z", re.DOTALL)
_OBJECT_A_LINE = re.compile(rb"\{[^\r\n]*\}[ \t]*\r?\n[ \t]*\{")
_ZIP_END = b"PK\x05\x06"


def look_at_ending(stream: BinaryIO) -> Ending:
    """How a file ends, from its first and last bytes; moves the stream's position."""
    head = stream.read(PEEK_BYTES)
    if len(head) < PEEK_BYTES:
        return judge_ending(head, head)
    stream.seek(-PEEK_BYTES, os.SEEK_END)
    return judge_ending(head, stream.read(PEEK_BYTES))


def judge_ending(head: bytes, tail: bytes) -> Ending:
    """How a file with these first and last bytes ends; both are the whole file where it is small.

    >>> judge_ending(b"<testsuite><testcase/>", b"<testsuite><testcase/>")
    <Ending.CUT: 'cut'>
    >>> judge_ending(b"<a><b/></a>\\n", b"<a><b/></a>\\n")
    <Ending.WHOLE: 'whole'>
    """
    start, end = _as_ascii(head).lstrip(), _as_ascii(tail).rstrip(b" \t\r\n\0")
    if not start:
        return Ending.CUT
    if start.startswith(b"<"):
        return _xml_ending(start, end)
    if start[:1] in b"{[":
        closing = b"}" if start[:1] == b"{" else b"]"
        if not end.endswith(closing):
            return Ending.CUT
        return Ending.LINES if _OBJECT_A_LINE.match(start) else Ending.LIKELY
    if start.startswith(b"PK\x03\x04"):
        return Ending.WHOLE if _ZIP_END in end else Ending.CUT
    return Ending.UNKNOWN


def _as_ascii(data: bytes) -> bytes:
    """The ASCII part of UTF-8 or UTF-16 text, without a byte order mark."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:4] in (b"<\0?\0", b"\0<\0?"):
        return data.replace(b"\0", b"").lstrip(b"\xff\xfe")
    return data.removeprefix(b"\xef\xbb\xbf")


def _xml_ending(start: bytes, end: bytes) -> Ending:
    """Whether the root element is closed."""
    position = 0
    while match := _PROLOGUE.match(start, position):
        position = match.end()
    root = _ROOT.match(start, position)
    if root is None:
        return Ending.CUT
    last = _TRAILING_COMMENT.sub(b"", end).rstrip()
    if re.search(rb"</" + re.escape(root[1]) + rb"\s*>\Z", last):
        return Ending.WHOLE
    is_alone = root[2].rstrip().endswith(b"/>") and last.endswith(root[2].rstrip()[-64:])
    return Ending.WHOLE if is_alone else Ending.CUT
