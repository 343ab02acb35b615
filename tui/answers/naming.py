"""Which test case a person means."""

from __future__ import annotations

from store.connect import Connection
from store.read import tests
from store.read.rows import TestInfo
from tui.answers.search import near_names
from tui.errors import NoMatch


def find_test(connection: Connection, text: str) -> TestInfo:
    """The one test case that a text names: any unambiguous part of its identity; exact beats partial.

    Raises:
        NoMatch: nothing, or more than one case, matches.
    """
    rows = tests.find_tests(connection, text)
    if not rows:
        raise NoMatch("test", text, near_names(connection, text))
    infos = tests.load_tests(connection, rows)
    if len(rows) > 1:
        names = tuple(sorted(info.case.identity for info in infos.values()))
        raise NoMatch("test", text, names, is_ambiguous=True)
    return infos[rows[0]]
