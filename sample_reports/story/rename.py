"""The same story in other words: every name is replaced, everywhere, by an invented one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sample_reports.story.dice import Dice

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TOKEN = re.compile(r"[A-Za-z0-9_]+")
_KEPT = frozenset({"test", "it"})
"""Parts by which tools recognise tests."""


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case.

    >>> words_of("CartMergeIT")
    ['cart', 'merge', 'it']
    """
    return [w.lower() for w in _WORD.findall(name)]


class Renamer:
    """Replaces whole names in text; with no seed, nothing changes."""

    def __init__(self, names: Iterable[str], seed: int | None) -> None:
        self.names = sorted(set(names), key=lambda n: (-len(n), n))
        self._new: dict[str, str] = {}
        self._long: re.Pattern[str] | None = None
        if seed is None:
            return
        words = self._invent(seed)
        for name in self.names:
            new = _WORD.sub(lambda m: _as(m.group(), words[m.group().lower()]), name)
            self._new[name] = new
            self._new[name[:1].upper() + name[1:]] = new[:1].upper() + new[1:]
        long = sorted((n for n in self._new if not _TOKEN.fullmatch(n)), key=lambda n: (-len(n), n))
        self._long = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, long)) or '(?!)'})(?![A-Za-z0-9_])")

    def __call__(self, text: str) -> str:
        """The text in the new words: first names of several words, then single ones."""
        if self._long is None:
            return text
        text = self._long.sub(lambda m: self._new[m.group()], text)
        return _TOKEN.sub(lambda m: self._new.get(m.group(), m.group()), text)

    def _invent(self, seed: int) -> dict[str, str]:
        """A new word for each word, no two alike and none of the old ones."""
        dice = Dice("rename", seed)
        old = sorted({w for name in self.names for w in words_of(name)})
        taken, out = set(old), {}
        for word in old:
            new = word if word in _KEPT else ""
            while not new or (new in taken and word not in _KEPT):
                new = "".join(dice.pick("bdfgklmnprstvz") + dice.pick("aeiou") for _ in range(2 + dice.below(2)))
                new += dice.pick(("", "", "n", "r", "s", "x"))
            taken.add(new)
            out[word] = new
        return out


def _as(pattern: str, word: str) -> str:
    """A word in the case of another."""
    if pattern.isupper() and len(pattern) > 1:
        return word.upper()
    return word.capitalize() if pattern[0].isupper() else word
