"""What people say of failures, walked through on the command line: the waiver audit, and ids that stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.store.making import run_note, write
from tests.tui.commands.conftest import Run

SERVICES = {"pays": "payments", "searches": "search", "ships": "ship"}


def add_run(folder: Path, hour: int, broken: frozenset[str] | set[str] = frozenset(), says: str = "boom") -> None:
    """A run of three tests, each of a service of its own, some of them red."""
    note = run_note(
        f"{hour:02}",
        start_time=f"2026-03-01T{hour:02}:00:00Z",
        end_time=f"2026-03-01T{hour:02}:05:00Z",
        vcs__ref__head__name="main",
        deployment__environment__name="staging",
    )
    cases = []
    for name, service in SERVICES.items():
        failure = f'<failure message="{says}" type="E">{says}</failure>' if name in broken else ""
        touched = f'<properties><property name="service.peer.name" value="{service}"/></properties>'
        cases.append(f'<testcase classname="S" name="{name}" time="1">{touched}{failure}</testcase>')
    write(folder / f"{hour:02}" / "run.json", note)
    write(folder / f"{hour:02}" / "a.xml", f'<testsuite name="s">{"".join(cases)}</testsuite>')


def add_change(folder: Path, hour: int, service: str, version: str, kind: str = "deploy") -> None:
    """A change at half past."""
    row = {"service": service, "version": version, "environment": "staging", "kind": kind}
    text = json.dumps(row | {"time": f"2026-03-01T{hour:02}:30:00Z", "title": f"{service} {version}"})
    write(folder / f"change-{service}-{hour:02}.jsonl", text + "\n")


def failures(crywolf: Run) -> dict[str, dict[str, Any]]:
    """`crywolf failures --json` by the test's name."""
    assert crywolf("ingest", "in").code == 0
    rows = json.loads(crywolf("failures", "--json").out)["failures"]
    return {row["test"].rpartition("::")[2]: row for row in rows}


def test_waivers_that_a_change_healed(crywolf: Run, tmp_path: Path) -> None:
    """Called flaky and healed by a rollback, called environment and healed by a deploy: both are told, with by what."""
    for hour in range(10):
        add_run(tmp_path / "in", hour, {"pays"} if hour > 7 else set())
    add_change(tmp_path / "in", 7, "payments", "2.0")
    red = failures(crywolf)
    assert crywolf("triage", "reclassify", "flaky", str(red["pays"]["incident"])).code == 0
    shown = failures(crywolf)["pays"]
    assert (shown["verdict"], shown["called"]["verdict"]) == ("flaky", "flaky")
    assert shown["model"] == red["pays"]["model"]
    add_change(tmp_path / "in", 9, "payments", "1.9", "rollback")
    for hour in range(10, 14):
        add_run(tmp_path / "in", hour, {"searches"} if hour > 11 else set())
    assert set(failures(crywolf)) == {"searches"}
    assert crywolf("triage", "reclassify", "environment", "searches").code == 0
    add_change(tmp_path / "in", 13, "search", "1.1")
    add_run(tmp_path / "in", 14)
    assert failures(crywolf) == {}
    waived = json.loads(crywolf("ledger", "--by", "waivers", "--json").out)
    told = {
        alarm["test"].rpartition("::")[2]: (alarm["called"]["verdict"], alarm["healed_by"]["kind"])
        for alarm in waived["waivers"]
    }
    assert told == {"pays": ("flaky", "rollback"), "searches": ("environment", "deploy")}
    lines = crywolf("ledger", "--by", "waivers").out.splitlines()
    assert len(lines) == 3
    assert "payments rollback 1.9" in next(line for line in lines if "pays" in line)
    assert "search deploy 1.1" in next(line for line in lines if "searches" in line)


def test_an_incident_keeps_its_id(crywolf: Run, tmp_path: Path) -> None:
    """Its message changes, a deploy that comes late moves the ranking, another test breaks, it is claimed."""
    for hour in range(9):
        add_run(tmp_path / "in", hour, {"pays"} if hour > 7 else set(), says="timeout after payments call")
    first = failures(crywolf)["pays"]
    add_run(tmp_path / "in", 9, {"pays"}, says="HTTP 500 from the ledger of payments")
    moved = failures(crywolf)["pays"]
    assert moved["signature"] != first["signature"]
    add_change(tmp_path / "in", 7, "payments", "2.0")
    ranked = failures(crywolf)["pays"]
    assert ranked["model"] != moved["model"]
    assert crywolf("triage", "claim", str(first["incident"])).code == 0
    add_run(tmp_path / "in", 10, {"pays", "ships"}, says="HTTP 500 from the ledger of payments")
    last = failures(crywolf)["pays"]
    assert {row["incident"] for row in (first, moved, ranked, last)} == {first["incident"]}
    assert last["state"].startswith("claimed by ")
    assert crywolf("suspects", str(first["incident"])).out.splitlines()[0] == last["test"]
