"""Changes with the commits they carried, and incidents that monitors told of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ingest.model import Change, ChangeTarget, Commit
from store.codec import decode
from store.connect import Connection


def list_changes(connection: Connection, since_ms: int, until_ms: int) -> tuple[Change, ...]:
    """Changes recorded in [since, until], oldest first; known commits are filled in."""
    rows = connection.execute(
        "SELECT record FROM change WHERE at_ms >= ? AND at_ms <= ? ORDER BY at_ms, change_id", (since_ms, until_ms)
    ).fetchall()
    return tuple(_with_commits(connection, decode(row[0], Change)) for row in rows)


@dataclass(frozen=True, slots=True)
class SeenIncident:
    """What a monitor told once of an incident of its own."""

    note_id: str
    state: str
    """`detected`, `reported` or `resolved`."""
    incident: str
    """The monitor's name for the incident; what it tells of one shares it."""
    at_ms: int
    environment: str
    service: str
    title: str
    url: str


def list_seen_incidents(connection: Connection, since_ms: int, until_ms: int) -> tuple[SeenIncident, ...]:
    """What monitors told in [since, until], oldest first."""
    rows = connection.execute(
        "SELECT note_id, state, incident, at_ms, environment, service, title, url FROM incident_note"
        " WHERE at_ms >= ? AND at_ms <= ? ORDER BY at_ms, note_id, state",
        (since_ms, until_ms),
    )
    return tuple(SeenIncident(*row) for row in rows.fetchall())


def load_targets(connection: Connection, idents: Iterable[str]) -> dict[str, ChangeTarget]:
    """What some changes are of, by their ids; unknown ones are left out."""
    rows = connection.execute(
        "SELECT c.change_id, c.target FROM json_each(?) n JOIN change c ON c.change_id = n.value",
        (json.dumps(sorted(set(idents))),),
    )
    return {row[0]: ChangeTarget(row[1]) for row in rows}


def list_covered(connection: Connection) -> frozenset[tuple[str, str]]:
    """(service, environment) pairs with at least one recorded change, whenever."""
    rows = connection.execute(
        "SELECT DISTINCT s.name, c.environment FROM change c JOIN service s ON s.service_id = c.service_id"
        " WHERE c.target = 'service'"
    )
    return frozenset((row[0], row[1]) for row in rows)


def _with_commits(connection: Connection, change: Change) -> Change:
    """The change with what is known of its commits from pushes and merges."""
    if not change.commits:
        return change
    commits: list[Commit] = []
    for commit in change.commits:
        row = connection.execute("SELECT record FROM commit_note WHERE sha = ?", (commit.sha,)).fetchone()
        commits.append(_completed(commit, decode(row[0], Commit)) if row else commit)
    title = change.title or next((c.title for c in commits if c.title), "")
    author = change.author or next((c.author for c in commits if c.author), "")
    files = change.files or tuple(dict.fromkeys(file for c in commits for file in c.files))
    return replace(change, commits=tuple(commits), title=title, author=author, files=files)


def _completed(commit: Commit, known: Commit) -> Commit:
    return Commit(
        commit.sha,
        commit.title or known.title,
        commit.author or known.author,
        commit.url or known.url,
        commit.at_ms if commit.at_ms is not None else known.at_ms,
        commit.files or known.files,
    )
