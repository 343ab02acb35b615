"""No secret of an ingested file is anywhere in the store, and the file's outcome tells how many were taken out."""

from __future__ import annotations

import json
from pathlib import Path

from ingest.limits import Limits
from ingest.model import FileOutcome, RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input

SECRET = "ghp_CANARY0123456789abcdefghijABCDEFGHIJ"
REPORT = f"""<testsuite name="s {SECRET}" tests="3">
  <properties><property name="cicd.pipeline.run.url.full" value="https://ci:CANARYpw@ci.example/1"/></properties>
  <testcase classname="c" name="login {SECRET}"><failure message="{SECRET}">{SECRET}</failure></testcase>
  <testcase classname="c {SECRET}" name="logout" file="{SECRET}.py"/>
  <testcase classname="c" name="skip"><skipped message="{SECRET}"/></testcase>
</testsuite>"""
EVENT = {
    "context": {"id": "e1", "type": "dev.cdevents.service.deployed.0.2.0", "timestamp": "2026-01-01T00:00:00Z"},
    "subject": {
        "id": "pay",
        "content": {"environment": {"id": "prod"}, "artifactId": "pkg:oci/pay@sha256:" + "a1" * 32},
    },
    "customData": {"title": f"rotate {SECRET}", "author": SECRET, "url": f"https://x/?token={SECRET}"},
}


def ingest(folder: Path) -> tuple[list[FileOutcome], bytes]:
    """Outcomes of everything in a folder, and every byte that was written."""
    outcomes: list[FileOutcome] = []
    database = folder.parent / "crywolf.db"
    with Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as ingestion:
        ingestion.ingest_all((i for i in list_inputs([str(folder)]) if isinstance(i, Input)), outcomes.append)
        written = b"".join(path.read_bytes() for path in folder.parent.glob("crywolf.db*"))
    return outcomes, written


def test_reports_and_changes(tmp_path: Path) -> None:
    """Names, files, messages, traces, skips, run URLs, titles; the counts name the kinds."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.xml").write_text(REPORT)
    (folder / "b.json").write_text(json.dumps(EVENT))
    outcomes, written = ingest(folder)
    assert b"CANARY" not in written
    assert {Path(outcome.path).name: outcome.warnings[-1] for outcome in outcomes} == {
        "a.xml": "7 secrets redacted: github-token 6, url-password 1",
        "b.json": "3 secrets redacted: github-token 3",
    }


def test_the_same_name_in_two_files_is_counted_in_both(tmp_path: Path) -> None:
    """What a file held does not depend on what was read before it."""
    folder = tmp_path / "in"
    for run in ("1", "2"):
        (folder / run).mkdir(parents=True)
        (folder / run / "a.xml").write_text(
            f"<testsuite name='s'><testcase name='{SECRET}' classname='{run}'/>"
            f"<testcase name='{SECRET}' classname='c'/></testsuite>"
        )
    outcomes, _ = ingest(folder)
    assert [outcome.warnings for outcome in outcomes] == [("2 secrets redacted: github-token 2",)] * 2


def test_refusal_reasons(tmp_path: Path) -> None:
    """What a refusal quotes of a file is redacted too."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps({SECRET[:30]: 1}))
    outcomes, written = ingest(folder)
    assert "[redacted github-token]" in (outcomes[0].reason or "")
    assert b"CANARY" not in written
