"""What a store lies on: whether SQLite's log can work there, and whether anything can be written.

The log (WAL) is shared memory between processes of one host. Over a network each host has its own, and a store that two
of them use breaks. The kernel tells such file systems by a number (`statfs`), whatever their mount is called.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

NETWORK_MAGIC = {
    0x6969: "nfs",
    0x517B: "smb",
    0xFF534D42: "cifs",
    0xFE534D42: "smb2",
    0x01021997: "9p",
    0x5346414F: "afs",
    0x6B414653: "afs",
    0x73757245: "coda",
    0x564C: "ncp",
    0x00C36400: "ceph",
    0x0BD00BD0: "lustre",
    0x47504653: "gpfs",
    0x19830326: "beegfs",
    0x7461636F: "ocfs2",
    0x01161970: "gfs2",
    0x786F4256: "vboxsf",
    0x65735546: "fuse",
}
"""`f_type` of statfs(2), as in linux/magic.h and the file systems' own sources."""
_SHARED_MEMORY_BYTES = 64 * 1024
"""The index of the log takes 32 kB at least."""


def network_kind(path: Path) -> str | None:
    """Name of the network file system that a path, or the nearest folder above it, lies on; None: it is local.

    A disk has a device number of its own (`fuseblk` too); only what has none is asked for its kind.
    """
    place = _nearest(path)
    if not sys.platform.startswith("linux") or os.major(os.stat(place).st_dev) != 0:
        return None
    return NETWORK_MAGIC.get(magic_of(place))


def magic_of(path: Path) -> int:
    """`f_type` of the file system that an existing path lies on; 0 where the system does not say."""
    import ctypes  # here: readers of a store on a disk do without

    buffer = (ctypes.c_long * 64)()
    if ctypes.CDLL(None).statfs(os.fsencode(path), buffer) != 0:
        return 0
    return int(buffer[0]) & 0xFFFFFFFF


def is_mounted_read_only(path: Path) -> bool:
    """Whether the whole file system of a path can only be read."""
    return bool(os.statvfs(_nearest(path)).f_flag & os.ST_RDONLY)


def is_full(path: Path) -> bool:
    """Whether a file system has less room than SQLite needs to so much as open a store with a log."""
    found = os.statvfs(_nearest(path))
    return found.f_bavail * found.f_frsize < _SHARED_MEMORY_BYTES


def mount_kind(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """Name of the kind of file system that a path lies on; None where the system does not say."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    real = os.path.realpath(path)
    best, kind = "", None
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
