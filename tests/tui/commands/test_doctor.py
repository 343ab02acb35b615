"""`crywolf doctor`: damage is told, no command makes it worse, and a store is made anew from its files."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3  # noqa: TID251 - reads the bytes of a closed store, which no other driver has open
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from store.connect import open_writer
from tests.store.canonical import VIEWS, canonical
from tests.store.making import assert_sound, reading, write_history
from tests.tui.commands.conftest import Run

SEED = 3


def cut_header(data: bytearray) -> None:
    """The first hundred bytes are noise."""
    data[:100] = random.Random(SEED).randbytes(100)


def zero_page(data: bytearray) -> None:
    """The second page is empty."""
    data[4096:8192] = bytes(4096)


def scribble(data: bytearray) -> None:
    """Forty bytes at the head of a page are others: of results, which come back from their files."""
    plain = bytearray(data)
    plain[18:20] = b"\x01\x01"  # no log, which a database in memory cannot have
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(bytes(plain))
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'result'").fetchone()
    start = (page - 1) * 4096
    data[start : start + 40] = random.Random(SEED).randbytes(40)


def cut_half(data: bytearray) -> None:
    """The second half is missing."""
    del data[len(data) // 2 :]


def be_text(data: bytearray) -> None:
    """Something else entirely."""
    data[:] = b"these are not rows\n" * 500


def be_empty(data: bytearray) -> None:
    """Nothing at all."""
    data.clear()


KINDS = (cut_header, zero_page, scribble, cut_half, be_text, be_empty)
Damage = Callable[[bytearray], None]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with inputs; every test has its own copy of it, at the same place."""
    folder = tmp_path_factory.mktemp("doctor")
    write_history(folder / "in", runs=10)
    return folder / "in"


