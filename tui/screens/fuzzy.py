"""How well a name fits what was typed: letters in their order, whole stretches and beginnings of words first. Pure."""

from __future__ import annotations

import re
from functools import lru_cache


def score(typed: str, name: str) -> float | None:
    """How well a name fits, the larger the better; None where the letters do not occur in this order.

    >>> score("rw", "review") is not None, score("wr", "review")
    (True, None)
    >>> score("live", "Live") > score("live", "deliver") > score("live", "log it very") > 0
    True
    """
    needle, label = typed.casefold().replace(" ", ""), name.casefold()
    if not needle:
        return 1.0
    whole = typed.casefold().strip()
    at = label.find(whole)
    if at >= 0:
        is_start = at == 0 or not label[at - 1].isalnum()
        return (3.0 if at == 0 else 2.5 if is_start else 2.0) + len(whole) / (len(label) + 1)
    found = _pattern(needle).search(label)
    return None if found is None else len(needle) / (found.end() - found.start() + 1)


@lru_cache(maxsize=16)
def _pattern(needle: str) -> re.Pattern[str]:
    return re.compile(".*?".join(map(re.escape, needle)), re.DOTALL)
