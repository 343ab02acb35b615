"""Feeds a stream of bytes to expat within limits, and turns everything expat can say into `Refused` with a place.

One way for all XML dialects. A dialect gives two handlers; it gets local names (namespaces are cut off), no document
type (but the harmless one of CUnit), no entity and no external thing ever. Text is asked for by setting
`CharacterDataHandler` only while it is wanted.

Large tokens: expat before 2.6 scans an unfinished token again with every piece it is fed, so that one attribute of many
megabytes costs quadratic time. Pieces are therefore large and double while a token is unfinished, and a token above
`limits.token_bytes` ends the reading. Text and CDATA arrive in pieces and are no tokens.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable
from typing import BinaryIO, Protocol
from xml.parsers import expat

from ingest.errors import Refused
from ingest.formats.streams import read_fully
from ingest.formats.xml_bytes import HARMLESS_DOCTYPE, Encoding, Salvage, bad_byte, find_encoding, is_salvageable
from ingest.limits import Limits

CHUNK = 256 * 1024
LARGEST_CHUNK = 2 * 1024 * 1024
TEXT_BUFFER = 64 * 1024
NAMESPACE_MARK = "}"

_LOOK = 24
"""Bytes at an error that tell what it is; a token may have begun in the piece before."""
_TRUNCATED = {3, 5, 6, 20}  # no element, unclosed token, partial character, unclosed CDATA section
_INVALID_TOKEN, _JUNK_AFTER, _BAD_REFERENCE, _INCORRECT_ENCODING = 4, 9, 14, 19
_ENCODING_ERRORS = {18, _INCORRECT_ENCODING}


class IllegalCharacter(Refused):
    """A control character that XML forbids: the file can be read again with salvage."""


class Handlers(Protocol):
    """What a dialect does with elements. `tag` is written `namespace}local` where there is a namespace."""

    def attach(self, parser: expat.XMLParserType) -> None:
        """Take the parser and set handlers on it."""

    def inside(self) -> str:
        """Names of the open elements, for the reason of a truncated file; empty before the first one."""

    def pieces(self, data: bytes, offset: int) -> Iterable[bytes]:
        """What the parser is given for a piece of the file, one after the other; as a rule the piece itself.

        Args:
            offset: bytes that it was given before.
        """

    def piece_ended(self) -> None:
        """Called between two pieces of the file, a quarter of a megabyte each as a rule."""


def parse(stream: BinaryIO, limits: Limits, handlers: Handlers, salvage: bool = False) -> list[str]:
    """Read the stream to its end through the handlers; returns warnings.

    Raises:
        Refused: with line and column. `IllegalCharacter` when a second reading with `salvage` would get further.
    """
    head = read_fully(stream, CHUNK)
    encoding = _checked_encoding(head)
    run = _Run(limits, handlers, encoding, salvage)
    head, warnings = run.trim(head[encoding.skip :])
    chunk, size = head, CHUNK
    try:
        while chunk:
            pending = run.feed(chunk)
            handlers.piece_ended()
            size = min(max(CHUNK, 2 * pending), LARGEST_CHUNK)
            chunk = read_fully(stream, size)
        run.finish()
    finally:
        run.let_go()
    if run.replaced:
        kinds = "terminal colours, other control characters, characters in two halves"
        warnings.append(f"characters that XML forbids were replaced ({run.replaced:,}; {kinds})")
    return warnings


def _checked_encoding(head: bytes) -> Encoding:
    if not head or head in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise Refused("empty-file", "the file is empty; its writer may not have finished")
    return find_encoding(head)


class _Run:
    """One reading of one stream."""

    def __init__(self, limits: Limits, handlers: Handlers, encoding: Encoding, salvage: bool) -> None:
        self._limits = limits
        self._handlers = handlers
        self._encoding = encoding
        self._decode = codecs.getincrementaldecoder(encoding.codec)("strict") if encoding.codec else None
        self._salvage = Salvage(encoding.name == "UTF-8") if salvage else None
        self._received = 0
        self._fed = 0
        self._lines_before = 0
        self._window = b""
        self._before = b""
        self.parser = expat.ParserCreate(encoding.name, NAMESPACE_MARK)
        self.parser.buffer_text = True
        self.parser.buffer_size = TEXT_BUFFER
        self.parser.StartDoctypeDeclHandler = self._doctype
        handlers.attach(self.parser)

    @property
    def replaced(self) -> int:
        return self._salvage.replaced if self._salvage else 0

    def trim(self, head: bytes) -> tuple[bytes, list[str]]:
        """The head without white space before the XML declaration, where XML does not allow any."""
        stripped = head.lstrip(b"\r\n\t ")
        if not stripped:
            raise Refused("xml-syntax", "the file holds white space only", line=1, column=1)
        if self._decode or len(stripped) == len(head) or not stripped.startswith(b"<?xml"):
            return head, []
        self._lines_before = head[: len(head) - len(stripped)].count(b"\n")
        return stripped, ["white space before the XML declaration was skipped"]

    def feed(self, chunk: bytes, final: bool = False) -> int:
        """Parse one piece; returns how many bytes of an unfinished token are waiting."""
        self._received += len(chunk)
        if self._received > self._limits.file_bytes:
            raise _too_large("the report", self._limits.file_bytes, "file_bytes", self._line())
        data = self._prepared(chunk, final)
        self._before, self._window = self._window[-_LOOK:], data
        try:
            for piece in (data,) if final else self._handlers.pieces(data, self._fed):
                self.parser.Parse(piece, final)
        except expat.ExpatError as error:
            raise self._refusal(error) from None
        self._fed += len(data)
        pending = 0 if final else self._fed - max(self.parser.CurrentByteIndex, 0)
        if pending > self._limits.token_bytes:
            raise _too_large("one attribute, tag or comment", self._limits.token_bytes, "token_bytes", self._line())
        return pending

    def finish(self) -> None:
        """Tell the parser that nothing follows."""
        self.feed(b"", final=True)

    def let_go(self) -> None:
        """Break the ring of parser and handlers, so that memory is given back at once."""
        self.parser.StartElementHandler = None
        self.parser.EndElementHandler = None
        self.parser.CharacterDataHandler = None
        self.parser.StartDoctypeDeclHandler = None
        self.parser.SkippedEntityHandler = None

    def _prepared(self, chunk: bytes, final: bool) -> bytes:
        if self._decode is not None:
            try:
                chunk = self._decode.decode(chunk, final).encode("utf-8")
            except UnicodeError:
                code = "xml-truncated" if final else "xml-encoding"
                raise Refused(code, f"not valid {self._encoding.codec} text", line=self._line()) from None
        return self._salvage.feed(chunk, final) if self._salvage else chunk

    def _line(self) -> int:
        return self.parser.CurrentLineNumber + self._lines_before

    def _doctype(self, name: str, system: str | None, public: str | None, subset: bool) -> None:
        line, column = self._line(), self.parser.CurrentColumnNumber + 1
        if (name, system) == HARMLESS_DOCTYPE and public is None and not subset:
            self.parser.SkippedEntityHandler = self._entity
            return
        if name.lower() == "html":
            raise Refused("xml-syntax", "this is an HTML page, not a report", line=line, column=column)
        reason = "a document type declaration (DOCTYPE) is never read; remove it from the report"
        raise Refused("xml-doctype", reason, line=line, column=column)

    def _entity(self, name: str, is_parameter_entity: bool) -> None:
        reason = f"undefined entity {name[:40]!r}"
        raise Refused("xml-syntax", reason, line=self._line(), column=self.parser.CurrentColumnNumber + 1)

    def _refusal(self, error: expat.ExpatError) -> Refused:
        line, column = error.lineno + self._lines_before, error.offset + 1
        inside = self._handlers.inside()
        if error.code in _TRUNCATED:
            where = f"inside {inside}" if inside else "before its first element"
            return Refused("xml-truncated", f"the file ends {where}; write it again", line=line, column=column)
        if error.code in _ENCODING_ERRORS:
            return Refused("xml-encoding", "the declared encoding and the bytes disagree", line=line, column=column)
        offset = self.parser.ErrorByteIndex - self._fed
        at = len(self._before) + offset
        window = (self._before + self._window)[at : at + _LOOK] if at >= 0 else b""
        if error.code == _INVALID_TOKEN and self._encoding.name in ("UTF-8", "US-ASCII"):
            wrong = bad_byte(window)
            if wrong is not None:
                reason = f"byte {self._fed + offset + wrong} is not valid {self._encoding.name}; save the file as UTF-8"
                return Refused("xml-encoding", reason, line=line, column=column)
        message = expat.ErrorString(error.code)
        if error.code in (_INVALID_TOKEN, _BAD_REFERENCE) and not self._salvage and is_salvageable(window):
            return IllegalCharacter("xml-syntax", _illegal_reason(), line=line, column=column)
        if error.code == _JUNK_AFTER:
            message = "something follows the end of the report; perhaps two files were written into one"
        return Refused("xml-syntax", f"{message}{f' inside {inside}' if inside else ''}", line=line, column=column)


def _illegal_reason() -> str:
    return "a control character that XML forbids; give the report as a file, then such characters are replaced"


def _too_large(what: str, limit: int, setting: str, line: int) -> Refused:
    return Refused("too-large", f"{what} is larger than {limit:,} bytes; raise limits.{setting} to read it", line=line)


def reread(stream: BinaryIO) -> Callable[[], bool]:
    """Remembers where a stream stands; calling the result goes back there, False where that is impossible."""
    try:
        start = stream.tell() if stream.seekable() else None
    except (OSError, ValueError, AttributeError):
        start = None

    def go_back() -> bool:
        if start is None:
            return False
        try:
            stream.seek(start)
        except (OSError, ValueError):
            return False
        return True

    return go_back
