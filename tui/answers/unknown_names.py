"""Filters by a name that the store does not hold: what they leave is empty, which is not "nothing is red"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from store.connect import Connection
from store.read.catalog import list_services
from store.read.changes import list_covered
from store.read.runs import list_newest
from store.read.streams import list_streams
from tui.answers.owner_book import UNOWNED, OwnerBook, load_owner_book, team_of
from tui.answers.query import Query
from tui.answers.windows import FAR_FUTURE_MS
from tui.errors import NoMatch


def unknown_names(connection: Connection, query: Query) -> tuple[NoMatch, ...]:
    """One for each filter of a query that names nothing, with the name that is spelled most like it."""
    found = []
    for kind in ("pipeline", "environment", "branch", "service"):
        asked = getattr(query, kind)
        if asked:
            found += _unknown(kind, asked, asked.casefold(), _names(connection, kind))
    if query.owner and query.owner.casefold() != UNOWNED:
        owners = _owners(load_owner_book(connection, query.settings))
        found += _unknown("owner", query.owner, team_of(query.owner), map(team_of, owners))
    return tuple(found)


def _unknown(kind: str, asked: str, folded: str, names: Iterable[str]) -> list[NoMatch]:
    known = {name.casefold(): name for name in names}
    if folded in known:
        return []
    near = difflib.get_close_matches(folded, sorted(known), n=1)
    return [NoMatch(kind, asked, tuple(known[name] for name in near))]


def _names(connection: Connection, kind: str) -> set[str]:
    """All pipelines, environments, branches or services that runs, changes and the catalog name."""
    if kind == "service":
        return set(list_services(connection)[0])
    found = {str(getattr(row.scope, kind)) for row in list_streams(connection)}
    if kind == "environment":
        found |= {environment for _, environment in list_covered(connection)}
    if kind != "branch":
        found |= {str(getattr(run, kind)) for run in list_newest(connection, FAR_FUTURE_MS)}
    return found


def _owners(book: OwnerBook) -> set[str]:
    """Everybody whom CODEOWNERS, the catalog and `crywolf.toml` name."""
    settings = book.settings
    files = {owner for _, matcher in book.matchers for rule in matcher.file.rules for owner in rule.owners}
    said = [rule.owner for rule in settings.owners] + [one.owner for one in settings.pipelines]
    said += [flow.owner for flow in settings.flows]
    return files | {owner for owner in (*said, *book.services.values()) if owner}
