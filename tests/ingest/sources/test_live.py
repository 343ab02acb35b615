"""Following real folders: nothing is lost and nothing is read half, whatever the watcher misses."""

from __future__ import annotations

import gzip
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.model import FileOutcome, FileStatus
from ingest.sources import live
from ingest.sources.ending import Ending
from ingest.sources.inputs import Input, open_input
from ingest.sources.live import Follower, TailStatus
from ingest.sources.tail import QUIET_MS

REPORT = b"<testsuite>" + b"<testcase name='a'/>" * 50 + b"</testsuite>"
PATIENCE_S = 60.0
LONG_MS = 60_000
"""A grace time that no busy machine uses up."""


class Reader:
    """Takes inputs as the pipeline would and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[FileOutcome] = []
        self.reads = 0
        self.denied: set[str] = set()

    def take(self, inputs: Sequence[Input]) -> list[FileOutcome]:
        """Refuse what does not end as a report must."""
        return [self._outcome(item) for item in inputs]

    def _outcome(self, item: Input) -> FileOutcome:
        self.reads += 1
        if os.path.basename(item.path) in self.denied:  # root may read everything
            return FileOutcome(item.path, FileStatus.REJECTED, reason="permission: may not be read")
        with open_input(item) as stream:
            content = stream.read()
        if content[:2] == b"\x1f\x8b":
            try:
                content = gzip.decompress(content)
            except EOFError:
                return FileOutcome(item.path, FileStatus.REJECTED, reason="gzip-damaged: damaged or cut")
        if b"BROKEN" in content:
            return FileOutcome(item.path, FileStatus.REJECTED, reason="xml-syntax: no report looks like that")
        if content.endswith((b"</testsuite>", b"}\n")):
            return FileOutcome(item.path, FileStatus.INGESTED)
        return FileOutcome(item.path, FileStatus.REJECTED, reason="xml-truncated: ends early")

    def names(self, status: FileStatus = FileStatus.INGESTED) -> set[str]:
        """Base names that ended in a status."""
        return {os.path.basename(outcome.path) for outcome in self.told if outcome.status is status}


@contextmanager
def following(root: Path, reader: Reader, *, grace_ms: int = 1_000, use_polling: bool = False) -> Iterator[None]:
    """A follower in a thread, with a short rescan period."""
    roots = (str(root),)
    with running(
        Follower(roots, reader.take, reader.told.append, rescan_s=0.4, grace_ms=grace_ms, use_polling=use_polling)
    ):
        yield


@contextmanager
def running(follower: Follower) -> Iterator[None]:
    """A follower in a thread that ends with the block."""
    stop = threading.Event()
    thread = threading.Thread(target=follower.follow, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes true within the test's patience."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def test_what_is_there_at_the_start_is_read_first(tmp_path: Path) -> None:
    """The watcher reports no event for it."""
    (tmp_path / "a.xml").write_bytes(REPORT)
    reader = Reader()
    with following(tmp_path, reader):
        assert eventually(lambda: reader.names() == {"a.xml"})


def test_a_slow_writer_is_waited_for(tmp_path: Path) -> None:
    """Pieces over a second: one reading, no refusal."""
    reader = Reader()
    with following(tmp_path, reader, grace_ms=LONG_MS):
        with open(tmp_path / "slow.xml", "wb", buffering=0) as file:
            for start in range(0, len(REPORT), 120):
                file.write(REPORT[start : start + 120])
                time.sleep(0.1)
        assert eventually(lambda: reader.names() == {"slow.xml"})
    assert reader.names(FileStatus.REJECTED) == set()
    assert reader.reads == 1


def test_a_file_that_stays_cut_is_refused_after_the_grace_time(tmp_path: Path) -> None:
    """Once, and the others go on."""
    (tmp_path / "cut.xml").write_bytes(REPORT[:50])
    (tmp_path / "empty.xml").write_bytes(b"")
    (tmp_path / "ok.xml").write_bytes(REPORT)
    reader = Reader()
    with following(tmp_path, reader, grace_ms=LONG_MS):
        assert eventually(lambda: reader.names() == {"ok.xml"})
        assert reader.names(FileStatus.REJECTED) == set()
    reader = Reader()
    with following(tmp_path, reader, grace_ms=600):
        assert eventually(lambda: reader.names(FileStatus.REJECTED) == {"cut.xml", "empty.xml"})
        time.sleep(1.0)
    assert len(reader.told) == 3


def test_copied_and_moved_folders_are_read_whole(tmp_path: Path) -> None:
    """200 of 200 after a copy, 5 of 5 after a move, where events alone give 83 and 0."""
    root, aside = tmp_path / "root", tmp_path / "aside"
    root.mkdir()
    for folder in range(20):
        (aside / "many" / f"d{folder}").mkdir(parents=True)
        for number in range(10):
            (aside / "many" / f"d{folder}" / f"{folder}-{number}.xml").write_bytes(REPORT)
    (aside / "five").mkdir()
    for number in range(5):
        (aside / "five" / f"five-{number}.xml").write_bytes(REPORT)
    reader = Reader()
    with following(root, reader):
        shutil.copytree(aside / "many", root / "many")
        (aside / "five").rename(root / "five")
        assert eventually(lambda: len(reader.names()) == 205)
    assert reader.names(FileStatus.REJECTED) == set()


def test_a_recreated_root_is_followed_again(tmp_path: Path) -> None:
    """The watcher falls silent for ever when its root is deleted."""
    root = tmp_path / "root"
    root.mkdir()
    reader = Reader()
    with following(root, reader):
        (root / "one.xml").write_bytes(REPORT)
        assert eventually(lambda: reader.names() == {"one.xml"})
        shutil.rmtree(root)
        time.sleep(0.5)
        root.mkdir()
        (root / "two.xml").write_bytes(REPORT)
        assert eventually(lambda: "two.xml" in reader.names())


def test_a_name_that_is_not_text_does_not_end_the_watch(tmp_path: Path) -> None:
    """It ends the watcher; the follower goes on, and reads the file too."""
    reader = Reader()
    with following(tmp_path, reader):
        with open(os.path.join(os.fsencode(tmp_path), b"bad\xff.xml"), "wb") as file:
            file.write(REPORT)
        assert eventually(lambda: reader.names() == {"bad\\xff.xml"})
        (tmp_path / "next.xml").write_bytes(REPORT)
        assert eventually(lambda: "next.xml" in reader.names())


def test_unfinished_names_and_special_files_are_left_alone(tmp_path: Path) -> None:
    """A .part file is read under its final name only; a FIFO is told once."""
    reader = Reader()
    with following(tmp_path, reader):
        (tmp_path / "a.xml.part").write_bytes(REPORT[:50])
        os.mkfifo(tmp_path / "fifo.xml")
        (tmp_path / "a.xml.part").write_bytes(REPORT)
        (tmp_path / "a.xml.part").rename(tmp_path / "a.xml")
        assert eventually(lambda: reader.names() == {"a.xml"})
        assert eventually(lambda: reader.names(FileStatus.SKIPPED) == {"fifo.xml"})
        time.sleep(1.0)
    assert len(reader.told) == 2


def test_rest_comes_once_after_a_burst(tmp_path: Path) -> None:
    """What is worked out when nothing comes any more is worked out once."""
    (tmp_path / "a.xml").write_bytes(REPORT)
    reader = Reader()
    rests: list[int] = []

    def rest() -> None:
        rests.append(len(reader.told))

    follower = Follower((str(tmp_path),), reader.take, reader.told.append, rest=rest, rescan_s=0.4)
    with running(follower):
        assert eventually(lambda: bool(rests))
        time.sleep(0.5)
    assert rests == [1]


def test_a_rewritten_report_is_read_again(tmp_path: Path) -> None:
    """Polling as well as events."""
    reader = Reader()
    with following(tmp_path, reader, use_polling=True):
        (tmp_path / "a.xml").write_bytes(REPORT)
        assert eventually(lambda: len(reader.told) == 1)
        (tmp_path / "a.xml").write_bytes(REPORT.replace(b"'a'", b"'b2'"))
        assert eventually(lambda: len(reader.told) == 2)


def test_a_slow_compressed_writer_is_waited_for(tmp_path: Path) -> None:
    """gzip has no end mark that can be seen, and pauses are longer than its quiet time: no refusal, one in."""
    reader = Reader()
    packed = gzip.compress(os.urandom(4000) + REPORT)
    with following(tmp_path, reader, grace_ms=LONG_MS):
        with open(tmp_path / "slow.xml.gz", "wb", buffering=0) as file:
            for start in range(0, len(packed), 1000):
                file.write(packed[start : start + 1000])
                time.sleep(0.4)
        assert eventually(lambda: reader.names() == {"slow.xml.gz"})
    assert reader.names(FileStatus.REJECTED) == set()


def test_one_object_a_line_is_read_when_no_more_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line could be the last; a pause that ends other files is none."""
    monkeypatch.setitem(QUIET_MS, Ending.LINES, 2 * QUIET_MS[Ending.LINES])  # the writer may be kept waiting itself
    reader = Reader()
    with following(tmp_path, reader):
        with open(tmp_path / "go.json", "wb", buffering=0) as file:
            for _ in range(4):
                file.write(b'{"Action": "run"}\n{"Action": "pass"}\n')
                time.sleep(2 * QUIET_MS[Ending.UNKNOWN] / 1000)
        assert eventually(lambda: reader.names() == {"go.json"})
    assert reader.reads == 1


