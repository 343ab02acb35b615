"""Answers in which every text is a stranger's, whatever record it stands in: they are found by walking the records.

One text always becomes the same payload, and what the dashboard asks by a payload is asked by the text that it stands
for; so names that belong together still do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from tests.tui.screens.fake_answers import FakeAnswers
from tui.screens.asking import Answers

CODES = frozenset({"kind", "verdict", "status", "run_trigger", "action", "day"})
"""Fields that hold one of a few words of ours, by which the dashboard decides."""
ASKED = {name for name in vars(Answers) if not name.startswith("_")} - {"version", "close"}
"""Every question of a screen."""


class Poison:
    """The payload that stands for each text, and back."""

    def __init__(self, payloads: Sequence[str], start: int = 0) -> None:
        self._payloads, self._next = payloads, start
        self._by_text: dict[str, str] = {}
        self._by_payload: dict[str, str] = {}

    def into(self, value: Any) -> Any:
        """A record with payloads for its texts."""
        return _mapped(value, self._payload)

    def back(self, value: Any) -> Any:
        """A record with the texts for its payloads."""
        return _mapped(value, lambda text: self._by_payload.get(text, text))

    def _payload(self, text: str) -> str:
        if text not in self._by_text:
            lap, number = divmod(self._next, len(self._payloads))
            self._next += 1
            payload = self._payloads[number] + (f" {lap}" if lap or not self._payloads[number].strip() else "")
            self._by_text[text], self._by_payload[payload] = payload, text
        return self._by_text[text]


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, Enum) or not value else change(value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [one.name for one in fields(value) if one.init and one.name not in CODES]
        return replace(value, **{name: _mapped(getattr(value, name), change) for name in names})
    if isinstance(value, Mapping):
        return {_mapped(key, change): _mapped(one, change) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(
            *(one if name in CODES else _mapped(one, change) for name, one in zip(value._fields, value, strict=True))
        )
    if isinstance(value, (tuple, list, frozenset, set)):
        return type(value)(_mapped(one, change) for one in value)
    return value


class PoisonedAnswers:
    """Made-up answers with payloads for texts; `begin` takes other payloads for the same texts."""

    def __init__(self, payloads: Sequence[str]) -> None:
        self.honest, self._payloads = FakeAnswers(), payloads
        self.begin(0)

    def begin(self, start: int) -> None:
        """Payloads from a place in their list on; whoever looks sees that the store has changed."""
        self._poison = Poison(self._payloads, start)
        self.honest.beats += 1

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.honest, name)
        if name not in ASKED:
            return method

        def asked(query: Any = None, *rest: Any) -> Any:
            return self._poison.into(method(query, *self._poison.back(rest)))

        def unasked(*arguments: Any) -> Any:
            return self._poison.into(method(*self._poison.back(arguments)))

        return (
            unasked
            if name in ("test_rows", "attempts", "grid_cells", "grid_days", "grid_cell", "refused", "search")
            else asked
        )
