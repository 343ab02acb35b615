"""Stores on full, read-only and network file systems: said by name, with the remedy, and nothing is damaged."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from store import access, connect, file_system, sole_writer
from store.connect import open_reader, open_writer
from store.errors import StoreBusy, StoreOnNetwork
from tests.store.canonical import differing
from tests.store.making import assert_sound, ingest, reading, write_history
from tests.tui.commands.conftest import Run

NFS = 0x6969
Mount = Callable[[str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a file system in memory, with options; skips where that is not allowed."""
    place = tmp_path / "mounted"

    def mounted(options: str) -> Path:
        place.mkdir(exist_ok=True)
        again = "remount," if os.path.ismount(place) else ""
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", again + options, "crywolf-test", str(place)], capture_output=True, text=True
        )
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        return place

    yield mounted
    if os.path.ismount(place):
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(tmp_path: Path, mount: Mount, crywolf: Run) -> None:
    """Exit code 4 with what is stored and what waits; that is there and sound; with room again the rest goes in."""
    write_history(tmp_path / "in", runs=60, files=4, cases=60)
    ingest(tmp_path / "whole.db", tmp_path / "in")
    place = mount("size=12m")
    database = place / "store.db"
    ballast = place / "ballast"
    ballast.write_bytes(bytes(12 * 1024 * 1024 - 700_000))
    done = crywolf("--db", str(database), "ingest", str(tmp_path / "in"))
    assert done.code == 4, done
    assert f"{database}: no space left on its disk" in done.err
    assert "files are stored" in done.err
    assert "Traceback" not in done.err
    stored = int(done.err.split("nothing is lost; ")[1].split(" files")[0])
    with closing(open_reader(database)) as connection:
        assert connect.find_damage(connection) == ()
        assert connection.execute("SELECT count(*) FROM source_file").fetchone()[0] >= stored
    read = crywolf("--db", str(database), "runs", "--since", "5000d", "--json")
    assert read.code == 0, read.err
    ballast.unlink()
    assert crywolf("--db", str(database), "ingest", str(tmp_path / "in")).code == 0
    assert_sound(database)
    with reading(tmp_path / "whole.db") as one, reading(database) as other:
        assert differing(one, other) == {}


def test_a_medium_that_cannot_be_written(tmp_path: Path, mount: Mount, crywolf: Run) -> None:
    """Questions are answered; what writes says why not, exit code 4; doctor says read-only."""
    write_history(tmp_path / "in", runs=4)
    place = mount("size=12m")
    database = place / "store.db"
    ingest(database, tmp_path / "in")
    before = crywolf("--db", str(database), "runs", "--since", "5000d", "--json")
    mount("ro")
    assert crywolf("--db", str(database), "runs", "--since", "5000d", "--json") == before
    written = crywolf("--db", str(database), "ingest", str(tmp_path / "in"))
    assert written.code == 4
    assert "may not be written" in written.err
    assert "--db" in written.err
    told = crywolf("--db", str(database), "doctor")
    assert "read-only" in told.out
    new = crywolf("--db", str(place / "new.db"), "ingest", str(tmp_path / "in"))
    assert (new.code, "cannot be created" in new.err) == (4, True)