def test_a_refusal_of_a_young_file_is_not_believed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written out of order, its end before its middle: looked at once more, and in. A true refusal is told once."""
    monkeypatch.setattr(live, "DOUBT_MS", LONG_MS)
    reader = Reader()
    with following(tmp_path, reader):
        with open(tmp_path / "holes.xml", "wb", buffering=0) as file:
            file.write(b"<testsuite>BROKEN</testsuite>")
            assert eventually(lambda: reader.reads == 1)
            file.seek(0)
            file.write(b"<testsuite>MENDED</testsuite>")
        assert eventually(lambda: reader.names() == {"holes.xml"})
        monkeypatch.setattr(live, "DOUBT_MS", 500)
        (tmp_path / "bad.xml").write_bytes(b"<testsuite>BROKEN</testsuite>")
        assert eventually(lambda: reader.names(FileStatus.REJECTED) == {"bad.xml"})
        time.sleep(1.0)
    assert [os.path.basename(outcome.path) for outcome in reader.told] == ["holes.xml", "bad.xml"]


def test_an_old_file_is_refused_at_once(tmp_path: Path) -> None:
    """Nobody is writing it."""
    old = tmp_path / "old.xml"
    old.write_bytes(b"<testsuite>BROKEN</testsuite>")
    os.utime(old, (time.time() - 60, time.time() - 60))
    reader = Reader()
    with following(tmp_path, reader):
        assert eventually(lambda: reader.names(FileStatus.REJECTED) == {"old.xml"})
    assert reader.reads == 1


def test_no_permission_yet(tmp_path: Path) -> None:
    """A file that may be read only later is in then, although its bytes and its time are the same; the others go on."""
    locked, reader = tmp_path / "locked.xml", Reader()
    reader.denied = {"locked.xml"}
    locked.write_bytes(REPORT)
    locked.chmod(0)
    with following(tmp_path, reader, grace_ms=800):
        (tmp_path / "ok.xml").write_bytes(REPORT)
        assert eventually(lambda: reader.names() == {"ok.xml"})
        assert eventually(lambda: reader.names(FileStatus.REJECTED) == {"locked.xml"})
        reader.denied = set()
        locked.chmod(0o644)
        assert eventually(lambda: reader.names() == {"ok.xml", "locked.xml"})
    assert len(reader.told) == 3


def test_copied_and_moved_folders_without_events(tmp_path: Path) -> None:
    """Polling finds as much."""
    root, aside = tmp_path / "root", tmp_path / "aside"
    root.mkdir()
    for folder in range(20):
        (aside / "many" / f"d{folder}").mkdir(parents=True)
        for number in range(10):
            (aside / "many" / f"d{folder}" / f"{folder}-{number}.xml").write_bytes(REPORT)
    reader = Reader()
    with following(root, reader, use_polling=True):
        shutil.copytree(aside / "many", root / "copied")
        (aside / "many").rename(root / "moved")
        assert eventually(lambda: len(reader.told) == 400)
    assert len({outcome.path for outcome in reader.told}) == 400


def test_a_burst_is_read_whole_and_once(tmp_path: Path) -> None:
    """Three thousand files at once, some by way of a temporary name."""
    reader = Reader()
    with following(tmp_path, reader):
        for number in range(3000):
            name = tmp_path / (f"{number}.xml.tmp" if number % 3 == 0 else f"{number}.xml")
            name.write_bytes(REPORT)
            if number % 3 == 0:
                name.rename(tmp_path / f"{number}.xml")
        assert eventually(lambda: len(reader.names()) == 3000)
        time.sleep(1.0)
    assert len(reader.told) == 3000


def test_a_folder_inside_another_is_followed_once(tmp_path: Path) -> None:
    """One file has one name, however often its folder was given; a hidden one is nobody's inner folder."""
    for folder in ("a/b", "a/.c"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x.xml").write_bytes(REPORT)
    reader = Reader()
    roots = tuple(str(tmp_path / folder) for folder in ("a/b", "a", "a/", "a/.c"))
    follower = Follower(roots, reader.take, reader.told.append, rescan_s=0.4)
    assert follower.roots == (str(tmp_path / "a"), str(tmp_path / "a/.c"))
    with running(follower):
        assert eventually(lambda: len(reader.told) == 2)


def test_the_status_counts_every_file_once(tmp_path: Path) -> None:
    """Seen is the sum of in, refused and waiting; what waits is in none of them; lag is that of the last one."""
    (tmp_path / "cut.xml").write_bytes(REPORT[:50])
    old = tmp_path / "old.xml"
    old.write_bytes(b"<testsuite>BROKEN</testsuite>")
    os.utime(old, (time.time() - 60, time.time() - 60))
    for number in range(30):
        (tmp_path / f"{number}.xml").write_bytes(REPORT)
    reader = Reader()
    reported: list[TailStatus] = []
    follower = Follower(
        (str(tmp_path),), reader.take, reader.told.append, report=reported.append, rescan_s=0.4, grace_ms=3_000
    )
    with running(follower):
        assert eventually(lambda: follower.status.waiting == 1)
        status = follower.status
        assert (status.seen, status.taken, status.refused) == (32, 30, 1)
        assert reported[0].waiting == 32, "found and not read yet"
        assert eventually(lambda: follower.status.waiting == 0)
        assert (follower.status.taken, follower.status.refused) == (30, 2)
        (tmp_path / "cut.xml").write_bytes(REPORT)
        assert eventually(lambda: follower.status.taken == 31)
        assert follower.status.lag_ms < PATIENCE_S * 1000
    assert reported[-1] == follower.status
    assert len(set(reported)) == len(reported), "nothing is said twice"
