"""`crywolf rejected`: refused files are shown, read again, exported and forgotten."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest

from ingest.limits import Limits
from ingest.model import RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.inputs import Input
from tests.tui.commands.conftest import Run
from tui.version import VERSION

GOOD = b'<testsuite name="s">\n<testcase classname="c" name="a"/>\n<testcase classname="c" name="b"/>\n</testsuite>\n'
CUT = GOOD[: GOOD.index(b"</testsuite>")]
TOKEN = "ghp_" + "a1B2c3D4" * 5


def refuse(crywolf: Run, path: Path, content: bytes = CUT, *options: str) -> None:
    """Have a file refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    assert crywolf("ingest", str(path), *options).code == 3


def test_one_is_shown_with_its_place(crywolf: Run, tmp_path: Path) -> None:
    """Path, line, reason, size, digest, times, and what stands there; by number, digest or part of its path."""
    refuse(crywolf, tmp_path / "r1" / "cut.xml")
    refuse(crywolf, tmp_path / "r2" / "other.xml", b"<testsuite>\n<a>\n</testsuite>")
    number = next(line.split()[0] for line in crywolf("rejected").out.splitlines() if "cut.xml" in line)
    digest = hashlib.sha256(CUT).hexdigest()
    shown = [crywolf("rejected", which) for which in (number, digest[:9], "cut", str(tmp_path / "r1" / "cut.xml"))]
    assert {done.code for done in shown} == {0}
    assert len({done.out for done in shown}) == 1
    text = shown[0].out
    assert f"{number}  {tmp_path}/r1/cut.xml:4:1\n" in text
    assert "refused   xml-truncated: " in text
    assert f"sha256    {digest}" in text
    assert f"size      {len(CUT)} bytes, taken for junit" in text
    assert f"read by   crywolf {VERSION}" in text
    assert "once, first 20" in text
    assert '    2 | <testcase classname="c" name="a"/>\n' in text


def test_the_excerpt_is_clean(crywolf: Run, tmp_path: Path) -> None:
    """Escape sequences, secrets and long lines of a stranger reach neither screen nor document."""
    long = "x" * 5000
    content = f'<testsuite>\n<testcase name="{long}{TOKEN}\x1b]52;c;AAAA\x07"\n</testsuite>'.encode()
    refuse(crywolf, tmp_path / "bad.xml", content)
    for done in (crywolf("rejected", "bad"), crywolf("rejected", "bad", "--json")):
        assert TOKEN not in done.out
        assert "\x1b" not in done.out
        assert long not in done.out
    (row,) = json.loads(crywolf("rejected", "bad", "--json").out)["rejected"]
    assert row["excerpt"]
    assert all(len(line) < 200 for line in row["excerpt"])


def test_a_mended_file_is_read_again(crywolf: Run, tmp_path: Path) -> None:
    """With the options it was given first; what changed is said; it is off the list."""
    refuse(crywolf, tmp_path / "in" / "cut.xml", CUT, "--pipeline", "nightly", "--run-id", "7")
    (tmp_path / "in" / "cut.xml").write_bytes(GOOD)
    done = crywolf("rejected", "--retry")
    assert done.code == 0
    assert ": in now, 2 results, other bytes than before; was xml-truncated: " in done.out
    assert done.err == "1 refused before: 1 in now, 0 not\n"
    (run,) = json.loads(crywolf("runs", "--json").out)["runs"]
    assert (run["pipeline"], run["run_id"]) == ("nightly", "7")
    assert crywolf("rejected").err == "no file is refused\n"


def test_what_stays_refused_and_what_is_gone(crywolf: Run, tmp_path: Path) -> None:
    """Exit code 3 while something is refused; what cannot be read again says why and stays on the list."""
    refuse(crywolf, tmp_path / "cut.xml")
    refuse(crywolf, tmp_path / "gone.xml", CUT + b" ")
    refuse(crywolf, tmp_path / "else.xml", CUT + b"  ")
    assert crywolf("ingest", "-", given=CUT + b"   ").code == 3
    (tmp_path / "gone.xml").unlink()
    (tmp_path / "else.xml").write_bytes(b"<testsuite><testcase/></other>")
    done = crywolf("rejected", "--retry", "--json")
    assert done.code == 3
    rows = {Path(row["path"]).name: row for row in json.loads(done.out)["retried"]}
    assert (rows["cut.xml"]["status"], rows["cut.xml"]["changed"]) == ("rejected", False)
    assert rows["cut.xml"]["reason"] == rows["cut.xml"]["before"]
    assert rows["gone.xml"]["status"] is None
    assert rows["gone.xml"]["reason"].startswith("is not there any more")
    assert rows["else.xml"]["changed"]
    assert rows["else.xml"]["reason"] != rows["else.xml"]["before"]
    assert rows["-"]["reason"] == "came from standard input; pipe it in again"
    shown = json.loads(crywolf("rejected", "cut.xml", "--json").out)["rejected"]
    assert shown[0]["attempts"] == 2
    assert crywolf("rejected", "--retry", "gone").code == 0, "nothing was refused this time"


