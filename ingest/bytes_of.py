"""The bytes of one input, ready to be hashed and then read: small ones in memory, large ones twice from the file."""

from __future__ import annotations

import gzip
import hashlib
import io
import tempfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO, cast

from ingest.errors import Refused
from ingest.limits import Limits

HEAD_BYTES = 64 * 1024
_IN_MEMORY = 8 * 1024 * 1024
_CHUNK = 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(slots=True)
class Bytes:
    """An input with its digest; `stream` stands at its start."""

    stream: BinaryIO
    digest: bytes
    size_bytes: int
    """As stored on disk, before decompression."""
    head: bytes
    is_gzip: bool

    def whole(self, limit: int) -> bytes:
        """Everything, for documents that are read in one piece.

        Raises:
            Refused: it is larger than `limit` bytes.
        """
        self.stream.seek(0)
        data = _guarded_read(self.stream, limit + 1)
        if len(data) > limit:
            raise Refused("too-large", f"more than {limit:,} bytes; raise limits.document_bytes if it is meant")
        return data


def load(stream: BinaryIO, limits: Limits) -> Bytes:
    """Hash an input and make it readable from the start, decompressing gzip.

    Raises:
        Refused: `too-large`, or a broken gzip member.
    """
    seekable = _spooled(stream, limits)
    digest = hashlib.sha256()
    size = 0
    while chunk := seekable.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if size > limits.file_bytes:
            raise Refused("too-large", f"more than {limits.file_bytes:,} bytes; raise limits.file_bytes if it is meant")
    seekable.seek(0)
    is_gzip = seekable.read(2) == GZIP_MAGIC
    seekable.seek(0)
    opened = cast(BinaryIO, gzip.GzipFile(fileobj=seekable)) if is_gzip else seekable
    head = _guarded_read(opened, HEAD_BYTES)
    opened.seek(0)
    return Bytes(opened, digest.digest(), size, head, is_gzip)


def _spooled(stream: BinaryIO, limits: Limits) -> BinaryIO:
    """The stream itself if it can be read twice; else a copy in memory, or beyond 8 MiB in an unnamed file."""
    first = stream.read(_IN_MEMORY)
    if len(first) < _IN_MEMORY:
        return io.BytesIO(first)
    if stream.seekable():
        stream.seek(0)
        return stream
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the input
    copy.write(first)
    size = len(first)
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > limits.file_bytes:
            copy.close()
            raise Refused("too-large", f"more than {limits.file_bytes:,} bytes; raise limits.file_bytes if it is meant")
        copy.write(chunk)
    copy.seek(0)
    return cast(BinaryIO, copy)


def _guarded_read(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except (gzip.BadGzipFile, EOFError, zlib.error) as problem:
        raise Refused("gzip-damaged", f"the gzip data is damaged or cut ({problem}); write the file again") from problem
