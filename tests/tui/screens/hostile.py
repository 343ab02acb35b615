"""Names and messages of strangers: brackets, escapes, controls, wide and bidirectional text."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

_OWN = (
    "test_a[chrome-red]",
    "test_b[/x]",
    "got [/",
    "[type=x, v={'a[0]'}]",
    "[@click=app.quit]x[/]",
    "[link=https://evil.example]x[/link]",
    "\x1b[2J\x1b[Hcleared",
    "\x1b]52;c;aGFja2Vk\x07copied",
    "\x1b]0;title\x1b\\",
    "\x9b31mC1",
    "nul\x00byte",
    "line\nbreak\r\n",
    "tab\tbed",
    "測試_日本語_한국어",
    "🙂👩‍👩‍👧‍👦🏳️‍🌈",
    "e\u0301\u0301\u0301combining",
    "\u202egnirts desrever\u202c",
    "עברית العربية",
    "lone \ud800 surrogate",
    "x" * 10_000,
    "=cmd|'/c calc'!A1",
    "$tone-bad $$ %s {0} \\",
    ":skull: :warning:",
    "",
    " ",
)


def _shared() -> tuple[str, ...]:
    """The list that all rooms share, where it is there."""
    if find_spec("tests.hostile_names") is None:
        return ()
    return tuple(import_module("tests.hostile_names").HOSTILE_NAMES)


HOSTILE: tuple[str, ...] = tuple(dict.fromkeys((*_OWN, *_shared())))
