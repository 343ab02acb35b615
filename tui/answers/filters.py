"""What a person types after `/`: words that must occur, `!word` that must not, `field:word` for one field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a filter, case folded."""

    text: str
    field: str
    """What stands before the first colon; empty where there is none."""
    value: str
    """What stands after it."""
    is_negated: bool


@dataclass(frozen=True, slots=True)
class FilterText:
    """A row as filters see it, or what many rows share."""

    text: str
    fields: Mapping[str, tuple[str, ...]]


def parse_filter(text: str) -> tuple[Word, ...]:
    """The words of a filter.

    >>> [(word.text, word.is_negated) for word in parse_filter("Pay !env:pre")]
    [('pay', False), ('env:pre', True)]
    """
    return tuple(map(_parse_word, text.casefold().split()))


def _parse_word(word: str) -> Word:
    is_negated = word.startswith("!") and len(word) > 1
    text = word[1:] if is_negated else word
    field, colon, value = text.partition(":")
    return Word(text, field if colon else "", value, is_negated)


def left_over(words: Sequence[Word], shared: FilterText) -> tuple[Word, ...] | None:
    """Words that rows must still pass of which this much is known; None where none of them passes.

    An unknown field is an ordinary word.

    >>> shared = FilterText("staging", {"env": ("staging",)})
    >>> [word.text for word in left_over(parse_filter("pay !preprod env:stag staging"), shared)]
    ['pay', 'preprod']
    >>> left_over(parse_filter("pay !stag"), shared)
    """
    rest: list[Word] = []
    text = shared.text.casefold()
    for word in words:
        if word.field in shared.fields:
            if any(word.value in entry.casefold() for entry in shared.fields[word.field]) is word.is_negated:
                return None
        elif word.text not in text:
            rest.append(word)
        elif word.is_negated:
            return None
    return tuple(rest)


def accepts(words: Sequence[Word], folded: str) -> bool:
    """Whether a text, case folded, passes words."""
    return all((word.text in folded) is not word.is_negated for word in words)