@pytest.fixture
def database(tmp_path: Path, sound: Path, crywolf: Run) -> Path:
    """A sound store with an event of triage and a deployment noted by hand."""
    assert crywolf("ingest", str(sound)).code == 0
    deploy = ("--service", "cart", "--version", "7", "--environment", "staging", "--at", "2026-03-01T12:00:00Z")
    assert crywolf("record", "deploy", *deploy).code == 0
    path = tmp_path / "crywolf.db"
    with closing(open_writer(path)) as connection:
        connection.execute(
            "INSERT INTO triage_event (at_ms, actor, subject_kind, subject, action, old_value, new_value)"
            " SELECT 1, 'ada', 'incident', ident, 'ack', NULL, 'mine' FROM incident ORDER BY ident LIMIT 1"
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def break_it(path: Path, damage: Damage) -> str:
    """Damage a file; its digest afterwards."""
    data = bytearray(path.read_bytes())
    damage(data)
    path.write_bytes(data)
    return sha(path)


def sha(path: Path) -> str:
    """Digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_sound_store(database: Path, crywolf: Run) -> None:
    """Everything is looked at and named; nothing is changed; a sound store is not rebuilt."""
    before = sha(database)
    done = crywolf("doctor", "--json")
    findings = {row["check"]: row for row in json.loads(done.out)["findings"]}
    assert done.code == 0, done.out
    assert {"sqlite", "permissions", "log", "integrity", "schema", "content"} <= findings.keys()
    assert findings["integrity"]["state"] == findings["schema"]["state"] == "ok"
    refused = crywolf("doctor", "--rebuild")
    assert refused.code == 2
    assert "nothing is damaged" in refused.err
    assert sha(database) == before


def test_a_log_that_nobody_could_fold_into_the_store(database: Path, crywolf: Run) -> None:
    """More than 256 MiB of it is a warning that says what to do; the store is sound all the same."""
    with database.with_name(f"{database.name}-wal").open("wb") as log:
        log.truncate(256 * 1024 * 1024 + 1)  # a hole, and without a header no log that counts
    done = crywolf("doctor", "--json")
    (found,) = [row for row in json.loads(done.out)["findings"] if row["check"] == "log"]
    assert (done.code, found["state"]) == (0, "warning")
    assert "close long-open dashboards" in found["text"]


@pytest.mark.parametrize("damage", KINDS, ids=lambda kind: kind.__name__)
def test_damage_is_told_and_left_alone(database: Path, crywolf: Run, damage: Damage) -> None:
    """Doctor names it and the remedy and changes no byte; a reading command never shows a traceback."""
    before = break_it(database, damage)
    done = crywolf("doctor")
    if damage is be_empty:
        assert (done.code, "the file is empty; fill it with `crywolf ingest PATH...`" in done.out) == (0, True)
    else:
        assert done.code == 4
        assert "crywolf doctor --rebuild" in done.out
    assert sha(database) == before
    read = crywolf("runs")
    assert read.code in (0, 4)
    assert "Traceback" not in read.err
    if read.code == 4:
        assert str(database) in read.err
        assert "crywolf doctor" in read.err
    if damage in (cut_header, be_text):
        assert sha(database) == before


@pytest.mark.parametrize("damage", [cut_header, scribble, cut_half, be_text], ids=lambda kind: kind.__name__)
def test_a_store_is_made_anew(tmp_path: Path, database: Path, sound: Path, crywolf: Run, damage: Damage) -> None:
    """From the files its ledger names, or the person; what no file says comes along where it is readable."""
    with reading(database) as connection:
        facts = canonical(connection)
        events = connection.execute("SELECT * FROM triage_event").fetchall()
        incidents = connection.execute("SELECT ident, title, is_open FROM incident ORDER BY 1").fetchall()
    before = break_it(database, damage)
    done = crywolf("doctor", "--rebuild", "--json")
    is_lost = damage in (be_text, cut_half)  # of so small a store, the half that is cut names the tables
    if is_lost:
        assert done.code == 2
        assert "--from PATH" in done.err
        done = crywolf("doctor", "--rebuild", "--from", str(sound), "--json")
    assert (done.code, done.err) == (0, ""), done.err
    told = json.loads(done.out)["rebuilt"]
    aside = tmp_path / "crywolf.db.damaged-1"
    assert (told["damaged"], sha(aside)) == (str(aside), before)
    assert {path.name[:20] for path in tmp_path.glob("crywolf.db.*")} == {"crywolf.db.damaged-1"}, "nothing half made"
    assert_sound(database)
    with reading(database) as connection:
        now = canonical(connection)
        if is_lost:
            facts, now = ({name: f[name] for name in VIEWS if name not in ("change", "service")} for f in (facts, now))
        assert now == facts
        if not told["unreadable"]:
            assert connection.execute("SELECT * FROM triage_event").fetchall() == events
            assert connection.execute("SELECT ident, title, is_open FROM incident ORDER BY 1").fetchall() == incidents
    assert crywolf("doctor").code == 0


def test_files_that_are_gone_are_named(tmp_path: Path, sound: Path, crywolf: Run) -> None:
    """Their results cannot come back; everything else does."""
    shutil.copytree(sound, tmp_path / "in")
    assert crywolf("ingest", "in").code == 0
    lost = tmp_path / "in" / "nightly" / "run-001" / "part-0.xml"
    lost.unlink()
    break_it(tmp_path / "crywolf.db", cut_header)
    done = crywolf("doctor", "--rebuild")
    assert done.code == 0
    assert "1 file is gone, and its results with it" in done.err
    assert str(lost) in done.err
    assert "`crywolf ingest PATH...` adds what is missing" in done.err


@pytest.mark.parametrize(
    ("number", "remedy"), [("user_version", "upgrade crywolf"), ("application_id", "choose another file with --db")]
)
def test_what_is_not_damaged_is_not_made_anew(
    database: Path, sound: Path, crywolf: Run, number: str, remedy: str
) -> None:
    """A store of a newer crywolf and another program's database stay where and as they are; exit code 4."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"PRAGMA {number} = 99")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = sha(database)
    done = crywolf("doctor", "--rebuild", "--from", str(sound))
    assert (done.code, done.out) == (4, "")
    assert remedy in done.err
    assert sha(database) == before


def test_a_text_that_is_none(database: Path, crywolf: Run) -> None:
    """Bytes of a text that are no UTF-8 are damage, with its remedy; what is there instead is not repeated."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("UPDATE run SET branch = CAST(x'1b5d30fe' AS TEXT)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    done = crywolf("runs", "--since", "5000d")
    assert (done.code, done.out) == (4, "")
    assert "is damaged (a text in it is not UTF-8); `crywolf doctor` says what can be done" in done.err


def test_how_files_were_read_is_kept(tmp_path: Path, sound: Path, crywolf: Run) -> None:
    """Options that named the run when a file was read first name it again."""
    report = next(sound.rglob("part-0.xml"))
    shutil.copy(report, tmp_path / "a.xml")
    assert crywolf("ingest", "a.xml", "--pipeline", "nightly", "--run-id", "77").code == 0
    before = crywolf("runs", "--since", "5000d", "--json").out
    break_it(tmp_path / "crywolf.db", cut_header)
    assert crywolf("doctor", "--rebuild").code == 0
    assert crywolf("runs", "--since", "5000d", "--json").out == before