def test_a_deed_on_a_full_or_read_only_disk(tmp_path: Path, mount: Mount, crywolf: Run) -> None:
    """It is said why, exit code 4, and nothing of it is written; with room again the same command does it."""
    write_history(tmp_path / "in", runs=2)
    database = mount("size=4m") / "store.db"
    ingest(database, tmp_path / "in")
    listed = json.loads(crywolf("--db", str(database), "failures", "--since", "5000d", "--json").out)["failures"]
    note = ("--db", str(database), "triage", "note", "seen", listed[0]["test"])
    ballast = database.with_name("ballast")
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    full = crywolf(*note)
    assert (full.code, "no space left on its disk" in full.err) == (4, True), full
    ballast.unlink()
    assert crywolf("--db", str(database), "triage", "log", "--json").out.count('"seen"') == 0
    assert crywolf(*note).code == 0
    mount("size=4m,ro")
    refused = crywolf(*note)
    assert (refused.code, "may not be written" in refused.err) == (4, True), refused
    assert crywolf("--db", str(database), "triage", "log", "--json").out.count('"seen"') == 1


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everything lies on NFS, as far as `statfs` says."""
    monkeypatch.setattr(file_system, "magic_of", lambda path: NFS)
    monkeypatch.setattr(os, "major", lambda device: 0)
    yield
    access.allow()


@pytest.mark.usefixtures("network")
def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    """Nothing is made there; the message names its kind, the remedy and the option."""
    database = tmp_path / "store.db"
    with pytest.raises(StoreOnNetwork, match=r"network file system \(nfs\).*local disk.*--allow-network-fs"):
        open_writer(database)
    assert not database.exists()


def test_a_store_with_a_log_is_not_read_over_a_network(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Another host may be writing into a log that is not seen here."""
    database = tmp_path / "store.db"
    open_writer(database).close()
    request.getfixturevalue("network")
    with pytest.raises(StoreOnNetwork):
        open_reader(database)


@pytest.mark.usefixtures("network")
def test_an_allowed_one_has_no_log_and_one_writer(tmp_path: Path) -> None:
    """Rollback journal, also where there was a log; a second process is told who writes; readers read."""
    access.allow(network=True)
    database = tmp_path / "store.db"
    write_history(tmp_path / "in", runs=3)
    ingest(database, tmp_path / "in")
    assert not list(tmp_path.glob("store.db-*")) + list(tmp_path.glob("store.db.*"))
    with closing(open_writer(database)) as first, closing(open_writer(database)) as second:
        assert first.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
        assert second.execute("SELECT count(*) FROM run").fetchone()[0] == 3, "writers of one process share the mark"
        mark = tmp_path / "store.db.writer"
        mine = mark.read_text()
        sole_writer._held.clear()  # as if another process held it
        mark.write_text(mine.replace(str(os.getpid()), "1"))
        with pytest.raises(StoreBusy, match=r"process 1 on .* is writing"):
            open_writer(database)
        mark.write_text("elsewhere 1\n")
        with pytest.raises(StoreBusy, match="process 1 on elsewhere"):
            open_writer(database)
        with reading(database) as connection:
            assert connection.execute("SELECT count(*) FROM run").fetchone()[0] == 3
        sole_writer._held[database] = 2
    assert not mark.exists()
    mark.write_text(mine.replace(str(os.getpid()), str(_dead_process())))
    open_writer(database).close()
    assert not mark.exists(), "one that is gone holds nothing"


def _dead_process() -> int:
    """Id of a process that has ended."""
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


def test_local_disks_are_local(tmp_path: Path) -> None:
    """Nothing is refused where the tests run; each magic number has a name."""
    assert file_system.network_kind(tmp_path / "not" / "there") is None
    assert file_system.magic_of(Path("/proc")) == 0x9FA0
    assert file_system.NETWORK_MAGIC[NFS] == "nfs"


def test_durable_commits(tmp_path: Path, crywolf: Run) -> None:
    """By option, variable and setting every writer waits for the disk; `config` says so."""
    try:
        for durable, level in ((True, 2), (False, 1)):
            access.allow(durable=durable)
            with closing(open_writer(tmp_path / "store.db")) as connection:
                assert connection.execute("PRAGMA synchronous").fetchone()[0] == level
    finally:
        access.allow()
    write_history(tmp_path / "in", runs=1)
    assert crywolf("--durable", "ingest", "in").code == 0
    (tmp_path / "crywolf.toml").write_text("[store]\ndurable = true\n")
    rows = {row["key"]: row for row in json.loads(crywolf("config", "--json").out)["settings"]}
    assert (rows["store.durable"]["value"], rows["store.network"]["value"]) == ("true", "false")
