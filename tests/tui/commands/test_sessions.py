"""A shift without the dashboard: sessions, merging and splitting, the hand-over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.hostile_names import HOSTILE_NAMES
from tests.store.making import run_note, write, xml
from tests.tui.commands.conftest import Done, Run


@pytest.fixture
def ids(crywolf: Run, tmp_path: Path) -> tuple[str, str]:
    """Ids of the incident of staging (two tests) and of that of preprod (one); the store belongs to ada."""
    for environment, tests in (("staging", ("pays", "refunds")), ("preprod", ("ships",))):
        for n, outcome in enumerate(["pass"] * 6 + ["fail"] * 2):
            place = tmp_path / "in" / environment / str(n)
            start = f"2026-03-01T{n:02}:00:00Z"
            write(place / "run.json", run_note(str(n), start_time=start, deployment__environment__name=environment))
            write(place / "a.xml", xml([*((name, outcome) for name in tests), ("shows", "pass")]))
    write(tmp_path / "crywolf.toml", '[project]\nactor = "ada"\n')
    assert crywolf("ingest", "in").code == 0
    found = incidents(crywolf)
    return found["pays"], found["ships"]


def incidents(crywolf: Run) -> dict[str, str]:
    """Incident by the name of the red test."""
    failures = json.loads(crywolf("failures", "--json").out)["failures"]
    return {str(row["test"]).rpartition("::")[2]: str(row["incident"]) for row in failures}


def report(crywolf: Run, *more: str) -> dict[str, Any]:
    """The hand-over as a document."""
    done = crywolf("export", "handover", "--format", "json", *more)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def said(done: Done) -> str:
    """What a command that worked printed."""
    assert (done.code, done.err) == (0, "")
    return done.out.strip()


def test_merge_split_and_undo(crywolf: Run, ids: tuple[str, str]) -> None:
    """Each is one command; the log says the event that `undo` takes."""
    staging, preprod = ids
    assert said(crywolf("triage", "merge", preprod[2:], "--into", staging)) == f"ada merged {preprod} into {staging}"
    assert set(incidents(crywolf).values()) == {staging}
    assert said(crywolf("triage", "ack", preprod)) == f"{staging}: ada acknowledged it"
    assert said(crywolf("triage", "undo", "1")) == "took back: merge"
    assert set(incidents(crywolf).values()) == {staging, preprod}
    out = said(crywolf("triage", "split", staging, "refunds"))
    part = incidents(crywolf)["refunds"]
    assert out == f"ada split 1 test off from {staging} as {part}"
    assert part not in ids
    assert said(crywolf("triage", "claim", part)) == f"{part}: ada claimed it"
    for arguments, word in (
        (("split", staging, "pays"), "all of it"),
        (("split", staging, "ships"), "no red test of"),
        (("merge", staging, "--into", staging), "one incident already"),
        (("undo", "99"), "no event of the log"),
    ):
        done = crywolf("triage", *arguments)
        assert (done.code, done.out) == (2, "")
        assert word in done.err


def test_a_session(crywolf: Run, ids: tuple[str, str]) -> None:
    """Begun, looked at, ended; one at a time; names are not used twice."""
    assert crywolf("triage", "sessions").err.startswith("there is no session yet")
    assert said(crywolf("triage", "start", "night", "--since", "3h")) == "night: ada began the session"
    done = crywolf("triage", "start", "other")
    assert (done.code, "'night' is open" in done.err) == (2, True)
    said(crywolf("triage", "note", "old tokens", ids[0]))
    found = report(crywolf)
    assert (found["session"]["name"], found["session"]["until"], found["came_up"]) == ("night", None, 2)
    assert [one["subject"]["id"] for one in found["handled"]] == [ids[0]]
    assert said(crywolf("triage", "end")) == "night: ada ended the session; crywolf export handover writes the report"
    assert crywolf("triage", "end").code == 2
    assert crywolf("triage", "start", "night").code == 2
    assert report(crywolf, "--session", "night")["session"]["until"] is not None
    assert crywolf("export", "handover", "--session", "day").code == 2
    assert "night" in said(crywolf("triage", "sessions"))
    (row,) = json.loads(crywolf("triage", "sessions", "--json").out)["sessions"]
    assert (row["name"], row["actor"]) == ("night", "ada")


def test_the_hand_over(crywolf: Run, ids: tuple[str, str], tmp_path: Path) -> None:
    """What is open and whose, what was done by whom, what was taken back not, what is set aside, what was said."""
    staging, preprod = ids
    deploy = ("--service", "vault", "--version", "4.9.0", "--environment", "staging", "--at", "2026-03-01T05:30:00Z")
    assert crywolf("record", "deploy", *deploy).code == 0
    staging, preprod = incidents(crywolf)["pays"], incidents(crywolf)["ships"]
    said(crywolf("triage", "start", "night", "--since", "3h"))
    said(crywolf("triage", "assign", "@acme/pay", staging))
    said(crywolf("triage", "note", "see [the wiki](http://x)", staging))
    said(crywolf("triage", "ack", preprod))
    said(crywolf("triage", "undo", "4"))
    said(crywolf("triage", "confirm", "vault", staging))
    options = ("--until", "5d", "--reason", "slow partner", "--owner", "@acme/ship")
    said(crywolf("triage", "quarantine", "ships", *options))
    text = said(crywolf("export", "handover"))
    first, second = text.split("\n\n")[:2]
    assert first == "# Hand-over: <code>night</code>"
    assert "<code>ada</code>" in second
    assert "**1 still open** · 2 came up · 0 are green again · 4 deeds · 1 quarantine to look at" in text
    assert f"<code>{staging}</code>" in text
    assert "<code>&#64;acme/pay</code>" in text
    assert "see &#91;the wiki&#93;" in text
    assert "<code>vault 4.9.0</code> confirmed by <code>ada</code>" in text
    assert "still failing: <code>slow partner</code>" in text
    assert "acknowledged" not in text
    found = report(crywolf)
    assert [(one["incident"], one["whose"], one["taken"]) for one in found["open"]] == [(staging, "@acme/pay", True)]
    assert [one["incident"] for one in found["set_aside"]] == [preprod]
    assert [one["over"] for one in found["quarantines"]] == [False]
    done = crywolf("export", "handover", "--since", "1h", "-o", "out.md")
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "out.md").read_text(encoding="utf-8").startswith("# Hand-over\n")


def test_what_is_green_again_is_in_it(crywolf: Run, ids: tuple[str, str], tmp_path: Path) -> None:
    """It came up in the shift and went; nothing is open, and it is said that everything was looked at."""
    for environment in ("staging", "preprod"):
        place = tmp_path / "in" / environment / "9"
        note = run_note("9", start_time="2026-03-01T09:00:00Z", deployment__environment__name=environment)
        write(place / "run.json", note)
        write(place / "a.xml", xml([(name, "pass") for name in ("pays", "refunds", "ships", "shows")]))
    assert crywolf("ingest", "in").code == 0
    found = report(crywolf, "--since", "10h")
    assert (found["open"], {one["incident"] for one in found["past"]}) == ([], set(ids))
    assert "**nothing open** · 2 came up · 2 are green again" in said(crywolf("export", "handover", "--since", "10h"))


def test_nothing_foreign_acts_in_it(crywolf: Run, ids: tuple[str, str]) -> None:
    """Names of sessions, notes, reasons and owners are shown, and do nothing."""
    for n, text in enumerate(
        text for text in HOSTILE_NAMES if text.strip() and "\x00" not in text and text.isprintable()
    ):
        crywolf("triage", "start", f"{n}{text}"[:60])
        crywolf("triage", "note", f" {text}"[:200], ids[0])
        crywolf("triage", "end")
        if n == 8:
            break
    text = said(crywolf("export", "handover", "--since", "10h"))
    assert "\x1b" not in text
    assert "](" not in text
    assert "<a" not in text
