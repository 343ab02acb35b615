"""Reading from streams that give what they have: pipes, sockets, decompressors."""

from __future__ import annotations

import gzip
import zlib
from typing import BinaryIO

from ingest.errors import Refused


def read_fully(stream: BinaryIO, size: int) -> bytes:
    """As many bytes as asked for, fewer only at the end of the stream.

    Raises:
        Refused: `gzip-damaged` when the stream is a decompressor and its input is damaged or cut.
    """
    try:
        data = stream.read(size) or b""
        if len(data) == size or not data:
            return data
        pieces, missing = [data], size - len(data)
        while missing > 0 and (data := stream.read(missing)):
            pieces.append(data)
            missing -= len(data)
    except (gzip.BadGzipFile, EOFError, zlib.error) as problem:
        raise Refused("gzip-damaged", f"the gzip data is damaged or cut ({problem}); write the file again") from None
    return b"".join(pieces)
