"""`crywolf ingest`, `rejected`, `watch` and `record`: bytes on standard output, narration, exit codes."""

from __future__ import annotations

import gc
import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from tests.tui.commands.conftest import Run, assert_golden, environment
from tests.tui.commands.story import write_story
from tui.commands.ingest import ingester
from tui.locations import Place

REPORT = b'<testsuite name="s"><testcase classname="c" name="a"/></testsuite>'


def test_the_documents_of_a_story(crywolf: Run, tmp_path: Path) -> None:
    """Every input is listed in order, with its counts; totals count what is new."""
    write_story(tmp_path / "inputs")
    done = crywolf("ingest", "inputs", "--json")
    assert (done.code, done.err) == (0, "")
    assert_golden("ingest.json", done.out)
    again = json.loads(crywolf("ingest", "inputs", "--json").out)
    assert {row["status"] for row in again["files"]} <= {"duplicate", "ingested"}
    reports = [row for row in again["files"] if row["path"].endswith(".xml")]
    assert {row["status"] for row in reports} == {"duplicate"}
    assert reports[0]["counts"]["tests"] == 3
    assert again["totals"]["counts"]["tests"] == 0


def test_the_summary_for_a_person(crywolf: Run, tmp_path: Path) -> None:
    """Totals on standard output, nothing else; no progress bar in a pipe."""
    write_story(tmp_path / "inputs")
    done = crywolf("ingest", "inputs")
    assert (done.code, done.err) == (0, "")
    assert_golden("ingest.txt", done.out)


def test_refused_input(crywolf: Run, tmp_path: Path) -> None:
    """The rest goes in; the refused file is named with its line; exit code 3; `rejected` lists it."""
    (tmp_path / "good.xml").write_bytes(REPORT)
    (tmp_path / "cut.xml").write_bytes(REPORT[:-5])
    (tmp_path / "notes.txt").write_text("hello")
    done = crywolf("ingest", "good.xml", "cut.xml", "notes.txt")
    assert done.code == 3
    assert done.out.startswith("3 files: 1 ingested, 0 duplicate, 1 rejected, 1 skipped\n")
    assert done.err.startswith("refused cut.xml:1: xml-")
    listed = crywolf("rejected")
    assert listed.code == 0
    assert "cut.xml:1" in listed.out
    (row,) = json.loads(crywolf("rejected", "--json").out)["rejected"]
    assert (row["path"], row["line"]) == ("cut.xml", 1)


def test_reports_of_pruned_days_are_named(crywolf: Run, tmp_path: Path) -> None:
    """Late reports of a pruned day are skipped, and a person is told why."""
    write_story(tmp_path / "inputs")
    assert crywolf("ingest", "inputs").code == 0
    assert crywolf("prune", "--older-than", "2026-11-03").code == 0
    late = b'<testsuite name="s" timestamp="2026-11-02T03:00:00Z"><testcase classname="c" name="a"/></testsuite>'
    (tmp_path / "late.xml").write_bytes(late)
    done = crywolf("ingest", "late.xml", "--pipeline", "nightly", "--run-id", "late")
    assert done.code == 0
    assert done.err.startswith("note: 1 report skipped, pruned: its run began before 2026-11-03")


def test_missing_arguments_are_a_usage_error(crywolf: Run, tmp_path: Path) -> None:
    """All of them are named and nothing is read."""
    (tmp_path / "good.xml").write_bytes(REPORT)
    done = crywolf("ingest", "good.xml", "no\x1b[2Jne.xml", "nothing")
    assert (done.code, done.out) == (2, "")
    assert "no such file or folder: none.xml, nothing\n" in done.err
    assert "\x1b" not in done.err
    other = crywolf("ingest", "ftp://127.0.0.1/r.xml")
    assert (other.code, "only http and https are fetched" in other.err) == (2, True)
    assert not (tmp_path / "crywolf.db").exists()


def test_standard_input_and_gzip(crywolf: Run, tmp_path: Path) -> None:
    """`-`, and a compressed report."""
    done = crywolf("ingest", "-", "--json", "--pipeline", "p", "--run-id", "1", given=REPORT)
    assert [(row["path"], row["status"]) for row in json.loads(done.out)["files"]] == [("-", "ingested")]
    (tmp_path / "r.xml.gz").write_bytes(gzip.compress(REPORT.replace(b'"a"', b'"b"')))
    done = crywolf("ingest", "r.xml.gz", "--json", "--pipeline", "p", "--run-id", "2")
    assert json.loads(done.out)["files"][0]["counts"]["tests"] == 1
    runs = json.loads(crywolf("runs", "--json").out)["runs"]
    assert {(run["pipeline"], run["run_id"]) for run in runs} == {("p", "1"), ("p", "2")}


