"""What must be settled about the bytes of an XML file before a parser sees them: encoding, bad bytes, salvage.

Only encodings of an allow-list reach a codec. The bytes decide before the declaration does: a byte order mark, or the
shape of the first characters, says UTF-16 or UTF-8 for certain.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from ingest.errors import Refused

_ALLOWED = {
    "utf-8": "UTF-8", "utf8": "UTF-8",
    "us-ascii": "US-ASCII", "ascii": "US-ASCII",
    "iso-8859-1": "ISO-8859-1", "iso8859-1": "ISO-8859-1", "iso_8859-1": "ISO-8859-1", "latin1": "ISO-8859-1",
    "latin-1": "ISO-8859-1",
    "iso-8859-15": "ISO-8859-15", "iso8859-15": "ISO-8859-15", "latin-9": "ISO-8859-15",
    "windows-1252": "windows-1252", "cp1252": "windows-1252",
}  # fmt: skip
ALLOWED_NAMES = "UTF-8, UTF-16 with a byte order mark, US-ASCII, ISO-8859-1, ISO-8859-15 and windows-1252"

_DECLARED = re.compile(rb"\s*<\?xml\b[^>]{0,400}?\sencoding\s*=\s*[\"']([^\"'>]{0,80})[\"']")


HARMLESS_DOCTYPE = ("CUNIT_TEST_RUN_REPORT", "CUnit-Run.dtd")
"""Root and system identifier of the one document type that is let through: every report of CUnit has it. It declares
nothing in the report itself, and the file that it names is not read."""
_HARMLESS = re.compile(r"<!DOCTYPE\s+{}\s+SYSTEM\s+\"{}\"\s*>".format(*map(re.escape, HARMLESS_DOCTYPE)))


def after_harmless_doctype(text: str, at: int) -> int:
    """Where the one document type that is let through ends; `at` when there is none, or another one."""
    found = _HARMLESS.match(text, at)
    return found.end() if found else at


class Encoding(NamedTuple):
    """How bytes become XML text.

    `name` is what the parser is told; `codec` is set when the bytes are first decoded with it (UTF-16), the parser then
    reads UTF-8; `skip` is the length of a byte order mark.
    """

    name: str
    codec: str | None
    skip: int


def find_encoding(head: bytes) -> Encoding:
    """The encoding of a file from its first bytes.

    Raises:
        Refused: `xml-encoding` when the declared or apparent encoding is not on the allow-list.
    """
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) or head.startswith((b"\0\0\0<", b"<\0\0\0")):
        raise _not_allowed("UTF-32")
    if head.startswith(codecs.BOM_UTF8):
        return Encoding("UTF-8", None, 3)
    if head.startswith(codecs.BOM_UTF16_LE) or head.startswith(b"<\0?\0"):
        return Encoding("UTF-8", "utf-16-le", 2 if head.startswith(codecs.BOM_UTF16_LE) else 0)
    if head.startswith(codecs.BOM_UTF16_BE) or head.startswith(b"\0<\0?"):
        return Encoding("UTF-8", "utf-16-be", 2 if head.startswith(codecs.BOM_UTF16_BE) else 0)
    if head.startswith(b"\x4c\x6f\xa7\x94"):
        raise _not_allowed("EBCDIC")
    return _declared_encoding(head)


def _declared_encoding(head: bytes) -> Encoding:
    match = _DECLARED.match(head[:1024])
    if match is None:
        return Encoding("UTF-8", None, 0)
    written = match[1].decode("ascii", "replace").strip()
    if written.lower().startswith(("utf-16", "utf16")):
        raise Refused("xml-encoding", f"declares {written}, but its bytes are not UTF-16; save it as UTF-8", line=1)
    name = _ALLOWED.get(written.lower())
    if name is None:
        raise _not_allowed(written)
    return Encoding(name, None, 0)


def _not_allowed(written: str) -> Refused:
    shown = re.sub(r"[^A-Za-z0-9._:-]", "?", written)[:40]
    return Refused("xml-encoding", f"encoding {shown!r} is not read; save the report as one of {ALLOWED_NAMES}", line=1)


_ILLEGAL_BYTE = re.compile(rb"\x1b\[|\x1b\]|[\x01-\x08\x0b\x0c\x0e-\x1f]")
_ILLEGAL_REFERENCE = re.compile(
    rb"(&#(?:0{0,6}27|[xX]0{0,6}1[bB]);)(\[|\])?|&#(?:0{0,6}(?:[1-8]|1[1245-9]|2[0-9]|3[01])|[xX]0{0,6}(?:[1-8bBcCeEfF]|1[0-9a-fA-F]));"
)
_HIGH_HALF = rb"&#(x[dD][89abAB][0-9a-fA-F]{2}|5[56][0-9]{3});"
_HALVES = re.compile(_HIGH_HALF + rb"&#(x[dD][c-fC-F][0-9a-fA-F]{2}|5[67][0-9]{3});")
_FIRST_HALF = re.compile(_HIGH_HALF + rb"(?:&(?:#[0-9a-fA-FxX]{0,10})?)?\Z")
_REFERENCE_TAIL = re.compile(rb"(?:\x1b|(?:" + _HIGH_HALF + rb")?&(?:#[0-9a-fA-FxX]{0,10};?)?)\Z")


def is_salvageable(window: bytes) -> bool:
    """Whether the bytes at an error start with a control character that XML forbids, raw or as a reference; not NUL.

    Or with references to the two halves of one character, as Java's own serializer writes characters beyond U+FFFF; a
    half alone stays an error. Where the window ends behind the first half, the second reading decides.

    >>> is_salvageable(b"\\x1b[31m"), is_salvageable(b"&#27;"), is_salvageable(b"\\0"), is_salvageable(b"&#0;")
    (True, True, False, False)
    >>> is_salvageable(b"&#55357;&#56832;"), is_salvageable(b"&#xD83D;<")
    (True, False)
    """
    patterns = (_ILLEGAL_BYTE, _ILLEGAL_REFERENCE, _HALVES, _FIRST_HALF)
    return any(pattern.match(window) for pattern in patterns)


class Salvage:
    """Replaces control characters that XML forbids, so that a report full of terminal colours is not lost.

    An escape that opens a terminal sequence becomes the one-character C1 form of the same sequence, which XML allows
    and `clean()` removes as a whole; the halves of a character are joined; anything else becomes U+FFFD (a question
    mark in single-byte encodings). Also inside CDATA, where `&#27;` would be literal text: a writer that puts it there
    means the character.
    """

    def __init__(self, is_utf8: bool) -> None:
        self.replaced = 0
        self._is_utf8 = is_utf8
        self._held = b""

    def feed(self, chunk: bytes, final: bool) -> bytes:
        """The chunk with what XML forbids replaced; the start of a reference at its end waits for the next chunk."""
        chunk = self._held + chunk
        self._held = b""
        if not final:
            tail = _REFERENCE_TAIL.search(chunk, max(0, len(chunk) - 24))
            if tail is not None:
                chunk, self._held = chunk[: tail.start()], tail[0]
        chunk, raw = _ILLEGAL_BYTE.subn(self._replace_raw, chunk)
        chunk, references = _ILLEGAL_REFERENCE.subn(self._replace_reference, chunk)
        chunk, halves = _HALVES.subn(_joined, chunk)
        self.replaced += raw + references + halves
        return chunk

    def _replace_raw(self, match: re.Match[bytes]) -> bytes:
        if not self._is_utf8:
            return b"?"
        return {b"\x1b[": b"\xc2\x9b", b"\x1b]": b"\xc2\x9d"}.get(match[0], b"\xef\xbf\xbd")

    def _replace_reference(self, match: re.Match[bytes]) -> bytes:
        return {b"[": b"&#155;", b"]": b"&#157;"}.get(match[2] or b"", b"&#65533;")


def _joined(match: re.Match[bytes]) -> bytes:
    """The reference to a character of which both halves are referred to; anything else as it is.

    >>> _HALVES.sub(_joined, b"&#55357;&#xDE00;")
    b'&#128512;'
    """
    high, low = (int(half[1:], 16) if half.startswith(b"x") else int(half) for half in match.groups())
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return match[0]
    return b"&#%d;" % (0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)


def bad_byte(window: bytes) -> int | None:
    """Offset of the first byte of a window that is no UTF-8, among its first four; None when they are.

    >>> bad_byte(b"\\xff<a>"), bad_byte("é<a>".encode())
    (0, None)
    """
    try:
        window.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start if error.start < 4 else None
    return None
