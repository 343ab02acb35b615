"""Bytes that claim to be JSON -> documents with the line they start on.

The rule kept here: nothing but `Refused` is raised whatever the bytes are, and one bad line among good ones costs that
line only. A byte order mark, UTF-16 and UTF-32 are understood; duplicate keys are taken as JSON libraries take them,
the last one wins.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from ingest.errors import Refused
from ingest.limits import MEBIBYTE, Limits

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MOST_CONTAINERS = 2_000_000
_MOST_LINES = 1_000_000
_BAD_LINES = 1_000
"""Lines that may be bad, with a hundredth of them good, before a file counts as no file of lines."""
_BYTE_IN_MESSAGE = re.compile(r"\(byte (\d+)\)")


class Document(NamedTuple):
    """One JSON value of a file and where it stands in it."""

    place: str
    """`line 7` of a file with one value a line, `item 3` of an array, empty where the file is one value."""
    value: Any


@dataclass(frozen=True, slots=True)
class Documents:
    """All JSON values of a file, and the places that could not be read."""

    items: tuple[Document, ...]
    warnings: tuple[str, ...] = ()


def as_utf8(data: bytes, limits: Limits) -> bytes:
    """The same text in UTF-8 without a byte order mark.

    Raises:
        Refused: `too-large`, `empty-file` or `encoding`.
    """
    if len(data) > limits.document_bytes:
        size, limit = len(data) / MEBIBYTE, limits.document_bytes / MEBIBYTE
        raise Refused("too-large", f"{size:.0f} MB, more than the {limit:.0f} MB of limits.document_bytes: raise it")
    encoding, skip = _encoding_of(data)
    try:
        text = data[skip:] if encoding == "utf-8" else data[skip:].decode(encoding).encode("utf-8")
    except UnicodeError:
        raise Refused("encoding", f"the text is not valid {encoding}; save it as UTF-8") from None
    if not text.strip():
        raise Refused("empty-file", "the file holds no text; was it cut while being written?")
    return text


def as_text(data: bytes, limits: Limits) -> str:
    """The text as a string; what `as_utf8` does, and its errors, with the place of a byte that is no UTF-8."""
    raw = as_utf8(data, limits)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(raw, error.start)
        raise Refused("encoding", "the text is not valid UTF-8; save it as UTF-8", line=line, column=column) from None


def decode(data: bytes, limits: Limits) -> Any:
    """The one JSON value that the bytes hold.

    Raises:
        Refused: `too-large`, `empty-file`, `encoding`, `json-truncated`, `json-syntax` or `json-depth`.
    """
    return _decode_utf8(as_utf8(data, limits), limits)


def read_documents(data: bytes, limits: Limits) -> Documents:
    """The values of a file that is one JSON value, an array of values, or one value a line.

    A last line that is cut and has no line end is held back with a warning: its writer is still at work.

    Raises:
        Refused: as `decode`, when no value at all can be read.
    """
    raw = as_utf8(data, limits)
    try:
        value = _decode_utf8(raw, limits)
    except Refused as refused:
        lines = _read_lines(raw, limits)
        if lines is None:
            raise refused from None
        return lines
    if isinstance(value, list):
        return Documents(tuple(Document(f"item {number}", item) for number, item in enumerate(value, 1)))
    return Documents((Document("", value),))


def _encoding_of(data: bytes) -> tuple[str, int]:
    """Encoding and length of the byte order mark; without one, UTF-16 shows by its NUL beside the first character."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    if len(data) >= 2 and data[0] == 0 and data[1] != 0:
        return "utf-16-be", 0
    if len(data) >= 2 and data[1] == 0 and data[0] != 0:
        return "utf-16-le", 0
    return "utf-8", 0


def _decode_utf8(raw: bytes, limits: Limits) -> Any:
    if len(raw) > _MOST_CONTAINERS and raw.count(b"{") + raw.count(b"[") > _MOST_CONTAINERS:
        raise Refused("too-large", f"more than {_MOST_CONTAINERS} objects and arrays in one file: split it")
    try:
        value = msgspec.json.decode(raw)
    except RecursionError:
        raise _too_deep(limits) from None
    except UnicodeDecodeError as error:
        raise Refused("encoding", "the text is not valid UTF-8; save it as UTF-8") from error
    except msgspec.DecodeError as error:
        raise _syntax_error(raw, str(error)) from None
    if _is_deeper(value, limits.depth):
        raise _too_deep(limits)
    return value


def _too_deep(limits: Limits) -> Refused:
    return Refused("json-depth", f"nested deeper than the {limits.depth} levels of limits.depth")


def _syntax_error(raw: bytes, message: str) -> Refused:
    if "truncated" in message:
        line, column = _place(raw, len(raw))
        return Refused("json-truncated", "the JSON ends in the middle; write it again", line=line, column=column)
    found = _BYTE_IN_MESSAGE.search(message)
    if found is None:
        return Refused("json-syntax", f"no valid JSON: {message}")
    line, column = _place(raw, int(found[1]))
    what = _BYTE_IN_MESSAGE.sub("", message).strip()
    return Refused("json-syntax", f"no valid JSON: {what}", line=line, column=column)


def _place(raw: bytes, offset: int) -> tuple[int, int]:
    before = raw[:offset]
    return before.count(b"\n") + 1, offset - (before.rfind(b"\n") + 1) + 1


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether a decoded value nests deeper than a limit; level by level, so that no input exhausts the stack."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return False
        level = [child for parent in level for child in _children(parent) if isinstance(child, dict | list)]
    return bool(level)


def _children(value: Any) -> Iterator[Any]:
    return iter(value.values()) if isinstance(value, dict) else iter(value)


def _read_lines(raw: bytes, limits: Limits) -> Documents | None:
    """The values of a file with one object a line; None where it is no such file."""
    if raw.lstrip().startswith(b"[") or raw.count(b"\n") > _MOST_LINES:
        return None
    lines = [(number, line) for number, line in enumerate(raw.split(b"\n"), 1) if line.strip()]
    items: list[Document] = []
    warnings: list[str] = []
    for number, line in lines:
        if len(warnings) > _BAD_LINES and len(warnings) > 100 * len(items):
            return None
        try:
            value = _decode_utf8(line, limits)
        except Refused as refused:
            is_last = number == lines[-1][0] and not raw.endswith(b"\n")
            warnings.append(_line_warning(number, refused, is_cut=is_last))
        else:
            items.append(Document(f"line {number}", value))
    objects = sum(isinstance(item.value, dict) for item in items)
    if len(lines) < 2 or not objects or (len(warnings) > objects and items[0].place != f"line {lines[0][0]}"):
        return None
    return Documents(tuple(items), tuple(warnings))


def _line_warning(number: int, refused: Refused, *, is_cut: bool) -> str:
    if is_cut and refused.code == "json-truncated":
        return f"line {number}: cut in the middle and without a line end, held back"
    return f"line {number}: {refused.code}: {refused.reason}"
