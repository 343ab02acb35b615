"""The `/` filter of lists that are in memory: words that must all occur; `!word` must not; `field:word`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence


def matches(text: str, fields: Mapping[str, Iterable[str]]) -> bool:
    """Whether an item with these fields passes a filter; case does not matter, an unknown field is part of the word.

    >>> item = {"name": ["pays_with_saved_card"], "owner": ["@acme/journeys"]}
    >>> [matches(text, item) for text in ("pays card", "!pays", "owner:journeys", "!owner:journeys", "")]
    [True, False, True, False, True]
    """
    if not text.strip():
        return True
    lowered = {field: " ".join(values).lower() for field, values in fields.items()}
    everything = "\n".join(lowered.values())
    return all(_passes(word, lowered, everything) for word in text.lower().split())


def _passes(word: str, fields: Mapping[str, str], everything: str) -> bool:
    if word.startswith("!") and len(word) > 1:
        return not _passes(word[1:], fields, everything)
    field, separator, wanted = word.partition(":")
    if separator and field in fields:
        return wanted in fields[field]
    return word in everything


_FIELD = re.compile(r"!*([a-z][a-z_]*):(?!/)(?!:)", re.ASCII)


def unknown_field(text: str, fields: Sequence[str]) -> str:
    """The first field that a filter names and a view does not have; empty where there is none.

    >>> unknown_field("owner:tills !onwer:x shop::pays https://ci", ("owner", "env")), unknown_field("env:a", ("env",))
    ('onwer', '')
    """
    named = (_FIELD.match(word) for word in text.lower().split())
    return next((found[1] for found in named if found is not None and found[1] not in fields), "")
