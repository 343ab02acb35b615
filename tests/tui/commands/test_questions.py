"""The questions on a small history whose truth is known: payments broke pays_with_card, sends_receipt is flaky."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tui.commands.conftest import Run, assert_golden

PAYS = "nightly::acme.CheckoutIT::pays_with_card"
RECEIPT = "nightly::acme.CheckoutIT::sends_receipt"


def document(asked: Run, *arguments: str) -> Any:
    """What a command prints with --json."""
    done = asked(*arguments, "--json")
    assert (done.code, done.err) == (0, ""), done.err
    found = json.loads(done.out)
    assert found["schema_version"] == 1
    return found


def test_failures(asked: Run) -> None:
    """The one red test, with its run, owners, message and incident."""
    (row,) = document(asked, "failures")["failures"]
    assert row["test"] == PAYS
    assert row["scope"] == {"pipeline": "nightly", "environment": "staging", "branch": "main", "variant": None}
    assert (row["run"]["run_id"], row["result"]) == ("109", "failed")
    assert row["owners"]["test"] == ["@acme/journeys"]
    assert row["message"] == "expected 200, was 503"
    assert row["incident"]


def test_a_verdict_comes_with_its_probability(asked: Run) -> None:
    """The same as on the card; the table has it, too."""
    (row,) = document(asked, "failures")["failures"]
    assert row["verdict"] == "regression"
    assert row["verdict_probability"] == document(asked, "suspects", PAYS)["verdict_probability"]
    assert f"regression  .{row['verdict_probability'] * 100:.0f} " in asked("failures").out


def test_suspects(asked: Run) -> None:
    """The payments deploy leads; onset and probabilities are those of the story."""
    found = document(asked, "suspects", "pays_with")
    assert found["test"] == PAYS
    assert found["onset"]["last_good"]["run_id"] == "106"
    assert found["onset"]["first_bad"]["run_id"] == "107"
    assert sum(h["probability"] for h in found["hypotheses"]) == pytest.approx(1)
    probabilities = [h["probability"] for h in found["hypotheses"]]
    assert probabilities == sorted(probabilities, reverse=True)
    changes = [h["change_id"] for h in found["hypotheses"] if h["kind"] == "change"]
    assert changes[0] == "deploy-payments"
    card = asked("suspects", PAYS)
    assert card.code == 0
    assert "last good  2026-11-07 02:00  run 106" in card.out


def test_suspects_of_an_incident(asked: Run) -> None:
    """The id that `failures` shows is understood."""
    (row,) = document(asked, "failures")["failures"]
    assert document(asked, "suspects", row["incident"])["test"] == PAYS


def test_either_kind_of_flake_has_an_interval_of_its_own(asked: Run) -> None:
    """Around its own k of n; null where the kind was not observed."""
    for row in document(asked, "flakes")["tests"]:
        for kind in ("retry_pass", "same_code"):
            rate, runs = row["evidence"][f"{kind}_rate"], row["evidence"][f"{kind}_runs"]
            assert (rate is None) == (runs is None or runs < 5)
            if rate is not None:
                assert (rate["k"], rate["n"]) == (row["evidence"][kind], runs)
                assert rate["low"] <= rate["estimate"] <= rate["high"]


def test_as_if_asked_earlier(asked: Run) -> None:
    """--at sees only runs ended and changes made by then."""
    assert document(asked, "failures", "--at", "2026-11-07T12:00:00Z")["failures"] == []
    runs = document(asked, "runs", "--at", "2026-11-03T12:00:00Z")["runs"]
    assert [run["run_id"] for run in runs] == ["102", "101", "100"]
    changes = document(asked, "changes", "--at", "2026-11-05T00:00:00Z")["changes"]
    assert [change["change_id"] for change in changes] == ["deploy-web"]


def test_flakes(asked: Run) -> None:
    """Only what failed or flaked, with k of n and both kinds of evidence."""
    rows = {row["test"]: row for row in document(asked, "flakes")["tests"]}
    assert set(rows) == {PAYS, RECEIPT}
    receipt = rows[RECEIPT]
    assert (receipt["runs"], receipt["flaky_runs"], receipt["failed_runs"]) == (10, 2, 0)
    assert receipt["evidence"]["retry_pass"] == 2
    assert rows[PAYS]["failed_runs"] == 3


def test_filters(asked: Run) -> None:
    """A filter that matches nothing gives an empty list; names ignore case."""
    assert document(asked, "runs", "--environment", "nowhere")["runs"] == []
    assert len(document(asked, "runs", "--environment", "STAGING", "--pipeline", "nightly")["runs"]) == 10
    assert document(asked, "flakes", "--since", "1d")["window"]["since"] == "2026-11-09T02:10:00Z"


def test_teams_have_one_name(asked: Run) -> None:
    """A team is written in the ledger as in every other table."""
    names = [line.split()[0] for line in asked("ledger", "--by", "team").out.splitlines()[1:]]
    assert names == ["journeys"]


def test_timeline(asked: Run) -> None:
    """One strip a stream; results of all ten runs."""
    found = document(asked, "timeline", "pays_with_card")
    (stream,) = found["streams"]
    assert [result["result"] for result in stream["results"]] == ["passed"] * 7 + ["failed"] * 3
    assert sum(segment["runs"] for segment in stream["segments"]) in (0, 10)
    assert "✓✓✓✓✓✓✓✗✗✗" in asked("timeline", "pays_with_card").out


def test_names(asked: Run) -> None:
    """Nothing, and too much, are usage errors that help."""
    nothing = asked("timeline", "pays_wiht_card")
    assert nothing.code == 2
    assert "did you mean" in nothing.err
    assert PAYS in nothing.err
    many = asked("suspects", "acme")
    assert many.code == 2
    assert RECEIPT in many.err


@pytest.mark.parametrize("name", ["runs", "changes"])
@pytest.mark.parametrize("style", ["json", "txt"])
def test_golden(asked: Run, name: str, style: str) -> None:
    """Facts only: the bytes never change."""
    done = asked(name, *(["--json"] if style == "json" else []))
    assert done.code == 0
    assert_golden(f"{name}.{style}", done.out)


def test_owners(asked: Run, story_folder: Path) -> None:
    """From the store and from a file alike; every path is a key."""
    paths = ("src/SearchIT.java", "./src/CheckoutIT.java")
    stored = document(asked, "owners", *paths)
    assert stored == document(asked, "owners", *paths, "--codeowners", str(story_folder / "inputs" / "CODEOWNERS"))
    assert stored["src/SearchIT.java"] == ["@acme/search"]
    assert stored["./src/CheckoutIT.java"] == ["@acme/journeys"]


@pytest.mark.parametrize("style", ["md", "csv", "json"])
def test_export(asked: Run, story_folder: Path, tmp_path: Path, style: str) -> None:
    """Standard output and -o give the same bytes; JSON is that of `flakes --json`."""
    printed = asked("export", "flakes", "--format", style)
    assert printed.code == 0
    assert RECEIPT in printed.out.replace("&#58;", ":")
    file = tmp_path / "out"
    done = asked("export", "flakes", "--format", style, "-o", str(file))
    assert (done.code, done.out) == (0, "")
    assert file.read_text(encoding="utf-8") == printed.out
    if style == "json":
        assert printed.out == asked("flakes", "--json").out


def test_doctor_and_config(asked: Run) -> None:
    """Nothing is wrong with a new store."""
    findings = {row["check"]: row["state"] for row in document(asked, "doctor")["findings"]}
    assert findings["integrity"] == findings["schema"] == findings["permissions"] == "ok"
    settings = {row["key"]: row["origin"] for row in document(asked, "config")["settings"]}
    assert settings["database"] == "environment variable CRYWOLF_DB"


def test_demo_as_text(crywolf: Run) -> None:
    """Without a terminal: the five answers, exit code 0, and no store left behind."""
    done = crywolf("demo")
    assert done.code == 0, done.err
    for question in ("1. What is red", "2. Whose", "3. Since when", "4. What changed", "5. What do I do now"):
        assert question in done.out


def test_completion_of_names(story_folder: Path) -> None:
    """Tests of the store, by the part that needs no colon."""
    from tests.tui.commands.conftest import run_in

    done = run_in(story_folder, COMP_WORDS="crywolf timeline pay", COMP_CWORD="2", _CRYWOLF_COMPLETE="bash_complete")
    assert done.out.split() == ["plain,pays_with_card"]
