"""Single compressed files: gzip, bzip2, xz and Zstandard, told by their first bytes and read in place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO, cast

from ingest.limits import Limits
from ingest.sources.guarded import Guarded

_MAGIC = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"))
_SUFFIXES = {
    "gzip": (".gz", ".tgz"),
    "bzip2": (".bz2", ".tbz2"),
    "xz": (".xz", ".txz"),
    "zstd": (".zst", ".tzst"),
}
_WINDOW_LOG = 27
"""Zstandard streams that need a larger window than 128 MiB are refused."""
_XZ_MEMORY = 256 * 1024 * 1024


def compression_of(head: bytes) -> str:
    """gzip, bzip2, xz or zstd by the first bytes; empty for anything else.

    >>> compression_of(b"\\x1f\\x8b\\x08"), compression_of(b"<a/>")
    ('gzip', '')
    """
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def inner_name(path: str, compression: str) -> str:
    """The name of what a compressed file holds.

    >>> inner_name("a/report.xml.gz", "gzip"), inner_name("a.tgz", "gzip"), inner_name("a", "xz")
    ('a/report.xml', 'a.tar', 'a')
    """
    for suffix in _SUFFIXES[compression]:
        if path.lower().endswith(suffix):
            return path[: -len(suffix)] + (".tar" if suffix.startswith(".t") else "")
    return path


def decompressed(stream: BinaryIO, compression: str, stored_bytes: int, limits: Limits) -> BinaryIO:
    """What a compressed stream holds, bounded; it can be rewound if the stream can."""
    start = _STARTS[compression]

    def begin() -> BinaryIO:
        stream.seek(0)
        return start(stream)

    damages = (_zstd_module().ZstdError,) if compression == "zstd" else ()
    return cast(BinaryIO, Guarded(begin, compression, stored_bytes, limits, damages=damages))


def _gzip(stream: BinaryIO) -> BinaryIO:
    import gzip

    return cast(BinaryIO, gzip.GzipFile(fileobj=stream))


def _bzip2(stream: BinaryIO) -> BinaryIO:
    import bz2

    return cast(BinaryIO, bz2.BZ2File(stream))


def _xz(stream: BinaryIO) -> BinaryIO:
    import lzma

    lzma.LZMADecompressor(memlimit=_XZ_MEMORY).decompress(stream.read(4096), max_length=1)
    stream.seek(0)
    return cast(BinaryIO, lzma.LZMAFile(stream))


def _zstd(stream: BinaryIO) -> BinaryIO:
    zstd = _zstd_module()
    return cast(BinaryIO, zstd.ZstdFile(stream, options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}))


def _zstd_module() -> Any:
    """The standard library's from Python 3.14 on, its backport before."""
    return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


_STARTS: dict[str, Callable[[BinaryIO], BinaryIO]] = {"gzip": _gzip, "bzip2": _bzip2, "xz": _xz, "zstd": _zstd}
