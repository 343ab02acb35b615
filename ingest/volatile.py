"""Names that never come back: many new ones of one base name in a day, and what they differ in. Pure.

The base of a name is what stands before its parameters, without what may change from run to run: numbers, words of
letters and digits mixed (hex digits, random ids, compact timestamps), places of temporary files. A name that has none
of these loses its last words, two at most and never the first two: they may be drawn at random; such a base counts only
where a report holds several of its names. A test that puts a timestamp or an order number into its name makes new test
cases with every run, whose history is one run long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from ingest.model import TestCase
from ingest.names import PARAMETERS
from store.write import NewNames

MOST_NEW_NAMES = 1_000
"""New names of one base name in a day; from here on it is a warning."""
ANY = "<...>"
SAMPLES = 16
"""Names of a base that are compared."""
_MOST_BASES = 20_000
"""Of one part; names of any more are not counted."""
_TEMPORARY = re.compile(
    r"(?:/tmp|/var/folders|[/\\](?:Temp|temp))[/\\][^\s\"'`)\]}]+"  # what lies in a folder of temporary files
    r"|(?<![0-9A-Za-z])tmp[0-9A-Za-z_.]{6,12}(?![0-9A-Za-z])"  # made by mkstemp, without a folder
)
_MIXED = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]*[0-9]+[A-Za-z][0-9A-Za-z]*")
_IS_MIXED = re.compile(r"[0-9][A-Za-z]")
_NUMBER = re.compile(r"[0-9]+")
_TOKEN = re.compile(r"<\.\.\.>|[0-9A-Za-z]+|[^0-9A-Za-z]")
_CLOSING = {"[": "]", "(": ")", "{": "}", '"': '"', "`": "`"}
_ANY_IN_A_ROW = re.compile(r"<\.\.\.>(?:[^0-9A-Za-z\[\](){}\"`]?<\.\.\.>)+")


def base_of(name: str) -> str | None:
    """What the names of one test have in common; None where there is nothing that could change.

    >>> base_of("test_order[2031-eu]"), base_of("step 12 of 40"), base_of("test_pay")
    ('test_order[', 'step <...> of <...>', None)
    >>> base_of("checkout-4b825dc642cb passes"), base_of("creates customer Alice Miller")
    ('checkout-<...> passes', 'creates customer<...>')
    """
    found = PARAMETERS.search(name)
    head = name if found is None else name[: found.end()]
    base = _settled(head)
    return base if found is not None or base != name else _without_last_words(name)


def pattern_of(names: Iterable[str]) -> str:
    """Names of one base with `<...>` where they differ; a pattern counts as a name.

    >>> pattern_of(["test_order[17-eu]", "test_order[18-eu]"])
    'test_order[<...>-eu]'
    >>> pattern_of(["test_order[17]"])
    'test_order[<...>]'
    """
    unique = list(dict.fromkeys(names))
    if len(unique) == 1:
        return _widest(unique[0])
    rows = [_TOKEN.findall(name) for name in unique]
    if len({len(row) for row in rows}) == 1:
        merged = [column[0] if len(set(column)) == 1 else ANY for column in zip(*rows, strict=True)]
        return _ANY_IN_A_ROW.sub(ANY, "".join(merged))
    start = _shared(rows)
    end = min(_shared([row[::-1] for row in rows]), min(map(len, rows)) - start)
    return "".join(rows[0][:start]) + ANY + "".join(rows[0][len(rows[0]) - end :])


class Growth:
    """New test cases of one part, by base name; memory is bounded."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], tuple[list[int], list[str]]] = {}

    def note(self, case: TestCase) -> None:
        """Count a test case that was not known."""
        base = base_of(case.name)
        if base is None:
            return
        key = (case.namespace, case.classname, base)
        entry = self._found.get(key)
        if entry is None:
            if len(self._found) >= _MOST_BASES:
                return
            entry = self._found[key] = ([0], [])
        entry[0][0] += 1
        if len(entry[1]) < SAMPLES:
            entry[1].append(case.name)

    def take(self) -> tuple[NewNames, ...]:
        """What was counted; counting begins anew."""
        found = [NewNames(*key, count, pattern_of(names)) for key, ([count], names) in self._found.items()]
        self._found.clear()
        return tuple(one for one in found if one.names > 1 or ANY in one.pattern)


def date_text(day: int) -> str:
    """A UTC day (days since 1970) as people write it.

    >>> date_text(20_000)
    '2024-10-04'
    """
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def growth_warning(pattern: str, names: int, day: str) -> str:
    """The sentence for more new names than a day may bring."""
    return (
        f"{pattern}: {names:,} new names since {day} differ only in {ANY}; if it changes from run to run, no test keeps"
        " its history: give it a stable id"
    )


def _settled(name: str) -> str:
    """A name without what may change from run to run, wherever it stands."""
    if "tmp" in name or "emp" in name or "/var/" in name:
        name = _TEMPORARY.sub(ANY, name)
    if _IS_MIXED.search(name):
        name = _MIXED.sub(ANY, name)
    return _NUMBER.sub(ANY, name)


def _without_last_words(name: str) -> str | None:
    """A name without the words at its end, two of which stay in front of them; None where it has only these two."""
    front, *words = name.replace("_", " ").replace("-", " ").rsplit(" ", 2)
    if len(words) < 2 or not words[1].isalpha():
        return None
    is_two = " " in front and words[0].isalpha()
    return name[: len(front) + (0 if is_two else 1 + len(words[0]))] + ANY


def _widest(name: str) -> str:
    """One name with everything replaced that its base leaves out."""
    found = PARAMETERS.search(name)
    if found is None or ANY in name:
        return _settled(name)
    return name[: found.end()] + ANY + _CLOSING.get(found[0], "")


def _shared(rows: list[list[str]]) -> int:
    """How many tokens all rows begin with."""
    count = 0
    for column in zip(*rows, strict=False):
        if len(set(column)) > 1:
            break
        count += 1
    return count
