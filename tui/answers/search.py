"""Go to anything: test cases, services, owners, pipelines, changes and incidents by name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from store.connect import Connection
from store.read import catalog, changes, tests
from store.read.streams import list_streams


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that can be gone to."""

    kind: str
    """test, service, owner, pipeline, change or incident."""
    label: str
    key: str
    """What the screen of that kind takes: an identity, a service's name, a change id."""
    hint: str = ""


def search(connection: Connection, text: str, *, limit: int = 50) -> tuple[Hit, ...]:
    """Best matches first: what starts with the text, then what contains it, then what is spelled alike."""
    needle = text.casefold().strip()
    hits = list(_everything(connection))
    if not needle:
        return tuple(hits[:limit])
    found = sorted((hit for hit in hits if needle in hit.label.casefold()), key=lambda hit: _rank(hit, needle))
    if len(found) < limit:
        found += _spelled_alike(hits, needle, {(hit.kind, hit.key) for hit in found})
    return tuple(found[:limit])


def near_names(connection: Connection, text: str, limit: int = 5) -> tuple[str, ...]:
    """Identities of test cases that are spelled most like a text, best first."""
    names = [identity for _, identity in tests.list_identities(connection)]
    parts = {part: name for name in reversed(names) for part in (name, name.rpartition("::")[2], *name.split("::"))}
    close = difflib.get_close_matches(text, parts, n=limit * 3, cutoff=0.5)
    if not close:
        words = {word: name for name in reversed(names) for word in re.split(r"[^0-9A-Za-z]+", name) if len(word) > 2}
        close = [word for word in difflib.get_close_matches(text, words, n=limit, cutoff=0.5)]
        parts = words
    return tuple(dict.fromkeys(parts[name] for name in close))[:limit]


def _everything(connection: Connection) -> Iterator[Hit]:
    names, entries = catalog.list_services(connection)
    owner_of = {entry.name: entry.owner or "" for entry in entries}
    for name in names:
        yield Hit("service", name, name, owner_of.get(name, "seen, not in catalog"))
    for owner in sorted({owner for owner in owner_of.values() if owner}):
        yield Hit("owner", owner, owner)
    for pipeline in sorted({row.scope.pipeline for row in list_streams(connection)}):
        yield Hit("pipeline", pipeline, pipeline)
    for _, identity in tests.list_identities(connection):
        yield Hit("test", identity, identity)
    for change in reversed(changes.list_changes(connection, -(2**53), 2**53)):
        label = " ".join(word for word in (change.service, change.to_version, change.title) if word)
        yield Hit("change", label or change.change_id, change.change_id, change.environment)


def _rank(hit: Hit, needle: str) -> tuple[int, int, str]:
    label = hit.label.casefold()
    last = label.rpartition("::")[2]
    return (0 if label.startswith(needle) or last.startswith(needle) else 1, len(label), label)


def _spelled_alike(hits: list[Hit], needle: str, seen: set[tuple[str, str]]) -> list[Hit]:
    by_word: dict[str, Hit] = {}
    for hit in hits:
        if (hit.kind, hit.key) not in seen:
            by_word.setdefault(hit.label.rpartition("::")[2].casefold(), hit)
    return [by_word[word] for word in difflib.get_close_matches(needle, by_word, n=10, cutoff=0.6)]
