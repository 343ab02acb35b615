"""Everything that is not a report reaches the store through the pipeline."""

from __future__ import annotations

from pathlib import Path

from ingest.model import ChangeTarget, FileOutcome, FileStatus, RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
from store.connect import open_reader
from store.read.changes import list_changes

SHA = "1f" * 20


def test_a_printed_history_becomes_changes_of_the_tests(tmp_path: Path) -> None:
    """`git log` in the documented format: a commit that touches only test code is a change with target `test`."""
    entry = f"commit {SHA}\0{'0' * 40}\0001772700000\0Mira Patel\0test: wait for the mail\0\n"
    (tmp_path / "history.log").write_bytes((entry + "3\t1\ttests/mail/test_receipt.py\0").encode())
    outcomes: list[FileOutcome] = []
    settings = Settings()
    with Ingestion(tmp_path / "store.db", settings, RunIdentity(), settings.limits, {}) as ingestion:
        inputs = [item for item in list_inputs([str(tmp_path / "history.log")]) if isinstance(item, Input)]
        ingestion.ingest_all(inputs, outcomes.append)
    assert [(o.status, o.format, o.warnings) for o in outcomes] == [(FileStatus.INGESTED, "git-log", ())]
    connection = open_reader(tmp_path / "store.db")
    try:
        (change,) = list_changes(connection, 0, 2**53)
    finally:
        connection.close()
    assert (change.change_id, change.target, change.author) == (f"git:{SHA}", ChangeTarget.TEST, "Mira Patel")
