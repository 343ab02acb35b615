"""How long a person waits: for `--help`, and for the first rows of the dashboard in a terminal.

    python -m bench.start [--rounds 15] [--store FILE]...

`--help` is compared with a bare interpreter, in turn. The dashboard runs in a pseudo-terminal of 120x40; the clock runs
from the start of the process until the title of the first incident (or the name of its test) is on the screen, once
with the Triage answer that ingest kept and once with it outdated, so that it is worked out. Between them: until a key
that was pressed at the start is answered. Stores: the sample, the
real history (skipped where it is not), and any that are named.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.corpora import unpack_history
from bench.measuring import ROOT, headline, median, table
from ingest.model import RunIdentity
from ingest.settings import Settings, load_settings
from store.connect import open_reader, open_writer
from tui.answers.query import Query
from tui.answers.triage import answer_triage
from tui.commands.ingest import ingest_paths
from tui.locations import Place
from tui.remembered import FILE_NAME

CRYWOLF = str(Path(sys.executable).parent / "crywolf")
COLUMNS, LINES = 120, 40
PATIENCE_S = 60.0
KEY_LIST = ([b"Scroll the other pane down"], b"?")
"""What the list of keys says, and the key that opens it; pressed before the dashboard reads any."""
SHOWN = 14
"""Characters of a title that surely fit into its column."""
_ESCAPES = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[@-Z\\-_])")
_IMPORT = "import time; began = time.perf_counter(); import tui.app; print((time.perf_counter() - began) * 1000)"


def run_ms(command: list[str]) -> float:
    """Milliseconds of one process from start to end."""
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1000


def commands(rounds: int) -> None:
    """Print what starting costs."""
    routes = {"bare python": [sys.executable, "-c", "pass"], "crywolf --help": [CRYWOLF, "--help"]}
    taken: dict[str, list[float]] = {name: [] for name in (*routes, "import tui.app")}
    for _ in range(rounds):
        for name, command in routes.items():
            taken[name].append(run_ms(command))
        done = subprocess.run([sys.executable, "-c", _IMPORT], cwd=ROOT, capture_output=True, text=True, check=True)
        taken["import tui.app"].append(float(done.stdout))
    base = min(taken["bare python"])
    rows = [(n, f"{min(t):.0f}", f"{median(t):.0f}", f"{min(t) / base:.1f}") for n, t in taken.items()]
    table(("command", "ms min", "ms median", "x bare python"), rows)


def marks_of(database: Path, settings: Settings) -> list[bytes]:
    """Texts of which one must be on the first screen: the first incidents by title and by name."""
    with closing(open_reader(database)) as connection:
        incidents = answer_triage(connection, Query(settings=settings)).incidents
    texts = [text for row in incidents[:5] for text in (row.title, row.lead.name)]
    return [text[:SHOWN].strip().encode() for text in texts if len(text) >= 4]


def first_rows_ms(database: Path, marks: list[bytes], typed: bytes = b"") -> float | None:
    """Milliseconds from the start of the process until one of the texts is on screen; None: never.

    `typed` is in the terminal before the process reads it.
    """
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(database.parent)
        # An installed crywolf is compiled; where bytecode may not be written, a checkout would be compiled every time.
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        os.execve(CRYWOLF, [CRYWOLF, "--db", str(database)], environ)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    os.write(terminal, typed)
    try:
        seen = b""
        while time.perf_counter() - began < PATIENCE_S:
            if not select.select([terminal], [], [], 0.5)[0]:
                continue
            seen += os.read(terminal, 65_536)
            text = _ESCAPES.sub(b"", seen)
            if any(mark in text for mark in marks):
                return (time.perf_counter() - began) * 1000
    except OSError:
        return None  # the process has ended
    finally:
        _leave(pid, terminal)
    return None


def _leave(pid: int, terminal: int) -> None:
    """Press q; kill what does not listen."""
    deadline = time.monotonic() + 5
    try:
        os.write(terminal, b"q")
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                os.read(terminal, 65_536)
            if os.waitpid(pid, os.WNOHANG)[0]:
                return
    except OSError:
        pass  # the terminal is gone; so is the process, or it is about to be
    finally:
        os.close(terminal)
    try:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def outdate(database: Path) -> None:
    """Make the kept answers worthless, as any writing does."""
    with closing(open_writer(database)) as connection:
        connection.execute("UPDATE state SET value = value + 1 WHERE name = 'revision'")


def screens(name: str, database: Path, settings: Settings, rounds: int) -> list[tuple[str, ...]]:
    """Rows of one store: with the kept answer and without."""
    marks = marks_of(database, settings)
    if not marks:
        return [(f"{name}: nothing is red, nothing to wait for", "", "")]
    rows: list[tuple[str, ...]] = []
    first_rows_ms(database, marks)  # warm: bytecode written, files in memory
    rows.append(_timed(f"{name}, kept answer: first rows", rounds, lambda: first_rows_ms(database, marks)))
    keyed = _timed(f"{name}, kept answer: first key answered", rounds, lambda: first_rows_ms(database, *KEY_LIST))
    rows.append(keyed)
    outdate(database)
    rows.append(_timed(f"{name}, answer worked out: first rows", rounds, lambda: first_rows_ms(database, marks)))
    return rows


def _timed(name: str, rounds: int, measure: Callable[[], float | None]) -> tuple[str, ...]:
    """A row: shortest and median of so many measurements."""
    taken = [one for one in (measure() for _ in range(rounds)) if one is not None]
    return (name, f"{min(taken):.0f}", f"{median(taken):.0f}") if taken else (name, "never", "never")


def fill(database: Path, folder: Path) -> Settings:
    """Ingest a folder as `crywolf ingest` does; the settings beside it."""
    file = folder / "crywolf.toml"
    settings = load_settings(file) if file.is_file() else Settings()
    ingest_paths(Place(database, "bench", settings), (str(folder),), RunIdentity(), environ={})
    if file.is_file():
        (database.parent / "crywolf.toml").write_bytes(file.read_bytes())
    return settings


def know_the_tour(state: Path) -> None:
    """A state directory of its own, of somebody who has seen the tour: that would take the keys."""
    file = state / "crywolf" / FILE_NAME
    file.parent.mkdir(parents=True)
    file.write_text('{"toured": true}', encoding="utf-8")
    os.environ["XDG_STATE_HOME"] = str(state)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--store", type=Path, action="append", default=[], help="one more store")
    options = parser.parse_args(arguments)
    headline("Start: help and first rows", f"{options.rounds} rounds, a third of them for screens")
    commands(options.rounds)
    rounds = max(1, options.rounds // 3)
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory(prefix="crywolf-bench-") as name:
        scratch = Path(name)
        know_the_tour(scratch / "state")
        sample = scratch / "sample"
        sample.mkdir()
        settings = fill(sample / "sample.db", ROOT / "sample_reports" / "data")
        rows += screens("sample", sample / "sample.db", settings, rounds)
        reason = unpack_history(scratch / "history")
        if reason is None:
            fill(scratch / "history.db", scratch / "history")
            rows += screens("real history", scratch / "history.db", Settings(), rounds)
        else:
            rows.append((f"real history: skipped, {reason}", "", ""))
        for store in options.store:
            rows += screens(store.name, store.resolve(), Settings(), rounds)
    table((f"first rows on {COLUMNS}x{LINES}", "ms min", "ms median"), rows)


if __name__ == "__main__":
    main()
