"""Members of archives: what is said of one before it is read, and which names and kinds are refused.

No member is ever written anywhere, so that no name can do harm on the disk; a name that tries to is refused all the
same, because whoever made it meant harm.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from ingest.errors import Refused

_DRIVE = re.compile(r"[A-Za-z]:")
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


@dataclass(slots=True)
class Member:
    """One file in an archive."""

    name: str
    """As written, undecodable bytes as \\xNN."""
    parts: tuple[str, ...]
    """Its folders and its name."""
    size_bytes: int
    """As the archive states it."""
    start: Callable[[], BinaryIO] | None = None
    """Opens it."""
    stored_bytes: int = 0
    refusal: Refused | None = None


def archive_format(head: bytes) -> str:
    """zip or tar by the first bytes; empty for anything else.

    >>> archive_format(b"PK\\x03\\x04..."), archive_format(b"<a/>")
    ('zip', '')
    """
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    return "tar" if head[257:262] == b"ustar" else ""


def parts_of(name: str, archive: str) -> tuple[str, ...]:
    """Folders and name of a member, `.` and empty parts left out; both kinds of slashes separate.

    Args:
        archive: `zip` or `tar`, as the code of a refusal begins.

    Raises:
        Refused: the name is absolute, leads out of the archive, or holds a NUL.
    """
    path = name.replace("\\", "/")
    if path.startswith("/") or _DRIVE.match(path) or "\0" in path or ".." in path.split("/"):
        reason = "its name is absolute, leads out of the archive or holds a NUL; make the archive with relative names"
        raise Refused(f"{archive}-name", reason)
    return tuple(part for part in path.split("/") if part not in ("", "."))


def kind_refusal(mode: int, archive: str) -> Refused | None:
    """Why a member of this kind (the file type bits of a mode) is not read; None for a regular file."""
    kind = _KINDS.get(stat.S_IFMT(mode))
    if kind is None:
        return None
    return Refused(f"{archive}-member-type", f"is {kind}; only regular files are read, put the file itself in")


def is_below_link(parts: tuple[str, ...], links: frozenset[tuple[str, ...]] | set[tuple[str, ...]]) -> bool:
    """Whether a member would stand below another one that is a link."""
    return any(parts[:depth] in links for depth in range(1, len(parts)))
