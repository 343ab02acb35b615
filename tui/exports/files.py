"""Writing an export: to standard output, or to a file that is either the old one or the whole new one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tui.streams import inert


def write_whole(path: Path, text: str) -> None:
    """Replace a file by text in UTF-8, inert when it is shown; a full disk or a crash leaves the old one.

    Raises:
        OSError: it cannot be written.
    """
    write_bytes(path, inert(text).encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file; a full disk or a crash leaves the old one.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, usual_mode())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def usual_mode() -> int:
    """The mode a new file would have; `mkstemp` makes it readable for the owner only."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
