"""Go to anything: test cases, services, owners, pipelines, changes and incidents by name."""

from __future__ import annotations

import difflib
import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from store.connect import Connection
from store.read import catalog, changes, incidents, tests
from store.read.streams import list_streams

_MOST_COMPARED = 5_000


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that can be gone to."""

    kind: str
    """test, service, owner, pipeline, change or incident."""
    label: str
    key: str
    """What the screen of that kind takes: an identity, a service's name, a change id."""
    hint: str = ""


KINDS = ("incident", "service", "owner", "pipeline", "test", "change")


def search(
    connection: Connection, text: str, *, limit: int = 50, names: tuple[Hit, ...] | None = None
) -> tuple[Hit, ...]:
    """Best matches first: what starts with the text, then what contains it, then what has its letters in this order.

    Args:
        text: a name or part of it; a kind before it, as in `service pay`, leaves the others out.
        names: of `list_names`, where they have been read before.
    """
    hits = list_names(connection) if names is None else names
    kind, _, rest = text.strip().partition(" ")
    if rest.strip() and kind.casefold() in KINDS:
        hits, text = tuple(hit for hit in hits if hit.kind == kind.casefold()), rest
    needle = text.casefold().strip()
    if not needle:
        return hits[:limit]
    found = sorted((hit for hit in hits if needle in hit.label.casefold()), key=lambda hit: _rank(hit, needle))
    if len(found) < limit:
        seen = {(hit.kind, hit.key) for hit in found}
        found += _in_order(hits, needle, seen, limit - len(found)) or _spelled_alike(hits, needle, seen)
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


def list_names(connection: Connection) -> tuple[Hit, ...]:
    """Everything that can be gone to."""
    return tuple(_everything(connection))


def _everything(connection: Connection) -> Iterator[Hit]:
    for ident, title, is_open in incidents.list_titles(connection):
        yield Hit("incident", title, ident, ident if is_open else f"{ident}, over")
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


def _in_order(hits: Sequence[Hit], needle: str, seen: set[tuple[str, str]], most: int) -> list[Hit]:
    """What has the letters in this order, the closer together the better."""
    pattern = re.compile(".*?".join(map(re.escape, needle.replace(" ", ""))), re.DOTALL)
    spans = []
    for number, hit in enumerate(hits):
        found = pattern.search(hit.label.casefold())
        if found is not None and (hit.kind, hit.key) not in seen:
            spans.append((found.end() - found.start(), len(hit.label), number))
    return [hits[number] for _, _, number in heapq.nsmallest(most, spans)]


def _spelled_alike(hits: Sequence[Hit], needle: str, seen: set[tuple[str, str]]) -> list[Hit]:
    """What is spelled alike; of very many names none, since comparing them takes seconds."""
    by_word: dict[str, Hit] = {}
    for hit in hits if len(hits) <= _MOST_COMPARED else ():
        if (hit.kind, hit.key) not in seen:
            by_word.setdefault(hit.label.rpartition("::")[2].casefold(), hit)
    return [by_word[word] for word in difflib.get_close_matches(needle, by_word, n=10, cutoff=0.6)]
