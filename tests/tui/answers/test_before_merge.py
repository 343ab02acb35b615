"""What merge requests' runs saw is told beside the suspects of a red test, and weighs in none of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from store.connect import open_reader
from tests.store.making import run_note, write, xml
from tests.story.stores import ingest
from tui.answers.query import Query
from tui.answers.suspects import SuspectsAnswer, answer_suspects
from tui.commands.card import card_lines


def _run(folder: Path, hour: int, cell: str, **said: str) -> None:
    """A run of one test: red where the cell is `F`."""
    start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hour)
    place = folder / f"{hour}-{len(said)}"
    about = {"vcs__ref__head__name": "main", "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}"} | said
    write(place / "run.json", run_note(place.name, deployment__environment__name="staging", **about))
    write(place / "a.xml", xml([("pays", "fail" if cell == "F" else "pass")]))


def _asked(folder: Path) -> SuspectsAnswer:
    ingest(folder / "crywolf.db", folder)
    connection = open_reader(folder / "crywolf.db")
    answer = answer_suspects(connection, Query(), "pays")
    connection.close()
    return answer


def test_runs_before_a_merge_are_told_and_change_no_probability(tmp_path: Path) -> None:
    """Of three proposals since the first bad run two are red; one before it does not count."""
    for folder in (tmp_path / "with", tmp_path / "without"):
        for hour, cell in enumerate("........FFF"):
            _run(folder, hour, cell)
    proposal = {"crywolf__run__trigger": "pre-merge", "vcs__ref__head__name": "feature"}
    for hour, cell in {5: "F", 8: "F", 9: "F", 10: "."}.items():
        _run(tmp_path / "with", hour, cell, **proposal)
    told, untold = _asked(tmp_path / "with"), _asked(tmp_path / "without")
    assert (told.before_merge, untold.before_merge) == ((2, 3), None)
    assert [h.probability for h in told.hypotheses] == [h.probability for h in untold.hypotheses]
    text = ["".join(p if isinstance(p, str) else p[0] for p in line) for line in card_lines(told)]
    assert text[-1] == "also before merges: 2/3 red since; it weighs in nothing above"
