"""Shell completion of names that the store knows. Whatever goes wrong, there are just no proposals."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from tui.answers.search import Hit

PROPOSALS = 50


def complete_test(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of tests; the whole identity where a name alone is ambiguous."""
    return _items(_test_values(_hits(ctx, incomplete)))


def complete_subject(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of tests, and incidents."""
    hits = _hits(ctx, incomplete)
    return _items([*((hit.key, hit.label) for hit in hits if hit.kind == "incident"), *_test_values(hits)])


def complete_service(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of services."""
    return _items([(hit.key, hit.hint) for hit in _hits(ctx, incomplete) if hit.kind == "service"])


def _hits(ctx: click.Context, incomplete: str) -> tuple[Hit, ...]:
    """What the store finds for the text so far."""
    from ingest.errors import IngestError
    from store.errors import StoreError
    from tui.answers.search import search
    from tui.commands.opening import reader

    try:
        with reader(ctx) as connection:
            return search(connection, incomplete, limit=PROPOSALS)
    except (IngestError, StoreError, OSError):
        return ()


def _test_values(hits: tuple[Hit, ...]) -> list[tuple[str, str]]:
    """(value, help) of the tests among some hits."""
    tests = [hit for hit in hits if hit.kind == "test"]
    names = Counter(_name(hit.key) for hit in tests)
    return [(_name(hit.key) if names[_name(hit.key)] == 1 else hit.key, hit.hint) for hit in tests]


def _name(identity: str) -> str:
    """The last part of an identity: shells split words at the colons before it."""
    return identity.rpartition("::")[2]


def _items(values: list[tuple[str, str]]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(value, help=hint or None) for value, hint in values]
