"""Streams that strangers compressed: what comes out is counted, and what is wrong is a refusal with its remedy.

Counted are the bytes that are really read, not those that a header promises. Every refusal names the limit.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from ingest.errors import Refused
from ingest.limits import MEBIBYTE, Limits

_CHUNK = 64 * 1024
_DAMAGES: tuple[type[Exception], ...] = (
    EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, OSError, ValueError, RuntimeError,
)  # fmt: skip


@dataclass(slots=True)
class Budget:
    """What may still be read of one archive, its inner archives included."""

    limits: Limits
    bytes_read: int = 0
    members: int = 0

    def take_bytes(self, count: int) -> None:
        """Count bytes that were read.

        Raises:
            Refused: `archive-size`.
        """
        self.bytes_read += count
        if self.bytes_read > self.limits.archive_bytes:
            limit = f"{self.limits.archive_bytes:,} bytes"
            raise Refused("archive-size", f"its members hold more than {limit}; raise limits.archive_bytes to read it")

    def take_members(self, count: int) -> None:
        """Count members that were found.

        Raises:
            Refused: `archive-entries`.
        """
        self.members += count
        if self.members > self.limits.archive_members:
            limit = f"{self.limits.archive_members:,} members"
            raise Refused("archive-entries", f"holds more than {limit}; raise limits.archive_members to read it")


class Guarded(io.RawIOBase):
    """A decompressor's output.

    Args:
        start: opens the decompressor at its start; called again when the stream is rewound.
        kind: what it is, as the codes of refusals begin: `gzip`, `zip`.
        stored_bytes: what it takes compressed.
        limits: of one file and of the ratio.
        budget: of the archive around it.
        damages: what else the decompressor raises when its input is damaged.
    """

    def __init__(
        self,
        start: Callable[[], BinaryIO],
        kind: str,
        stored_bytes: int,
        limits: Limits,
        budget: Budget | None = None,
        damages: tuple[type[Exception], ...] = (),
    ) -> None:
        self._start = start
        self._kind = kind
        self._limits = limits
        self._budget = budget
        self._damages = (*_DAMAGES, *damages)
        self._ratio_bytes = max(MEBIBYTE, stored_bytes * limits.archive_ratio)
        self._at = self._furthest = 0
        self._inner: BinaryIO | None = None

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """It can be rewound."""
        return True

    def tell(self) -> int:
        """Bytes read since the start."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Back to the start, and nowhere else."""
        if (offset, whence) != (0, io.SEEK_SET):
            raise io.UnsupportedOperation("a compressed stream is read from its start")
        if self._inner is not None:
            self._inner.close()
        self._inner, self._at = None, 0
        return 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            Refused: it is damaged, cut, or beyond a limit.
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(_CHUNK), b""))
        try:
            if self._inner is None:
                self._inner = self._start()
            data = self._inner.read(size)
        except self._damages as problem:
            if isinstance(problem, OSError) and problem.errno is not None:
                raise
            raise self._damage(problem) from None
        self._count(len(data))
        return data

    def close(self) -> None:
        """Close the decompressor; what it reads from stays open."""
        if self._inner is not None:
            self._inner.close()
            self._inner = None
        super().close()

    def _count(self, count: int) -> None:
        self._at += count
        if self._at <= self._furthest:
            return
        if self._budget is not None:
            self._budget.take_bytes(self._at - self._furthest)
        self._furthest = self._at
        if self._at > self._limits.file_bytes:
            limit = f"{self._limits.file_bytes:,} bytes"
            raise Refused("too-large", f"more than {limit} decompressed; raise limits.file_bytes if it is meant")
        if self._at > self._ratio_bytes:
            ratio = f"{self._limits.archive_ratio:,} times"
            reason = f"decompresses to more than {ratio} its size; raise limits.archive_ratio if it is meant"
            raise Refused(f"{self._kind}-ratio", reason)

    def _damage(self, problem: Exception) -> Refused:
        if isinstance(problem, EOFError):
            return Refused(f"{self._kind}-truncated", "ends before its data does; write it again")
        if isinstance(problem, zipfile.BadZipFile) and "CRC" in str(problem):
            return Refused("zip-crc", "the checksum or the stated size is wrong; write it again")
        return Refused(f"{self._kind}-damaged", f"the {self._kind} data is damaged; write it again")
