"""`crywolf record git`: the history of a checkout as changes of the tests, noted once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.tui.commands.conftest import run_in


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@acme.example", "-c", "commit.gpgsign=false")
    subprocess.run(("git", *who, "-C", str(folder), *arguments), check=True, capture_output=True)


def test_history_of_a_checkout(tmp_path: Path) -> None:
    """A commit of test code is a change, one of other code only attaches; again changes nothing; no folder: usage."""
    checkout = tmp_path / "shop"
    checkout.mkdir()
    _git(checkout, "init", "-q")
    for name, title in (
        ("src/main/java/Cart.java", "feat: cart"),
        ("tests/test_cart.py", "test: wait for \x1b[2Jcart"),
    ):
        place = checkout / name
        place.parent.mkdir(parents=True)
        place.write_text("text\n")
        _git(checkout, "add", name)
        _git(checkout, "commit", "-q", "-m", title)
    first = run_in(tmp_path, "record", "git", "shop", "--repository", "shop")
    assert (first.code, first.out) == (0, "recorded 2 commits, 1 change of the tests\n"), first.err
    assert run_in(tmp_path, "record", "git", "shop", "--repository", "shop").out == first.out
    changes = json.loads(run_in(tmp_path, "changes", "--json").out)["changes"]
    assert [(one["target"], one["author"]) for one in changes] == [("test", "Ada")]
    assert "\x1b" not in changes[0]["title"]
    assert run_in(tmp_path, "record", "git", "nowhere").code == 2


def test_a_folder_without_a_repository(tmp_path: Path) -> None:
    """Says what git said, and ends with the code of a usage error."""
    (tmp_path / "plain").mkdir()
    done = run_in(tmp_path, "record", "git", "plain")
    assert done.code == 2
    assert "git log" in done.err
    assert "Traceback" not in done.err
