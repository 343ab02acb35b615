"""Archives read in place: members in the order in which a folder of the same files would be listed.

An archive inside an archive is read too, one deep. What is wrong with one member concerns that member alone; what is
wrong with the archive's directory concerns all of it. An archive that is known to be something else, such as a Java
library or a browser trace, is nobody's results.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, cast

from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.sources.directory import listing_key
from ingest.sources.guarded import Budget, Guarded
from ingest.sources.member import Member
from ingest.sources.tar_file import tar_members
from ingest.sources.zip_file import zip_members

SEPARATOR = "!"
DEEPEST = 1
"""Archives inside archives that are read: one deep."""
SIDECAR = "run.json"
_OTHERS = (
    ("META-INF/MANIFEST.MF", "a Java archive"),
    ("[Content_Types].xml", "an office document or package"),
    ("AndroidManifest.xml", "an Android package"),
    ("mimetype", "an office document or book"),
    ("trace.trace", "a browser trace of Playwright"),
    ("0-trace.trace", "a browser trace of Playwright"),
)


def list_members(stream: BinaryIO, format_name: str, limits: Limits, budget: Budget) -> list[Member]:
    """Members of an archive; those with one name are told apart by `#2`, `#3`.

    Args:
        stream: the archive, decompressed; it can be rewound.
        format_name: `zip` or `tar`.

    Raises:
        Refused: the archive cannot be listed.
        NotKnown: it is something else that merely is packed like an archive.
    """
    members = list((zip_members if format_name == "zip" else tar_members)(stream, limits, budget))
    names = {"/".join(member.parts) for member in members}
    other = next((title for name, title in _OTHERS if name in names), None)
    if other is not None:
        raise NotKnown(f"unknown: {other}, which holds no results")
    numbers: dict[tuple[str, ...], int] = {}
    for member in members:
        number = numbers[member.parts] = numbers.get(member.parts, 0) + 1
        if number > 1 and member.parts:
            member.name = f"{member.name}#{number}"
            member.parts = (*member.parts[:-1], f"{member.parts[-1]}#{number}")
    return sorted(members, key=_order)


def open_member(member: Member, format_name: str, limits: Limits, budget: Budget) -> BinaryIO:
    """The bytes of a member, counted as they are read."""
    assert member.start is not None
    return cast(BinaryIO, Guarded(member.start, format_name, member.stored_bytes, limits, budget))


def run_documents(
    members: list[Member], format_name: str, base: bytes, limits: Limits, budget: Budget
) -> Iterator[tuple[bytes, bytes]]:
    """(folder, content) of every `run.json` among an archive's members; one that cannot be read is left out.

    Args:
        base: the archive's own location.
    """
    for member in members:
        if member.refusal is None and member.parts[-1] == SIDECAR:
            with suppress(Refused):
                content = open_member(member, format_name, limits, budget).read(limits.document_bytes + 1)
                yield location_in(base, member)[: -len(SIDECAR)], content


def location_in(base: bytes, member: Member) -> bytes:
    """Where a member is: the archive's location, `!/`, its folders and its name."""
    return base + b"!/" + "/".join(member.parts or (member.name,)).encode("utf-8", "surrogateescape")


def _order(member: Member) -> tuple[object, ...]:
    *folders, name = member.parts or (member.name,)
    return (*(listing_key(folder, is_folder=True) for folder in folders), listing_key(name, is_folder=False))
