"""Decodes a whole JSON document into a typed structure, and turns everything that can go wrong into `Refused`.

The structure names only what is wanted: unknown keys are skipped by the decoder at no cost. Numbers that decide nothing
but a duration or a time are best declared as `msgspec.Raw`, so that a number out of range loses that value only.
"""

from __future__ import annotations

import codecs
import re
from typing import Any, BinaryIO, TypeVar

import msgspec

from ingest.errors import Refused
from ingest.formats.streams import read_fully
from ingest.limits import Limits

_Document = TypeVar("_Document")

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BYTE = re.compile(r" \(byte (\d+)\)")
_PATH = re.compile(r" - at `(\$[^`]*)`")
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
LONE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_document(stream: BinaryIO, limits: Limits) -> bytes:
    """The rest of a stream as UTF-8 without a byte order mark.

    Raises:
        Refused: `empty-file`, `too-large` or `json-encoding`.
    """
    data = read_fully(stream, limits.document_bytes + 1)
    if len(data) > limits.document_bytes:
        reason = f"the document is larger than {limits.document_bytes:,} bytes; raise limits.document_bytes to read it"
        raise Refused("too-large", reason)
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _as_utf8(data[len(bom) :], encoding)
    if data.startswith((b"{\0", b"[\0")):
        return _as_utf8(data, "utf-16-le")
    if data.startswith((b"\0{", b"\0[")):
        return _as_utf8(data, "utf-16-be")
    return _as_utf8(data, "utf-8")


def _as_utf8(data: bytes, encoding: str) -> bytes:
    if not data.strip():
        raise Refused("empty-file", "the file is empty; its writer may not have finished")
    if encoding == "utf-8":
        return data
    try:
        return data.decode(encoding).encode("utf-8")
    except UnicodeError:
        raise Refused("json-encoding", f"the text is not valid {encoding}; save it as UTF-8") from None


def decode(data: bytes, shape: type[_Document]) -> _Document:
    """A document as a structure.

    Raises:
        Refused: `json-syntax`, `json-truncated`, `json-depth`, `json-encoding` or `schema`, with the place.
    """
    try:
        return _decode(data, shape)
    except msgspec.DecodeError as error:
        if isinstance(error, msgspec.ValidationError) or not LONE_SURROGATE.search(data):
            raise _refusal(error, data) from None
    try:
        return _decode(without_lone_surrogates(data), shape)
    except msgspec.DecodeError as error:
        raise _refusal(error, data) from None


def _decode(data: bytes, shape: type[_Document]) -> _Document:
    try:
        return msgspec.json.decode(data, type=shape)
    except RecursionError:
        raise Refused("json-depth", "objects or arrays are nested too deeply to be a report") from None
    except UnicodeDecodeError:
        raise _not_utf8(data) from None


def _not_utf8(data: bytes) -> Refused:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(data, error.start)
        reason = f"byte {error.start} is not valid UTF-8; save the file as UTF-8"
        return Refused("json-encoding", reason, line=line, column=column)
    return Refused("json-encoding", "the text is not valid UTF-8; save the file as UTF-8")


def _place(data: bytes, at: int) -> tuple[int, int]:
    return data.count(b"\n", 0, at) + 1, at - data.rfind(b"\n", 0, at)


def _refusal(error: msgspec.DecodeError, data: bytes) -> Refused:
    text = str(error)
    if isinstance(error, msgspec.ValidationError):
        path = _PATH.search(text)
        where = path[1] if path else "$"
        return Refused("schema", f"{where}: {_PATH.sub('', text).replace('`', '')}")
    if "truncated" in text:
        line, column = _place(data, len(data))
        return Refused("json-truncated", "the file ends inside the document; write it again", line=line, column=column)
    byte = _BYTE.search(text)
    line, column = _place(data, int(byte[1])) if byte else (1, 1)
    reason = _BYTE.sub("", text).removeprefix("JSON is malformed: ")
    return Refused("json-syntax", reason, line=line, column=column)


def without_lone_surrogates(data: bytes) -> bytes:
    """JSON text with escaped halves of surrogate pairs, which no text can hold, replaced by U+FFFD."""
    pieces: list[bytes] = []
    done, high = 0, -1  # `high`: where an unmatched high surrogate stands
    for match in _ESCAPE.finditer(data):
        code = int(match[1], 16) if match[1] else 0
        follows = high >= 0 and match.start() == high + 6
        if high >= 0 and not (follows and 0xDC00 <= code <= 0xDFFF):
            pieces += [data[done:high], b"\\ufffd"]
            done = high + 6
        is_low = 0xDC00 <= code <= 0xDFFF
        if is_low and not follows:
            pieces += [data[done : match.start()], b"\\ufffd"]
            done = match.end()
        high = match.start() if 0xD800 <= code <= 0xDBFF else -1
    if high >= 0:
        pieces += [data[done:high], b"\\ufffd"]
        done = high + 6
    return b"".join([*pieces, data[done:]])


def plain(raw: msgspec.Raw) -> Any:
    """The value of a raw piece; None where it cannot be held (a number out of range, too deep a nesting)."""
    data = bytes(raw)
    try:
        return msgspec.json.decode(data) if data else None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
