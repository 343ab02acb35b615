"""A run and a service on the command line: the same facts as on the screen, as text and as one document."""

from __future__ import annotations

import json
from typing import Any

from tests.tui.commands.conftest import Run

PAYS = "nightly::acme.CheckoutIT::pays_with_card"


def document(asked: Run, *arguments: str) -> Any:
    """What a command prints with --json."""
    done = asked(*arguments, "--json")
    assert (done.code, done.err) == (0, ""), done.err
    return json.loads(done.out)


def test_a_run(asked: Run) -> None:
    """Named as for `gate`: what was red in it, and whether it was before; the run before; its files."""
    (found,) = document(asked, "run", "nightly/107")["runs"]
    assert (found["pipeline"], found["run_id"], found["previous"]["run_id"]) == ("nightly", "107", "106")
    assert found["counts"]["failed"] == 1
    (failure,) = [one for one in found["failures"] if one["result"] == "failed"]
    assert (failure["test"], failure["red_before"]) == (PAYS, False)
    assert failure["message"] == "expected 200, was 503"
    assert [change["change_id"] for change in found["changes"]] == ["deploy-payments"]
    assert all(part["path"] and part["counts"]["tests"] for part in found["files"])
    text = asked("run", "nightly/latest").out
    assert "nightly run 109" in text
    assert "1 red" in text
    assert PAYS in text


def test_a_run_that_is_not_there(asked: Run) -> None:
    """It is said, with exit code 2."""
    done = asked("run", "nightly/4711")
    assert (done.code, done.out) == (2, "")
    assert "4711" in done.err


def test_a_service(asked: Run) -> None:
    """Red now of its tests, its changes with what followed, the tests that exercise it; another is not found."""
    found = document(asked, "service", "payments")
    assert (found["service"], found["used_by"]) == ("payments", ["web"])
    assert [change["change_id"] for change in found["changes"]] == ["deploy-payments"]
    web = document(asked, "service", "web")
    assert (web["red_now"], web["depends_on"]) == (1, ["payments"])
    assert {row["test"]: row["red_now"] for row in web["tests"]}[PAYS] is True
    text = asked("service", "WEB").out
    assert text.startswith("web  owner ")
    assert PAYS in text
    done = asked("service", "paymentz")
    assert done.code == 2
    assert "payments" in done.err
