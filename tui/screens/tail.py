"""The child process behind `dashboard --watch`: parsing in a thread of this process would stall the screen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_S = 5


def status_of(log: Path) -> Path:
    """The file in which the child that writes this log keeps its status line."""
    return log.with_name("status")


def command(database: Path, folders: tuple[Path, ...], status: Path, *, is_polling: bool = False) -> list[str]:
    """`crywolf watch DIR... --db FILE`, with the script beside this interpreter."""
    beside = Path(sys.executable).with_name("crywolf")
    script = str(beside) if beside.exists() else shutil.which("crywolf") or "crywolf"
    options = ["--status", str(status), "--parent", str(os.getpid()), *(["--poll"] if is_polling else [])]
    return [script, "--db", str(database), "watch", *options, *(str(folder) for folder in folders)]


@contextmanager
def tailing(database: Path, folders: tuple[Path, ...], *, is_polling: bool = False) -> Iterator[Path]:
    """Runs the child while the block runs; gives the file where it writes what it has to say."""
    with tempfile.TemporaryDirectory(prefix="crywolf-") as folder:
        log = Path(folder) / "watch.log"
        with log.open("wb") as sink:
            child = subprocess.Popen(
                command(database, folders, status_of(log), is_polling=is_polling),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        try:
            yield log
        finally:
            _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
