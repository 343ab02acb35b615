"""What a person types after `/`: words that must occur, `!word` that must not, `field:word` for one field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FilterText:
    """A row as filters see it."""

    text: str
    fields: Mapping[str, tuple[str, ...]]


def parse_filter(text: str) -> Callable[[FilterText], bool]:
    """Whether a row passes a filter; an unknown field is an ordinary word.

    >>> row = FilterText("shop::pay staging", {"env": ("staging",)})
    >>> parse_filter("pay !preprod env:stag")(row)
    True
    """
    words = text.casefold().split()
    return lambda row: all(_accepts(word, row) for word in words)


def _accepts(word: str, row: FilterText) -> bool:
    is_negated = word.startswith("!") and len(word) > 1
    if is_negated:
        word = word[1:]
    field, colon, value = word.partition(":")
    if colon and field in row.fields:
        found = any(value in entry.casefold() for entry in row.fields[field])
    else:
        found = word in row.text.casefold()
    return found is not is_negated
