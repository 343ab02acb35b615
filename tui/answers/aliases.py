"""Recording that a test case continues under another name, and taking it back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest.model import Failure, TestCase
from store.connect import Connection, open_reader
from store.read import aliases, tests
from store.write import Writer
from tui.answers.renames import AliasRow, list_aliases
from tui.answers.search import near_names
from tui.errors import AnswerError, NoMatch


class AliasRefused(AnswerError):
    """A rename that cannot be recorded as it was given."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a rename."""

    old: TestCase
    new: TestCase
    is_new: bool
    """False: it was recorded already."""
    shared: tuple[str, str, int] | None = None
    """(pipeline, id, how many) of the newest run in which both ran: they may be two tests."""


def record_alias(database: Path, old_text: str, new_text: str, *, may_be_unseen: bool = False) -> Recorded:
    """Have the test case that one text names continue as the one that the other names.

    Args:
        may_be_unseen: a whole identity that no report has held yet is taken as it is.

    Raises:
        NoMatch: a text names no test case, or several.
        AliasRefused: the two are one already, lead in a circle, or the old one continues as another.
    """
    with closing(open_reader(database)) as connection:
        old = _find(connection, old_text, may_be_unseen)
        new = _find(connection, new_text, may_be_unseen)
        known = _check(list_aliases(connection), old, new)
        shared = _shared(connection, old, new)
    if not known:
        with closing(Writer(database, _no_signature)) as writer, writer.transaction():
            writer.add_alias(writer.test_case(old), writer.test_case(new))
    return Recorded(old, new, not known, shared)


def remove_alias(database: Path, text: str) -> Recorded:
    """Have the test case that a text names stand for itself again.

    Raises:
        NoMatch: the text names none that continues as another, or several.
    """
    with closing(open_reader(database)) as connection:
        recorded = {row.old.identity: row for row in list_aliases(connection)}
        found = [identity for identity in _named(connection, text) if identity in recorded]
    if len(found) != 1:
        near = tuple(found) or tuple(recorded)
        raise NoMatch("renamed test", text, near, is_ambiguous=len(found) > 1)
    row = recorded[found[0]]
    with closing(Writer(database, _no_signature)) as writer, writer.transaction():
        writer.remove_alias(writer.test_case(row.old))
    return Recorded(row.old, row.new, is_new=True)


def _named(connection: Connection, text: str) -> list[str]:
    """Identities that a text names, renames aside."""
    rows = tests.find_identities(connection, text)
    return sorted(info.case.identity for info in tests.load_tests(connection, rows).values())


def _find(connection: Connection, text: str, may_be_unseen: bool) -> TestCase:
    """The one identity that a text names, renames aside."""
    rows = tests.find_identities(connection, text)
    infos = tests.load_tests(connection, rows)
    if len(rows) == 1:
        return infos[rows[0]].case
    if rows:
        names = tuple(sorted(info.case.identity for info in infos.values()))
        raise NoMatch("test", text, names, is_ambiguous=True)
    if may_be_unseen:
        return _unseen(text)
    raise NoMatch("test", text, near_names(connection, text))


def _unseen(text: str) -> TestCase:
    """The identity that a text spells out."""
    namespace, _, rest = text.partition("::")
    classname, colons, name = rest.rpartition("::")
    if not namespace or not colons or not name:
        problem = "is not known yet; write its whole identity, namespace::classname::name"
        raise AliasRefused(f"{text!r} {problem}")
    return TestCase(namespace, classname, name)


def _check(recorded: tuple[AliasRow, ...], old: TestCase, new: TestCase) -> bool:
    """Whether the rename is recorded already; refuses what cannot be."""
    if old.identity == new.identity:
        raise AliasRefused(f"{old.identity!r} is one and the same test")
    onward = {row.old.identity: row for row in recorded}
    known = onward.get(old.identity)
    if known is not None and known.new.identity == new.identity:
        return True
    remedy = "take that back first with `crywolf tests alias --remove`"
    if known is not None:
        raise AliasRefused(f"{old.identity!r} continues as {known.new.identity!r} already; {remedy}")
    row = onward.get(new.identity)
    if row is not None and row.last.identity == old.identity:
        raise AliasRefused(f"{new.identity!r} leads to {old.identity!r} already, which would be a circle; {remedy}")
    return False


def _shared(connection: Connection, old: TestCase, new: TestCase) -> tuple[str, str, int] | None:
    rows = [tests.find_identities(connection, case.test_id) for case in (old, new)]
    return aliases.last_shared_run(connection, rows[0][0], rows[1][0]) if all(rows) else None


def _no_signature(failure: Failure) -> tuple[int, str, str]:
    raise AssertionError("no failure is written here")
