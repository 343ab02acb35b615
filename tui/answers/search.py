"""Go to anything: test cases, services, owners, pipelines, changes and incidents by name."""

from __future__ import annotations

import difflib
import heapq
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from store.connect import Connection
from store.read import catalog, changes, incidents, tests
from store.read.streams import list_streams

_MOST_COMPARED = 5_000


class Hit(NamedTuple):
    """Something that can be gone to; there may be 100,000."""

    kind: str
    """test, service, owner, pipeline, change or incident."""
    label: str
    key: str
    """What the screen of that kind takes: an identity, a service's name, a change id."""
    hint: str = ""
    folded: str = ""
    """The label without its case, of what is searched: every letter typed is looked for in all of them."""


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
    found = heapq.nsmallest(limit, (hit for hit in hits if needle in hit.folded), key=lambda hit: _rank(hit, needle))
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
    return tuple(Hit(kind, label, key, hint, label.casefold()) for kind, label, key, hint in _everything(connection))


def _everything(connection: Connection) -> Iterator[tuple[str, str, str, str]]:
    """(kind, label, key, hint) of each."""
    for ident, title, is_open in incidents.list_titles(connection):
        yield ("incident", title, ident, ident if is_open else f"{ident}, over")
    names, entries = catalog.list_services(connection)
    owner_of = {entry.name: entry.owner or "" for entry in entries}
    for name in names:
        yield ("service", name, name, owner_of.get(name, "seen, not in catalog"))
    for owner in sorted({owner for owner in owner_of.values() if owner}):
        yield ("owner", owner, owner, "")
    for pipeline in sorted({row.scope.pipeline for row in list_streams(connection)}):
        yield ("pipeline", pipeline, pipeline, "")
    for _, identity in tests.list_identities(connection):
        yield ("test", identity, identity, "")
    for change in reversed(changes.list_changes(connection, -(2**53), 2**53)):
        label = " ".join(word for word in (change.service, change.to_version, change.title) if word)
        yield ("change", label or change.change_id, change.change_id, change.environment)


def _rank(hit: Hit, needle: str) -> tuple[int, int, str]:
    label = hit.folded
    begins = label.startswith(needle) or label.startswith(needle, label.rfind("::") + 2 if "::" in label else 0)
    return (0 if begins else 1, len(label), label)


def _in_order(hits: Sequence[Hit], needle: str, seen: set[tuple[str, str]], most: int) -> list[Hit]:
    """What has the letters in this order, the closer together the better."""
    letters = needle.replace(" ", "")
    spans = []
    for number, hit in enumerate(hits):
        span = _span_of(letters, hit.folded)
        if span is not None and (hit.kind, hit.key) not in seen:
            spans.append((span, len(hit.label), number))
    return [hits[number] for _, _, number in heapq.nsmallest(most, spans)]


def _span_of(letters: str, label: str) -> int | None:
    """From the first of some letters in a label to the last, each the next there is; None where one is missing.

    >>> _span_of("pay", "spray"), _span_of("pay", "say"), _span_of("", "any")
    (4, None, 0)
    """
    first = place = label.find(letters[:1])
    for letter in letters[1:]:
        if place < 0:
            return None
        place = label.find(letter, place + 1)
    return None if place < 0 else place + len(letters[:1]) - first


def _spelled_alike(hits: Sequence[Hit], needle: str, seen: set[tuple[str, str]]) -> list[Hit]:
    """What is spelled alike; of very many names none, since comparing them takes seconds."""
    by_word: dict[str, Hit] = {}
    for hit in hits if len(hits) <= _MOST_COMPARED else ():
        if (hit.kind, hit.key) not in seen:
            by_word.setdefault(hit.folded.rpartition("::")[2], hit)
    return [by_word[word] for word in difflib.get_close_matches(needle, by_word, n=10, cutoff=0.6)]