def test_parsers_that_improved_are_replayed(crywolf: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that an older version refused and this one reads: the list says so, `--retry` brings it in."""
    path = tmp_path / "r" / "a.xml"
    path.parent.mkdir()
    path.write_bytes(GOOD)
    with (
        monkeypatch.context() as older,
        Ingestion(tmp_path / "crywolf.db", Settings(), RunIdentity(), Limits(), {}, version="0.0.1") as ingestion,
    ):
        from ingest import preparing
        from ingest.errors import Refused

        def refuses(*_: object) -> None:
            raise Refused("xml-shape", "a dialect that is not known yet")

        older.setattr(preparing, "reader_of", lambda name: refuses)
        told: list[str] = []
        item = Input(str(path), path, len(GOOD), 0, is_explicit=False)
        ingestion.ingest_all([item], lambda outcome: told.append(outcome.status.value))
        assert told == ["rejected"]
    assert crywolf("rejected").err == "1 of them by another version of crywolf: `crywolf rejected --retry`\n"
    done = crywolf("rejected", "--retry")
    assert (done.code, "in now, 2 results; was xml-shape" in done.out) == (0, True)


def test_an_export_holds_copies_and_their_description(crywolf: Run, tmp_path: Path) -> None:
    """Names made of letters and digits, bytes as they were; what is gone is described; a folder or a tar."""
    refuse(crywolf, tmp_path / "in" / "cut [red] \x1b;rm.xml")
    refuse(crywolf, tmp_path / "in" / "gone.xml", CUT + b" ")
    (tmp_path / "in" / "gone.xml").unlink()
    done = crywolf("rejected", "--export", "report")
    assert done.code == 0
    assert "1 files copied, 2 described" in done.err
    assert "look for secrets" in done.err
    rows = {row["copy"]: row for row in json.loads((tmp_path / "report" / "rejected.json").read_text())["rejected"]}
    (copy,) = [name for name in rows if name]
    assert copy[5:] == "-cut_red_rm.xml"
    assert (tmp_path / "report" / copy).read_bytes() == CUT
    assert rows[None]["missing"].startswith("is not there any more")
    assert rows[copy]["excerpt"]
    again = crywolf("rejected", "--export", "report")
    assert (again.code, "cannot be written" in again.err) == (2, True)

    packed = crywolf("rejected", "--export", "report.tar.gz", "--json", "cut")
    assert json.loads(packed.out)["rejected"][0]["copy"] == copy
    with tarfile.open(tmp_path / "report.tar.gz") as archive:
        assert sorted(archive.getnames()) == ["rejected", f"rejected/{copy}", "rejected/rejected.json"]
        assert {(member.uid, member.uname) for member in archive} == {(0, "")}
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_forgotten_until_it_is_read_again(crywolf: Run, tmp_path: Path) -> None:
    """Which ones has to be said; the others stay."""
    refuse(crywolf, tmp_path / "one.xml")
    refuse(crywolf, tmp_path / "two.xml", CUT + b" ")
    assert crywolf("rejected", "--forget").code == 2
    done = crywolf("rejected", "--forget", "one")
    assert (done.code, done.err) == (0, "1 refused file forgotten\n")
    assert [row["path"] for row in json.loads(crywolf("rejected", "--json").out)["rejected"]] == [
        str(tmp_path / "two.xml")
    ]
    assert crywolf("ingest", "one.xml").code == 3
    assert len(json.loads(crywolf("rejected", "--json").out)["rejected"]) == 2
    assert crywolf("rejected", "--forget", "--all").err == "2 refused files forgotten\n"


def test_a_name_that_names_nothing_or_too_much(crywolf: Run, tmp_path: Path) -> None:
    """Exit code 2, with the candidates."""
    refuse(crywolf, tmp_path / "one.xml")
    refuse(crywolf, tmp_path / "two.xml", CUT + b" ")
    nothing, several = crywolf("rejected", "three"), crywolf("rejected", "--retry", ".xml")
    assert (nothing.code, "no refused file matches 'three'" in nothing.err) == (2, True)
    assert (several.code, "'.xml' matches 2 refused files" in several.err) == (2, True)
    assert "one.xml" in several.err


def test_a_name_that_is_not_text_is_retried(crywolf: Run, tmp_path: Path) -> None:
    """The ledger has its raw bytes."""
    place = os.path.join(os.fsencode(tmp_path), b"bad\xff.xml")
    with open(place, "wb") as file:
        file.write(CUT)
    assert crywolf("ingest", ".").code == 3
    with open(place, "wb") as file:
        file.write(GOOD)
    assert crywolf("rejected", "--retry").code == 0
