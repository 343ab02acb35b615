"""`crywolf watch` on real folders: every file is in the store once, whatever happens to its folder, and told once."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import pytest

from store.connect import open_reader
from tests.store.making import assert_sound
from tests.tui.commands.conftest import environment

PATIENCE_S = 60.0


def report(number: int) -> bytes:
    """A report unlike any other."""
    return b'<testsuite name="s"><testcase classname="c" name="t%d"/></testsuite>' % number


@contextmanager
def started(
    folder: Path, *arguments: str, stdout: int | IO[bytes], stderr: int, stdin: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`crywolf watch` in a process of its own, which does not outlive the block, whatever happens in it."""
    command = [sys.executable, "-m", "tui.cli", "watch", *arguments]
    process = subprocess.Popen(command, cwd=folder, env=environment(folder), stdin=stdin, stdout=stdout, stderr=stderr)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def watching(folder: Path, *arguments: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command with its lines in a file; SIGTERM ends it, without a word."""
    with log.open("wb") as out, started(folder, *arguments, "--json", stdout=out, stderr=subprocess.PIPE) as process:
        yield process
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, said) == (0, b"")


def told(log: Path) -> list[dict[str, object]]:
    """Files that were told so far."""
    return [json.loads(row) for row in log.read_bytes().splitlines() if row.endswith(b"}")]


def wait_for(log: Path, count: int, *, patience_s: float = PATIENCE_S) -> list[dict[str, object]]:
    """What was told once it is so many files."""
    deadline = time.monotonic() + patience_s
    while log.read_bytes().count(b"\n") < count and time.monotonic() < deadline:
        time.sleep(0.05)
    return told(log)


def names_in(database: Path) -> list[str]:
    """Names of the tests in the store, one a part."""
    with closing(open_reader(database)) as connection:
        query = "SELECT t.name FROM result x JOIN test_case t ON t.test_id = x.test_id ORDER BY 1"
        return [row[0] for row in connection.execute(query)]


@pytest.mark.parametrize("options", [(), ("--poll",)])
def test_trees_and_odd_names(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Copied, moved and re-created folders, names that are no text, a slow writer: 214 of 214, each once."""
    root, aside, log = tmp_path / "in", tmp_path / "aside", tmp_path / "log"
    root.mkdir()
    (root / "first.xml").write_bytes(report(0))
    number = 1
    for folder in range(20):
        (aside / "many" / f"d{folder}").mkdir(parents=True)
        for _ in range(10):
            (aside / "many" / f"d{folder}" / f"{number}.xml").write_bytes(report(number))
            number += 1
    (aside / "five").mkdir()
    for _ in range(5):
        (aside / "five" / f"{number}.xml").write_bytes(report(number))
        number += 1
    with watching(tmp_path, "in", *options, log=log):
        wait_for(log, 1)
        shutil.copytree(aside / "many", root / "many")
        (aside / "five").rename(root / "five")
        with open(os.path.join(os.fsencode(root), b"bad\xff.xml"), "wb") as file:
            file.write(report(number))
        with open(root / "slow.xml", "wb", buffering=0) as slow:
            for start in range(0, len(report(number + 1)), 10):
                slow.write(report(number + 1)[start : start + 10])
                time.sleep(0.1)
        (root / "late.xml.part").write_bytes(report(number + 2))
        assert len(wait_for(log, 208)) == 208
        (root / "late.xml.part").rename(root / "late.xml")
        assert len(wait_for(log, 209)) == 209
        shutil.rmtree(root)
        time.sleep(0.3)
        root.mkdir()
        for extra in range(5):
            (root / f"again-{extra}.xml").write_bytes(report(number + 3 + extra))
        rows = wait_for(log, 214)
    assert [row for row in rows if row["status"] != "ingested"] == []
    assert len({row["path"] for row in rows}) == len(rows) == 214
    assert sorted(names_in(tmp_path / "crywolf.db")) == sorted(f"t{n}" for n in range(214))


def test_the_status_line_off_a_terminal(tmp_path: Path) -> None:
    """On standard error, when nothing is waited for; standard output has a line a file; SIGTERM ends it with 0."""
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / "in" / f"{number}.xml").write_bytes(report(number))
    (tmp_path / "in" / "cut.xml").write_bytes(report(9)[:-9])
    with started(tmp_path, "in", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().decode() for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=PATIENCE_S)[1].decode()
        assert process.returncode == 0
    assert lines == [f"ingested   in/{number}.xml  1 passed\n" for number in range(3)]
    assert said.startswith("watching in; ctrl+c ends it\n")
    assert "\x1b" not in said
    last = said.splitlines()[-1]
    waiting = "(waiting 1, refused 0|waiting 0, refused 1)"  # the grace time may be over
    assert re.match(f"seen 4, in 3, {waiting}, lag ", last)


def test_the_status_line_on_a_terminal(tmp_path: Path) -> None:
    """One line that is wiped before anything else is said, and never left half."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xml").write_bytes(report(1))
    master, slave = pty.openpty()
    seen = b""
    with started(tmp_path, "in", stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        deadline = time.monotonic() + PATIENCE_S
        while b"in 1, waiting 0" not in seen and time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                seen += os.read(master, 4096)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_S)
    os.close(master)
    assert b"\r\x1b[Kingested   in/a.xml  1 passed\r\nseen 1, in 1, waiting 0, refused 0, lag " in seen


@pytest.mark.soak
def test_ten_thousand_files_at_once(tmp_path: Path) -> None:
    """A burst while the tail runs: none lost, none refused, none twice."""
    root, log = tmp_path / "in", tmp_path / "log"
    root.mkdir()
    with watching(tmp_path, "in", log=log):
        time.sleep(2)
        for number in range(10_000):
            folder = root / f"d{number % 40}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.xml").write_bytes(report(number))
        rows = wait_for(log, 10_000, patience_s=600)
        time.sleep(6)
        rows = told(log)
    assert {row["status"] for row in rows} == {"ingested"}
    assert len({row["path"] for row in rows}) == len(rows) == 10_000
    assert len(names_in(tmp_path / "crywolf.db")) == 10_000
    assert_sound(tmp_path / "crywolf.db")
