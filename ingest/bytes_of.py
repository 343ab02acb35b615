"""The bytes of one input, ready to be hashed and then read: small ones in memory, large ones twice from the file."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ingest.errors import IngestError, Refused
from ingest.limits import Limits
from ingest.sources.compressed import compression_of, decompressed
from ingest.sources.guarded import Guarded
from ingest.sources.inputs import Input, open_input

HEAD_BYTES = 64 * 1024
_IN_MEMORY = 8 * 1024 * 1024
_CHUNK = 1024 * 1024
_MAGIC_BYTES = 8


@dataclass(slots=True)
class Bytes:
    """An input with its digest; `stream` stands at its start."""

    stream: BinaryIO
    digest: bytes
    size_bytes: int
    """As stored on disk, before decompression."""
    head: bytes
    compression: str = ""
    """gzip, bzip2, xz or zstd; empty for what was not compressed."""

    def whole(self, limit: int) -> bytes:
        """Everything, for documents that are read in one piece.

        Raises:
            Refused: it is larger than `limit` bytes.
        """
        self.stream.seek(0)
        data = self.stream.read(limit + 1)
        if len(data) > limit:
            raise Refused("too-large", f"more than {limit:,} bytes; raise limits.document_bytes if it is meant")
        return data

    def anywhere(self) -> BinaryIO:
        """The same bytes to be read in any order, for archives: a copy in memory or in an unnamed file if need be.

        Raises:
            Refused: as reading does.
        """
        self.stream.seek(0)
        if not isinstance(self.stream, Guarded):
            return self.stream
        copy = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with the input
        while chunk := self.stream.read(_CHUNK):
            copy.write(chunk)
        copy.seek(0)
        return cast(BinaryIO, copy)


def load(stream: BinaryIO, limits: Limits) -> Bytes:
    """Hash an input and make it readable from the start, decompressed.

    Raises:
        Refused: `too-large`, or compressed data that is damaged, cut or beyond a limit.
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
    compression = compression_of(seekable.read(_MAGIC_BYTES))
    seekable.seek(0)
    opened = decompressed(seekable, compression, size, limits) if compression else seekable
    head = opened.read(HEAD_BYTES)
    opened.seek(0)
    return Bytes(opened, digest.digest(), size, head, compression)


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


def digest_at(location: bytes) -> bytes | None:
    """Digest of the regular file at a place, as `load` says it; None where none can be read."""
    try:
        with open_input(Input("", Path(os.fsdecode(location)), None, None, False)) as stream:
            return hashlib.file_digest(cast(io.BufferedReader, stream), "sha256").digest()
    except (IngestError, OSError, ValueError):
        return None
