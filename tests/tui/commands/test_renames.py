"""`crywolf tests`: every answer follows a rename, before or after the results came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.store.making import run_note, write, xml
from tests.tui.commands.conftest import Run

OLD, NEW = "shop::shop.Pay::pays_by_card", "shop::shop.Pay::pays_by_credit_card"
LAST_OLD = 7


def history(folder: Path) -> None:
    """Twelve runs; `pays_by_card`, failing every other time and in the last four runs, gets a new name on the way."""
    for run in range(12):
        stamp = f"2026-03-{1 + run // 2:02d}T{run % 2 * 8:02d}:00:00"
        outcome = "fail" if run % 2 or run > 7 else "pass"
        name = "pays_by_card" if run <= LAST_OLD else "pays_by_credit_card"
        place = folder / "in" / f"run-{run:02d}"
        write(place / "run.json", run_note(str(run), vcs__repository__name="shop", start_time=f"{stamp}Z"))
        write(place / "a.xml", xml([(name, outcome), ("refunds", "pass"), ("shows the cart", "pass")], stamp))


QUESTIONS = (
    ("flakes",),
    ("failures",),
    ("timeline", NEW),
    ("suspects", NEW),
    ("runs",),
    ("export", "flakes", "--format", "json"),
)


def answers(crywolf: Run) -> dict[str, Any]:
    """Every answer as JSON."""
    found = {}
    for question in QUESTIONS:
        done = crywolf(*question, *([] if question[0] == "export" else ["--json"]))
        assert done.code == 0, done.err
        found[question[0]] = json.loads(done.out)
    return found


def test_all_answers_follow(crywolf: Run, tmp_path: Path) -> None:
    """Twelve runs of one test, since its first failure; before and after give the same documents."""
    history(tmp_path)
    assert crywolf("ingest", "in").code == 0
    apart = answers(crywolf)
    done = crywolf("tests", "alias", "pays_by_card", "pays_by_credit_card")
    assert (done.code, done.out, done.err) == (0, f"{OLD} continues as {NEW}\n", "")
    after = answers(crywolf)
    assert [len(stream["results"]) for stream in after["timeline"]["streams"]] == [12]
    assert [row["runs"] for row in after["flakes"]["tests"]] == [12]
    assert {row["test"] for row in after["failures"]["failures"]} == {NEW}
    assert after["flakes"] != apart["flakes"]
    assert after["timeline"]["former_names"] == [OLD]
    assert f"  formerly {OLD}\n" in crywolf("timeline", NEW).out
    by_former_name = crywolf("timeline", OLD, "--json")
    assert json.loads(by_former_name.out) == after["timeline"]

    (tmp_path / "crywolf.db").rename(tmp_path / "former.db")
    assert crywolf("ingest", "in/run-00").code == 0
    assert crywolf("tests", "alias", OLD, NEW, "--unseen").code == 0
    assert crywolf("ingest", "in").code == 0
    assert answers(crywolf) == after

    assert crywolf("tests", "alias", "--remove", "pays_by_card").code == 0
    assert answers(crywolf) == apart


def test_listed_with_the_end_of_the_chain(crywolf: Run, tmp_path: Path) -> None:
    """`refunds` became `pays_by_card`, which became `pays_by_credit_card`; twice is once."""
    history(tmp_path)
    crywolf("ingest", "in")
    crywolf("tests", "alias", "pays_by_card", "pays_by_credit_card")
    crywolf("tests", "alias", "refunds", "pays_by_card")
    again = crywolf("tests", "alias", "refunds", "pays_by_card")
    assert (again.code, again.out) == (0, f"shop::shop.Pay::refunds continues already as {OLD}\n")
    listed = json.loads(crywolf("tests", "alias", "--list", "--json").out)["aliases"]
    assert [(row["old"], row["new"], row["continues_as"]) for row in listed] == [
        (OLD, NEW, NEW),
        ("shop::shop.Pay::refunds", OLD, NEW),
    ]


def test_two_that_ran_together_are_warned_about(crywolf: Run, tmp_path: Path) -> None:
    """They may be two tests; the newest run that shows it is named."""
    history(tmp_path)
    crywolf("ingest", "in")
    done = crywolf("tests", "alias", "refunds", "shows the cart")
    assert done.code == 0
    assert done.err.startswith("warning: both ran in 12 runs, the newest journeys 11: they may be two tests")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pays_by_cart", "refunds"], "no test matches 'pays_by_cart'; did you mean 'shop::shop.Pay::pays_by_card'?"),
        (["shop.Pay", "refunds"], "'shop.Pay' matches 4 tests; write more of the name:"),
        (["refunds", "refunds"], "'shop::shop.Pay::refunds' is one and the same test"),
        ([NEW, OLD], "leads to 'shop::shop.Pay::pays_by_credit_card' already, which would be a circle"),
        ([OLD, "refunds"], f"{OLD!r} continues as {NEW!r} already; take that back first"),
        (["refunds", "later", "--unseen"], "'later' is not known yet; write its whole identity"),
        (["--remove", "refunds"], f"no renamed test matches 'refunds'; did you mean {OLD!r}?"),
        (["refunds"], "give OLD and NEW, or --list, or --remove OLD"),
        (["--list", "refunds", "x"], "give OLD and NEW, or --list, or --remove OLD"),
    ],
)
def test_what_cannot_be_recorded(crywolf: Run, tmp_path: Path, arguments: list[str], said: str) -> None:
    """Exit code 2, the reason, the next step; nothing changes."""
    history(tmp_path)
    crywolf("ingest", "in")
    crywolf("tests", "alias", OLD, NEW)
    before = crywolf("tests", "alias", "--list", "--json").out
    done = crywolf("tests", "alias", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert crywolf("tests", "alias", "--list", "--json").out == before


def test_suggested_with_its_reasons(crywolf: Run, tmp_path: Path) -> None:
    """The rename at the boundary, what was compared, and what to type; nothing more once it is recorded."""
    history(tmp_path)
    crywolf("ingest", "in")
    (row,) = json.loads(crywolf("tests", "suggest", "--json").out)["renames"]
    assert (row["old"], row["new"]) == (OLD, NEW)
    assert (row["last_with_old"]["run_id"], row["first_with_new"]["run_id"]) == ("7", "8")
    assert row["terms"] == {"name": 0.7742, "class": 1.0, "signature": 1.0, "duration": 1.0}
    assert row["score"] == pytest.approx((0.4 * 0.7742 + 0.25 + 0.15 + 0.1) / 0.9, abs=1e-4)
    shown = crywolf("tests", "suggest").out
    assert f"crywolf tests alias {OLD} {NEW}" in shown
    assert f"{row['score']:.2f}  {OLD} -> {NEW}" in shown
    crywolf("tests", "alias", OLD, NEW)
    done = crywolf("tests", "suggest")
    assert (done.code, done.out) == (0, "")
    assert "no test vanished where a similar one appeared" in done.err


def test_the_doctor_hints_at_both(crywolf: Run, tmp_path: Path) -> None:
    """A rename that may have happened, and a test whose names never come back; neither makes the store unusable."""
    history(tmp_path)
    cases = [(f"test_order[{number}]", "pass") for number in range(1001)]
    write(tmp_path / "in" / "run-orders" / "a.xml", xml(cases, "2026-03-06T20:00:00"))
    assert "test_order[<...>]: 1,001 new names since 2026-03-06" in crywolf("ingest", "in").err
    done = crywolf("doctor", "--json")
    found = {row["check"]: row for row in json.loads(done.out)["findings"]}
    assert (done.code, found["names"]["state"], found["renames"]["state"]) == (0, "warning", "warning")
    assert found["names"]["text"].startswith("test_order[<...>]: 1,001 new names since 2026-03-06 differ only in <...>")
    assert (
        found["renames"]["text"] == f"1 may have happened, such as {OLD} -> {NEW}; `crywolf tests suggest` lists them"
    )
