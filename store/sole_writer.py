"""One writer at a time where locks cannot be trusted: a file beside the store says who it is.

Making a file that must not exist works over networks, also where locks do not.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from store.errors import StoreBusy

_held: dict[Path, int] = {}
"""Writers of this process by store: they share the file."""


def become_writer(path: Path) -> None:
    """Be the one process that writes a store, until `stop_writing` was called as often.

    Raises:
        StoreBusy: another process is.
    """
    if path not in _held:
        _claim(_mark_of(path))
    _held[path] = _held.get(path, 0) + 1


def stop_writing(path: Path) -> None:
    """Let another process write, when this was the last writer of this one."""
    _held[path] -= 1
    if not _held[path]:
        del _held[path]
        _mark_of(path).unlink(missing_ok=True)


def _claim(mark: Path) -> None:
    for _ in range(2):
        try:
            descriptor = os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            holder = mark.read_text(encoding="utf-8", errors="replace").split()
            if not _is_gone(holder):
                host, process = (*holder, "?", "?")[:2]
                raise StoreBusy(
                    f"{mark.with_suffix('')}: process {process} on {host} is writing, and on a network file system "
                    f"only one may; wait for it, or delete {mark.name} if it is gone"
                ) from None
            mark.unlink(missing_ok=True)
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(f"{socket.gethostname()} {os.getpid()}\n")
        return
    raise StoreBusy(f"{mark.with_suffix('')}: another process has just begun to write; try again")


def _is_gone(holder: list[str]) -> bool:
    """Whether a process of this host, named by (host, process id), has ended."""
    if len(holder) != 2 or holder[0] != socket.gethostname() or not holder[1].isdigit():
        return False
    try:
        os.kill(int(holder[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return int(holder[1]) == os.getpid()


def _mark_of(path: Path) -> Path:
    return path.with_name(path.name + ".writer")
