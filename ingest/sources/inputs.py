"""What ingest is given: one record an input, and the one safe way to open it.

Opening never blocks and never follows a link that was merely found: a FIFO, a device or a socket that stands where a
report should be is told apart before a byte is read.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ingest.errors import NotKnown, Refused
from ingest.model import FileStatus

STDIN = "-"
_SAFE_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Input:
    """One regular file, standard input, or something to be fetched."""

    path: str
    """The argument joined with the raw name, undecodable bytes as \\xNN: what JSON shows. Not cleaned."""
    location: Path | None
    """Where it is opened; None for standard input and for what is fetched."""
    size_bytes: int | None
    mtime_ms: int | None
    is_explicit: bool
    """Given as an argument itself, not found in a folder: a link is then followed, a hidden name taken."""
    root: Path | None = None
    """The folder given as argument, below which it was found; of an explicit file, its folder."""
    address: bytes = b""
    """Of something fetched: where it is, as it may be shown."""
    start: Callable[[], BinaryIO] | None = None
    """Fetches it."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that is listed and not read: not a regular file, not readable, vanished, a name that is ignored."""

    path: str
    reason: str
    """Code, colon, sentence."""
    status: FileStatus = FileStatus.SKIPPED
    """`rejected` where a person has to act: a folder or file that may not be read."""


def raw_text(path: str | bytes) -> str:
    """A path as text that can be stored and encoded: undecodable bytes as \\xNN, all else unchanged.

    >>> raw_text(b"bad\\xff.xml")
    'bad\\\\xff.xml'
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def open_input(source: Input) -> BinaryIO:
    """The bytes of an input, from the start; unbuffered reads are the caller's choice.

    Raises:
        Refused: the file may not be read.
        NotKnown: it is no regular file (any more), a link, or has vanished since it was listed.
    """
    if source.start is not None:
        return source.start()
    if source.location is None:
        return sys.stdin.buffer
    flags = _SAFE_FLAGS if source.is_explicit else _SAFE_FLAGS | os.O_NOFOLLOW
    try:
        descriptor = os.open(source.location, flags)
    except OSError as problem:
        raise _opening_problem(problem) from problem
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotKnown(NOT_REGULAR)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


NOT_REGULAR = "not-regular: not a regular file; pipe its content into `crywolf ingest -` instead"
VANISHED = "vanished: it was gone when it was to be read"


def _opening_problem(problem: OSError) -> Refused | NotKnown:
    """The refusal for a failed `open`."""
    if isinstance(problem, FileNotFoundError):
        return NotKnown(VANISHED)
    if isinstance(problem, PermissionError):
        return Refused("permission", "may not be read; allow the user who runs crywolf to read it")
    if problem.errno == errno.ELOOP:
        return NotKnown("symlink: a symbolic link; links found in a folder are not followed")
    if problem.errno in (errno.ENXIO, errno.ENODEV, errno.EISDIR):
        return NotKnown(NOT_REGULAR)
    return Refused("unreadable", f"cannot be opened ({problem.strerror})")
