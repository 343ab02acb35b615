"""Members of a zip archive, listed from its directory before anything is decompressed.

The directory is bounded before it is read. Members that share bytes are refused, whatever the Python version checks by
itself; stored and deflated ones are read, because only those decompress in bounded pieces.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from ingest.errors import Refused
from ingest.limits import MEBIBYTE, Limits
from ingest.sources.guarded import Budget
from ingest.sources.member import Member, is_below_link, kind_refusal, parts_of

_END, _END_64 = b"PK\x05\x06", b"PK\x06\x06"
_END_BYTES, _END_64_BYTES, _LOCATOR_BYTES, _LOCAL_BYTES = 22, 56, 20, 30
_COMMENT_BYTES = 65_535
_ENTRY_BYTES = 512
"""Of the directory for each member, on average: more is a directory that means harm."""
_ENCRYPTED, _STRONGLY, _PATCH = 0x1, 0x40, 0x20
_UNIX = 3


def zip_members(stream: BinaryIO, limits: Limits, budget: Budget) -> Iterator[Member]:
    """The members of a zip archive, folders left out.

    Raises:
        Refused: `zip-truncated`, `zip-damaged` or `archive-entries`: nothing of it can be read.
    """
    _check_directory(stream, limits, budget)
    try:
        archive = zipfile.ZipFile(stream)
        infos = archive.infolist()
        overlapping = _overlapping(stream, infos)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError) as problem:
        raise Refused("zip-damaged", f"the zip directory is damaged ({problem}); write it again") from None
    budget.take_members(len(infos))
    links: set[tuple[str, ...]] = set()
    for info in infos:
        member = _member(archive, info, limits, links)
        if member is not None:
            if id(info) in overlapping:
                member.refusal = Refused("zip-overlap", "shares its bytes with another member; make the archive anew")
            yield member


def _check_directory(stream: BinaryIO, limits: Limits, budget: Budget) -> None:
    """Find the end record and compare what it says of the directory with the limits."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _END_BYTES - _COMMENT_BYTES - _LOCATOR_BYTES - _END_64_BYTES))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or at + _END_BYTES > len(tail):
        raise Refused("zip-truncated", "has no end record; its writer or its download has not finished")
    count, directory = struct.unpack_from("<HL", tail, at + 10)
    at_64 = at - _LOCATOR_BYTES - _END_64_BYTES
    if at_64 >= 0 and tail[at_64 : at_64 + 4] == _END_64:
        count, directory = struct.unpack_from("<QQ", tail, at_64 + 32)
    room = limits.archive_members - budget.members
    if count > room or directory > room * _ENTRY_BYTES:
        limit = f"{limits.archive_members:,} members"
        raise Refused("archive-entries", f"holds more than {limit}; raise limits.archive_members to read it")


def _overlapping(stream: BinaryIO, infos: list[zipfile.ZipInfo]) -> set[int]:
    """Ids of the entries whose bytes, local header included, are another entry's too."""
    spans = []
    for info in infos:
        stream.seek(info.header_offset)
        local = stream.read(_LOCAL_BYTES)
        names = sum(struct.unpack_from("<HH", local, 26)) if len(local) == _LOCAL_BYTES else 0
        end = info.header_offset + _LOCAL_BYTES + names + info.compress_size
        spans.append((info.header_offset, end, id(info)))
    spans.sort()
    found: set[int] = set()
    furthest, holder = -1, 0
    for start, end, entry in spans:
        if start < furthest:
            found |= {holder, entry}
        if end > furthest:
            furthest, holder = end, entry
    return found


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits, links: set[tuple[str, ...]]
) -> Member | None:
    """A member, refused where its directory entry says enough; None for a folder."""
    name = info.orig_filename
    member = Member(name, (), info.file_size, stored_bytes=info.compress_size)
    try:
        member.parts = parts_of(name, "zip")
    except Refused as refusal:
        member.refusal = refusal
        return member
    if name.endswith("/") or not member.parts:
        return None
    member.refusal = _refusal(info, limits)
    if member.refusal is not None and member.refusal.code == "zip-member-type":
        links.add(member.parts)
    elif is_below_link(member.parts, links):
        member.refusal = Refused("zip-member-type", "stands below a link; put the file itself in")
    member.start = _opener(archive, info)
    return member


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: cast(BinaryIO, archive.open(info))


def _refusal(info: zipfile.ZipInfo, limits: Limits) -> Refused | None:
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    of_kind = kind_refusal(mode, "zip")
    if of_kind is not None:
        return of_kind
    if info.flag_bits & (_ENCRYPTED | _STRONGLY | _PATCH):
        return Refused("zip-encrypted", "is encrypted; put it in without a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return Refused("zip-method", f"is compressed by method {info.compress_type}; only deflate (8) is read")
    if info.file_size > limits.file_bytes:
        limit = f"{limits.file_bytes:,} bytes"
        return Refused("zip-size", f"states {info.file_size:,} bytes, more than {limit}; raise limits.file_bytes")
    if info.file_size > max(MEBIBYTE, info.compress_size * limits.archive_ratio):
        ratio = f"{limits.archive_ratio:,} times"
        return Refused("zip-ratio", f"decompresses to more than {ratio} its size; raise limits.archive_ratio")
    return None
