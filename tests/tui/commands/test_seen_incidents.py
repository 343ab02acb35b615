"""Incidents that other monitors told of in a change feed: kept, shown beside changes, never weighed."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

from tests.store.making import run_note, write, xml
from tests.tui.commands.conftest import Run

EVIL = "[/] \x1b[2J\x1b]0;x\x07 \u202egnp AKIAIOSFODNN7EXAMPLE"


def told(note: str, state: str, at: str, title: str = "gateway times out") -> dict[str, Any]:
    """A CDEvent of an incident."""
    return {
        "context": {"id": note, "type": f"dev.cdevents.incident.{state}.0.2.0", "timestamp": at},
        "subject": {
            "id": "INC-7",
            "content": {
                "description": title,
                "environment": {"id": "staging"},
                "service": {"id": "pay"},
                "ticketURI": "https://status.example.com/INC-7",
            },
        },
    }


def write_runs(folder: Path) -> None:
    """Two runs, of which the second is red."""
    for hour, outcome in ((9, "pass"), (11, "fail")):
        here = {"deployment__environment__name": "staging", "start_time": f"2026-03-01T{hour:02d}:00:00Z"}
        write(folder / str(hour) / "run.json", run_note(str(hour), **here))
        write(folder / str(hour) / "a.xml", xml([("pays", outcome)], peer="pay"))


def test_they_are_listed_and_not_weighed(crywolf: Run, tmp_path: Path) -> None:
    """Both states with all they say, under the filters of changes; verdict and suspects are as without them."""
    write_runs(tmp_path / "in")
    assert crywolf("ingest", "in").code == 0
    before = crywolf("suspects", "pays", "--json").out
    events = [told("n1", "detected", "2026-03-01T10:00:00Z"), told("n2", "resolved", "2026-03-01T10:30:00Z")]
    write(tmp_path / "feed.json", json.dumps(events))
    assert crywolf("ingest", "feed.json").code == 0
    document = json.loads(crywolf("changes", "--json").out)
    assert document["changes"] == []
    assert [one["state"] for one in document["monitor_incidents"]] == ["resolved", "detected"]
    assert document["monitor_incidents"][1] == {
        "note_id": "n1",
        "incident": "INC-7",
        "state": "detected",
        "at": "2026-03-01T10:00:00Z",
        "environment": "staging",
        "service": "pay",
        "title": "gateway times out",
        "url": "https://status.example.com/INC-7",
    }
    assert json.loads(crywolf("changes", "--json", "--environment", "preprod").out)["monitor_incidents"] == []
    assert "incident detected" in crywolf("changes").out
    assert json.loads(crywolf("suspects", "pays", "--json").out) == json.loads(before)


def test_names_of_strangers_and_any_order(crywolf: Run, tmp_path: Path) -> None:
    """No control character and no secret is kept; of notes that contradict each other the earlier holds."""
    notes = [told("n1", "detected", f"2026-03-01T1{n}:00:00Z", title) for n, title in enumerate((EVIL, "b", "c"))]
    found = []
    for number, order in enumerate(permutations(notes)):
        for place, one in enumerate(order):
            write(tmp_path / str(number) / f"{place}.json", json.dumps([one]))
            assert crywolf("--db", f"{number}.db", "ingest", f"{number}/{place}.json").code == 0
        found.append(json.loads(crywolf("--db", f"{number}.db", "changes", "--json").out)["monitor_incidents"])
    assert len(found[0]) == 1
    assert all(one == found[0] for one in found)
    title = found[0][0]["title"]
    assert title.startswith("[/]")
    assert not {"\x1b", "\x07", "\u202e"} & set(title)
    assert "AKIAIOSFODNN7EXAMPLE" not in title
