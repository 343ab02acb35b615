"""`crywolf triage`: acting without the dashboard, and the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.store.making import run_note, write, xml
from tests.tui.commands.conftest import Run


@pytest.fixture
def incident(crywolf: Run, tmp_path: Path) -> str:
    """The id of the one incident of a store that belongs to ada."""
    for n, outcome in enumerate(["pass"] * 6 + ["fail"] * 2):
        place = tmp_path / "in" / str(n)
        write(place / "run.json", run_note(str(n), start_time=f"2026-03-01T{n:02}:00:00Z"))
        write(place / "a.xml", xml([("pays", outcome), ("ships", "pass")]))
    write(tmp_path / "crywolf.toml", '[project]\nactor = "ada"\n')
    assert crywolf("ingest", "in").code == 0
    (failure,) = json.loads(crywolf("failures", "--json").out)["failures"]
    assert failure["state"] == "new"
    return str(failure["incident"])


def state(crywolf: Run) -> str:
    """As `crywolf failures --json` says it."""
    (failure,) = json.loads(crywolf("failures", "--json").out)["failures"]
    return str(failure["state"])


def events(crywolf: Run) -> list[dict[str, object]]:
    """As `crywolf triage log --json` says them."""
    return list(json.loads(crywolf("triage", "log", "--json").out)["events"])


def test_a_shift(crywolf: Run, incident: str) -> None:
    """Every action is said, seen in the list, and in the log with who and on what."""
    shift = [
        (("ack", incident), f"{incident}: ada acknowledged it", "acknowledged by ada"),
        (("unack", incident[2:8]), f"{incident}: ada took the acknowledgement back", "new"),
        (("claim", "--until-fixed", incident), f"{incident}: ada claimed it until fixed", "claimed by ada"),
        (("release", incident), f"{incident}: ada released it", "new"),
        (("assign", "@acme/pay", incident), f"{incident}: ada assigned it to @acme/pay", "assigned to @acme/pay"),
        (("note", "see [/x] wiki", incident), f"{incident}: ada noted: see [/x] wiki", "assigned to @acme/pay"),
        (("reclassify", "flaky", incident), f"{incident}: ada called it flaky", "assigned to @acme/pay"),
        (("resolve", "--as", "flaky", incident), f"{incident}: ada resolved it as flaky", "resolved by ada"),
    ]
    for arguments, said, expected in shift:
        done = crywolf("triage", *arguments)
        assert (done.code, done.out, done.err) == (0, f"{said}\n", "")
        assert state(crywolf) == expected
    log = events(crywolf)
    assert [event["action"] for event in log] == [arguments[0] for arguments, _, _ in shift]
    assert {(event["actor"], event["subject"]["id"]) for event in log} == {("ada", incident)}  # type: ignore[index]
    assert "see [/x] wiki" in crywolf("triage", "log", incident).out


def test_quarantine_of_a_test(crywolf: Run, incident: str) -> None:
    """By a part of its name, with an end; of all tests of an incident by its id; lifted again."""
    options = ("--until", "14d", "--reason", "slow partner", "--owner", "@acme/pay", "--issue", "https://i.example/1")
    done = crywolf("triage", "quarantine", "pays", *options)
    assert done.code == 0, done.err
    assert "put it in quarantine until 20" in done.out
    assert "slow partner (owner @acme/pay, https://i.example/1)" in done.out
    assert state(crywolf).startswith("quarantined until 20")
    assert crywolf("triage", "unquarantine", incident).code == 0
    assert state(crywolf) == "new"
    assert {event["subject"]["kind"] for event in events(crywolf)} == {"test"}  # type: ignore[index]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ack", "i-00000000"), "no incident matches 'i-00000000'"),
        (("ack", "pay_nothing"), "no test matches 'pay_nothing'"),
        (("quarantine", "pays", "--until", "forever", "--reason", "x", "--owner", "y"), "there is none for ever"),
        (("quarantine", "pays", "--until", "2020-01-01", "--reason", "x", "--owner", "y"), "has passed"),
        (("quarantine", "pays", "--until", "14d", "--reason", "x"), "Missing option '--owner'"),
        (("reclassify", "broken", "pays"), "it is one of regression, flaky"),
        (("confirm", "nothing", "pays"), "no change matches 'nothing'"),
        (("ack", "pays", "nowhere at all"), "no test matches"),
        (("ack", "pays", "--expect", "7"), None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done(crywolf: Run, incident: str, arguments: tuple[str, ...], said: str | None) -> None:
    """Said with the remedy, exit code 2, nothing written."""
    done = crywolf("triage", *arguments)
    if said is None:  # an event that nobody has written yet is no older than what is there
        assert done.code == 0
        return
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert events(crywolf) == []


def test_the_loser_is_told(crywolf: Run, incident: str) -> None:
    """`--expect` is the event that a script saw last."""
    assert crywolf("triage", "ack", incident, "--expect", "0").code == 0
    done = crywolf("triage", "assign", "@pay", incident, "--expect", "0")
    assert (done.code, done.out) == (2, "")
    assert "meanwhile ada acknowledged it" in done.err
    assert len(events(crywolf)) == 1


def test_nobody_has_done_anything(crywolf: Run, incident: str) -> None:
    """Said on standard error; the document is an empty list."""
    done = crywolf("triage", "log")
    assert (done.code, done.out, done.err) == (0, "", "nobody has done anything yet\n")
    assert events(crywolf) == []
