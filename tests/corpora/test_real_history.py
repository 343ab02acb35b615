"""A real history goes in whole: every run has the totals of the archive, and questions can be asked of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
from store.connect import open_reader
from tui.answers.query import Moment, Query
from tui.answers.runs import answer_runs

SHARED = Path(__file__).resolve().parents[3] / "shared" / "histories"
Totals = tuple[int, int, int, int]
"""Passed, failed, errored, skipped."""


def unpacked(out: Path, *only: str) -> Path:
    """The history as files, of the pipelines whose names start so."""
    if not (SHARED / "unpack.py").is_file():
        pytest.skip("the shared history is not beside this checkout")
    arguments = [part for prefix in only for part in ("--only", prefix)]
    subprocess.run([sys.executable, str(SHARED / "unpack.py"), str(out), *arguments], check=True, capture_output=True)
    return out


def counted(folder: Path) -> dict[tuple[str, str], Totals]:
    """(pipeline, run id) -> totals, from the files themselves."""
    totals = {}
    for report in sorted(folder.glob("*/*/junit.xml")):
        note = json.loads((report.parent / "run.json").read_text())
        counts: Counter[str] = Counter()
        for case in ElementTree.parse(report).iter("testcase"):
            counts[case[0].tag if len(case) else "passed"] += 1
        key = (note["cicd.pipeline.name"], note["cicd.pipeline.run.id"])
        totals[key] = (counts["passed"], counts["failure"], counts["error"], counts["skipped"])
    return totals


def check(folder: Path, database: Path) -> int:
    """Ingest a history and compare every run; the number of results."""
    outcomes: list[FileOutcome] = []
    settings = Settings()
    with Ingestion(database, settings, RunIdentity(), settings.limits, {}) as ingestion:
        inputs = [item for item in list_inputs([str(folder)]) if isinstance(item, Input)]
        ingestion.ingest_all(inputs, outcomes.append)
    assert {outcome.status for outcome in outcomes} == {FileStatus.INGESTED}
    connection = open_reader(database)
    try:
        rows = answer_runs(connection, Query(since=Moment(at_ms=0))).rows
    finally:
        connection.close()
    stored = {
        (r.run.pipeline, r.run.run_id): (r.counts.passed, r.counts.failed, r.counts.errored, r.counts.skipped)
        for r in rows
    }
    assert stored == counted(folder)
    return sum(row.counts.tests for row in rows)


def test_three_pipelines_have_the_totals_of_the_archive(tmp_path: Path) -> None:
    """Every run of three pipelines has as many results of each outcome as its report."""
    folder = unpacked(tmp_path / "history", "full-regression.serial", "unit-tests.linux-arm64", "unit-tests.windows")
    assert check(folder, tmp_path / "store.db") > 30_000


@pytest.mark.soak
def test_the_whole_history_has_the_totals_of_the_archive(tmp_path: Path) -> None:
    """All 602 runs and 486,132 results."""
    folder = unpacked(tmp_path / "history")
    assert check(folder, tmp_path / "store.db") == 486_132
    assert len(counted(folder)) == 602
