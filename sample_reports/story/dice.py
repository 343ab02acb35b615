"""Chance that falls the same way on every machine: only `random.Random.random()` is used, a guaranteed sequence."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A source of chance named by a key, independent of how often others were thrown."""

    def __init__(self, *key: object) -> None:
        self._random = random.Random("/".join(str(part) for part in key))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random.random() < probability

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return int(self._random.random() * limit)

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self._random.random()

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All items in a random order."""
        rest, out = list(items), []
        while rest:
            out.append(rest.pop(self.below(len(rest))))
        return out

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different items, in their original order."""
        chosen = set(self.shuffled(range(len(items)))[:count])
        return [item for k, item in enumerate(items) if k in chosen]

    def hex(self, digits: int) -> str:
        """Random hexadecimal digits."""
        return "".join("0123456789abcdef"[self.below(16)] for _ in range(digits))

    def sha(self) -> str:
        """A random commit id."""
        return self.hex(40)

    def uuid(self) -> str:
        """A random UUID of version 4."""
        h = self.hex(30)
        return f"{h[:8]}-{h[8:12]}-4{h[12:15]}-{'89ab'[self.below(4)]}{h[15:18]}-{h[18:30]}"
