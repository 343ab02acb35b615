"""Members of a tar archive: headers of 512 bytes, read one after another; data is read only where it is asked for.

Read here and not with the standard library, whose reader takes whole extended headers into memory and has looped for
ever on sizes below zero. Regular files only: links, devices and sparse files are refused one by one.

Source: POSIX.1-2017 pax interchange format; GNU tar's long names.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from ingest.errors import Refused
from ingest.limits import Limits
from ingest.sources.guarded import Budget
from ingest.sources.member import Member, is_below_link, parts_of

_BLOCK = 512
_EXTENDED_BYTES = 1024 * 1024
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL, _FOLDER = b"L", b"K", b"x", b"g", b"5"
_REGULAR = (b"0", b"\0", b"7")
_KINDS = {b"1": "a hard link", b"2": "a link", b"3": "a device", b"4": "a device", b"6": "a named pipe"}


def tar_members(stream: BinaryIO, limits: Limits, budget: Budget) -> Iterator[Member]:
    """The members of a tar archive that can be rewound, folders left out.

    Raises:
        Refused: `tar-damaged`, `tar-truncated` or `archive-entries`; what came before holds.
    """
    end = stream.seek(0, io.SEEK_END)
    at = 0
    said: dict[str, bytes] = {}
    links: set[tuple[str, ...]] = set()
    while (header := _header(stream, at)) is not None:
        kind = header[156:157]
        size = _size(said.get("size"), header)
        data = at + _BLOCK
        at = data + -(-size // _BLOCK) * _BLOCK
        if data + size > end:
            raise Refused("tar-truncated", "ends inside a member; write it again")
        if kind in (_LONG_NAME, _PAX, _LONG_LINK, _PAX_GLOBAL):
            if kind in (_LONG_NAME, _PAX):
                said |= _extended(stream, data, size, kind)
            continue
        budget.take_members(1)
        if kind != _FOLDER:
            yield _member(stream, header, said, (data, size), links, limits)
        said = {}


def _header(stream: BinaryIO, at: int) -> bytes | None:
    """The next header; None at the end, which is a block of zeros."""
    stream.seek(at)
    header = stream.read(_BLOCK)
    if not header or header.count(0) == len(header) == _BLOCK:
        return None
    if len(header) < _BLOCK:
        raise Refused("tar-truncated", "ends inside a header; write it again")
    stated = _octal(header[148:156])
    if sum(header) - sum(header[148:156]) + 8 * ord(" ") != stated:
        raise Refused("tar-damaged", f"the header at byte {at:,} has a wrong checksum; write it again")
    return header


def _octal(field: bytes) -> int:
    """A number of a header.

    Raises:
        Refused: it is none, or below zero.
    """
    try:
        if field[0] & 0x80:
            return int.from_bytes(bytes((field[0] & 0x3F,)) + field[1:], "big") * (-1 if field[0] & 0x40 else 1)
        return int(field.rstrip(b"\0 ").strip() or b"0", 8)
    except ValueError:
        raise Refused("tar-damaged", "a header has a number that is none; write it again") from None


def _size(said: bytes | None, header: bytes) -> int:
    """Size of a member's data, from the extended header where there is one."""
    size = int(said) if said is not None and said.isdigit() and len(said) < 20 else _octal(header[124:136])
    if size < 0:
        raise Refused("tar-damaged", "a member has a size below zero; write it again")
    return 0 if header[156:157] in (b"1", b"2", b"3", b"4", b"5", b"6") else size


def _extended(stream: BinaryIO, at: int, size: int, kind: bytes) -> dict[str, bytes]:
    """What an extended header says of the next member: its path and its size."""
    if size > _EXTENDED_BYTES:
        raise Refused("tar-damaged", f"an extended header of {size:,} bytes; make the archive anew")
    stream.seek(at)
    data = stream.read(size)
    if kind == _LONG_NAME:
        return {"path": data.rstrip(b"\0")}
    said = {}
    while data:
        length, space, _ = data.partition(b" ")
        if not space or not length.isdigit() or len(length) > 8 or not len(length) + 1 < int(length) <= len(data):
            break
        record, data = data[len(length) + 1 : int(length) - 1], data[int(length) :]
        key, _, value = record.partition(b"=")
        if key in (b"path", b"size") or key.startswith(b"GNU.sparse"):
            said[key.decode()] = value
    return said


def _member(
    stream: BinaryIO,
    header: bytes,
    said: dict[str, bytes],
    place: tuple[int, int],
    links: set[tuple[str, ...]],
    limits: Limits,
) -> Member:
    name = said.get("path") or _ustar_name(header)
    text = name.decode("utf-8", "backslashreplace")
    member = Member(text, (), place[1], stored_bytes=place[1])
    try:
        member.parts = parts_of(text, "tar")
    except Refused as refusal:
        member.refusal = refusal
        return member
    kind = header[156:157]
    if kind not in _REGULAR or any(key.startswith("GNU.sparse") for key in said):
        what = _KINDS.get(kind, "a member of an unusual kind, such as a sparse file")
        member.refusal = Refused("tar-member-type", f"is {what}; only regular files are read, put the file itself in")
        links.add(member.parts)
    elif is_below_link(member.parts, links):
        member.refusal = Refused("tar-member-type", "stands below a link; put the file itself in")
    elif place[1] > limits.file_bytes:
        limit = f"{limits.file_bytes:,} bytes"
        member.refusal = Refused("too-large", f"more than {limit}; raise limits.file_bytes if it is meant")
    member.start = _opener(stream, *place)
    return member


def _ustar_name(header: bytes) -> bytes:
    name, prefix = header[:100].partition(b"\0")[0], header[345:500].partition(b"\0")[0]
    is_posix = header[257:263] == b"ustar\0"
    return prefix + b"/" + name if prefix and is_posix else name


def _opener(stream: BinaryIO, at: int, size: int) -> Callable[[], BinaryIO]:
    return lambda: cast(BinaryIO, _Part(stream, at, size))


class _Part(io.RawIOBase):
    """A stretch of a stream."""

    def __init__(self, stream: BinaryIO, at: int, size: int) -> None:
        self._stream = stream
        self._at, self._end = at, at + size

    def readable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the stretch."""
        left = self._end - self._at
        wanted = left if size < 0 else min(size, left)
        self._stream.seek(self._at)
        data = self._stream.read(wanted)
        self._at += len(data)
        if len(data) < wanted:
            raise EOFError
        return data
