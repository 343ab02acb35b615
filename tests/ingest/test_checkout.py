"""Absolute paths of test files become paths inside the checkout, whatever machine they were written on."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from ingest.checkout import CheckoutPaths
from tests.store.making import ingest, reading, write

CASE = '<testcase classname="c" name="{}" file="{}"/>'


def files_of(database: Path) -> dict[str, str | None]:
    """Name of each test case -> its file."""
    with reading(database) as connection:
        return dict(connection.execute("SELECT name, file FROM test_case").fetchall())


def report(*cases: tuple[str, str]) -> str:
    """A JUnit report of (name, file), as Node 24's `--test-reporter=junit` writes them."""
    return f"<testsuites>{''.join(CASE.format(*case) for case in cases)}</testsuites>"


@pytest.mark.parametrize(
    ("written", "inside"),
    [
        ("/home/runner/work/shop/shop/cart/a.test.mjs", "cart/a.test.mjs"),
        ("D:\\a\\shop\\shop\\cart\\a.test.mjs", "cart/a.test.mjs"),
        ("/var/jenkins_home/workspace/shop/cart/PayTest.php", "cart/PayTest.php"),
        ("/home/ann/shop/tests/Unit/PayTest.php", "tests/Unit/PayTest.php"),
        ("/opt/shop/a.test.mjs", "/opt/shop/a.test.mjs"),
        ("tests\\pay.cs", "tests\\pay.cs"),
        ("./a.test.mjs", "./a.test.mjs"),
    ],
)
def test_files_of_junit_reports(tmp_path: Path, written: str, inside: str) -> None:
    """What the path tells is cut off, and nothing else is touched."""
    ingest(tmp_path / "x.db", write(tmp_path / "shop" / "1" / "a.xml", report(("t", written))))
    assert files_of(tmp_path / "x.db") == {"t": inside}


def test_other_files_of_a_report_tell_where_the_checkout_lies(tmp_path: Path) -> None:
    """Also those that come later; a folder of the whole disk tells nothing."""
    cases = [("early", "/w/shop/a.mjs"), ("told", "/w/shop/src/b.mjs"), ("else", "/x/c.mjs"), ("top", "/tests/d.mjs")]
    ingest(tmp_path / "x.db", write(tmp_path / "shop" / "1" / "a.xml", report(*cases)))
    expected = {"early": "a.mjs", "told": "src/b.mjs", "else": "/x/c.mjs", "top": "tests/d.mjs"}
    assert files_of(tmp_path / "x.db") == expected


def test_the_order_of_reports_does_not_matter(tmp_path: Path) -> None:
    """A report that tells where the checkout lies wins over those that do not, in one process or several."""
    paths = [
        write(tmp_path / "shop" / "1" / "a.xml", report(("t", "/w/shop/a.mjs"))),
        write(tmp_path / "shop" / "2" / "b.xml", report(("t", "/w/shop/a.mjs"), ("u", "/w/shop/src/b.mjs"))),
        write(tmp_path / "shop" / "3" / "c.xml", report(("t", "/other/shop/a.mjs"))),
    ]
    for number, order in enumerate(permutations(paths)):
        together, alone = tmp_path / f"together-{number}.db", tmp_path / f"alone-{number}.db"
        ingest(together, *order)
        for path in order:
            ingest(alone, path)
        assert files_of(together) == files_of(alone) == {"t": "a.mjs", "u": "src/b.mjs"}


def test_the_longest_checkout_counts() -> None:
    """A checkout inside another one."""
    paths = CheckoutPaths()
    paths.learn(["/w/src/a.c", "/w/shop/cart/test/b.c", None, "/w/shop/pay/src/c.c"])
    assert paths.cut("/w/shop/pay/d.c") == ("d.c", False)
    assert paths.cut("/w/e.c") == ("e.c", False)
