"""What people confirm on the command line moves later rankings."""

from __future__ import annotations

import json
from pathlib import Path

from analysis.track_record import LEAST_CONFIRMED
from tests.store.making import run_note, write, xml
from tests.tui.commands.conftest import Run

PEERS = '<properties><property name="service.peer.name" value="{}"/></properties>'
DAYS_APART = 6
"""Longer than a ranking looks back, so that a round is no evidence of the next one but by what people said."""


def write_round(folder: Path, number: int) -> str:
    """Eight green runs, cart and pay deployed together, two red ones; the path of it all."""
    day = 1 + number * DAYS_APART
    month, day = (3, day) if day <= 31 else (4, day - 31)
    date, place = f"2026-{month:02d}-{day:02d}", folder / "in" / str(number)
    for hour in range(10):
        outcome = "fail" if hour >= 8 else "pass"
        here = {"deployment__environment__name": "staging", "start_time": f"{date}T{hour:02d}:00:00Z"}
        write(place / str(hour) / "run.json", run_note(f"{number}-{hour}", **here))
        report = xml([("pays", outcome), ("ships", "pass")], f"{date}T{hour:02d}:00:00")
        peers = PEERS.format("cart") + PEERS.format("pay")
        report = report.replace('time="0.5">', f'time="0.5">{peers.replace("</properties><properties>", "")}')
        write(place / str(hour) / "a.xml", report)
    rows = [f"{name},1.{number}.0,staging,{date}T07:30:00Z" for name in ("cart", "pay")]
    write(place / "changes.csv", "\n".join(("service,version,environment,time", *rows)) + "\n")
    return f"in/{number}"


def suspects(crywolf: Run, *arguments: str) -> dict[str, float]:
    """Probability of each suspected service's newest change."""
    document = json.loads(crywolf("suspects", "pays", "--json", *arguments).out)
    return {h["service"]: h["probability"] for h in document["hypotheses"] if h["kind"] == "change"}


def test_confirmed_culprits_move_the_next_ranking(crywolf: Run, tmp_path: Path) -> None:
    """Cart and pay are always deployed together; once pay was confirmed five times, it is the more suspect one."""
    write(tmp_path / "crywolf.toml", '[project]\nactor = "ada"\n')
    for number in range(LEAST_CONFIRMED + 1):
        assert crywolf("ingest", write_round(tmp_path, number)).code == 0
        if number < LEAST_CONFIRMED:
            document = json.loads(crywolf("suspects", "pays", "--json").out)
            culprit = next(h["change_id"] for h in document["hypotheses"] if h["service"] == "pay" and h["change_id"])
            done = crywolf("triage", "confirm", culprit, "pays")
            assert done.code == 0, done.err
    taught = suspects(crywolf)
    assert taught["pay"] > 1.3 * taught["cart"]
    card = crywolf("suspects", "pays").out
    assert "5 of 5 earlier changes of pay broke something" in " ".join(card.split())
    before = suspects(crywolf, "--at", "2026-03-01T09:30:00Z")
    assert abs(before["pay"] - before["cart"]) < 0.01