def test_nothing_on_standard_input_is_refused(crywolf: Run) -> None:
    """What was to write it has failed; nobody may think that all is in."""
    done = crywolf("ingest", "-", given=b"")
    assert done.code == 3
    assert "refused -: empty-file: nothing came" in done.err


def test_an_argument_that_is_skipped_is_named_with_the_reason(crywolf: Run, tmp_path: Path) -> None:
    """What lies in a folder is only counted."""
    (tmp_path / "notes.txt").write_text("hello")
    done = crywolf("ingest", "notes.txt", ".")
    assert done.code == 0
    assert done.err.count("skipped notes.txt: unknown: neither XML") == 1


def test_a_run_behind_a_link_is_that_run(crywolf: Run, tmp_path: Path) -> None:
    """A linked folder, a linked file and a folder below a link: the same files once, shown as they were asked for."""
    run = tmp_path / "nightly" / "41"
    run.mkdir(parents=True)
    (run / "r.xml").write_bytes(REPORT)
    (tmp_path / "nightly" / "latest").symlink_to("41")
    (tmp_path / "last.xml").symlink_to("nightly/41/r.xml")
    (tmp_path / "ci").symlink_to("nightly")
    told = []
    for argument in ("nightly/latest", "nightly/41", "last.xml", "ci/latest/r.xml"):
        (row,) = json.loads(crywolf("ingest", argument, "--json").out)["files"]
        told.append((row["path"], row["status"]))
    assert told == [
        ("nightly/latest/r.xml", "ingested"),
        ("nightly/41/r.xml", "duplicate"),
        ("last.xml", "duplicate"),
        ("ci/latest/r.xml", "duplicate"),
    ]
    (shown,) = json.loads(crywolf("runs", "--json").out)["runs"]
    assert (shown["pipeline"], shown["run_id"]) == ("nightly", "41")


@pytest.mark.parametrize(
    "arguments", [("--shard", "x"), ("--shard", "5/4"), ("--variant", "firefox"), ("--trigger", "wish")]
)
def test_identity_options_are_checked(crywolf: Run, tmp_path: Path, arguments: tuple[str, str]) -> None:
    """With the option's name in the message."""
    (tmp_path / "good.xml").write_bytes(REPORT)
    done = crywolf("ingest", "good.xml", *arguments)
    assert done.code == 2
    assert arguments[0] in done.err


def test_recording_a_deploy_twice_is_recording_it_once(crywolf: Run) -> None:
    """Its id follows from what it says."""
    command = ("record", "deploy", "--service", "web", "--version", "1.2", "--environment", "staging")
    at = ("--at", "2026-11-21T02:08:00Z")
    first, second = crywolf(*command, *at), crywolf(*command, *at, "--title", "feat: x")
    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out
    assert first.out.startswith("recorded web 1.2 in staging at 2026-11-21T02:08:00Z\nrecord:")
    assert crywolf("record", "deploy", "--service", "web").code == 2


def test_watching(tmp_path: Path) -> None:
    """What is there and what comes is told; SIGINT ends it with 130 and the store is whole."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "one.xml").write_bytes(REPORT)
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.cli", "watch", "in", "--json"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["path"] == "in/one.xml"
        (folder / "two.xml").write_bytes(REPORT.replace(b'"a"', b'"b"'))
        row = json.loads(process.stdout.readline())
        assert (row["path"], row["status"], row["counts"]["tests"]) == ("in/two.xml", "ingested", 1)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
        assert (process.returncode, told.strip()) == (130, "interrupted")
    finally:
        process.kill()
        process.communicate()


def test_garbage_is_looked_for_as_before_when_all_is_in(tmp_path: Path) -> None:
    """While files are read garbage is looked for rarely; afterwards as before."""
    (tmp_path / "a.xml").write_bytes(REPORT)
    found, place = list(list_inputs([str(tmp_path)])), Place(tmp_path / "s.db", "test", Settings())
    before, outcomes = gc.get_threshold(), list[FileOutcome]()
    with ingester(place, found, RunIdentity(), {}, 1) as ingest:
        meanwhile = gc.get_threshold()
        ingest(outcomes.append)
    assert [outcome.status for outcome in outcomes] == [FileStatus.INGESTED]
    assert meanwhile[0] > before[0]
    assert gc.get_threshold() == before
