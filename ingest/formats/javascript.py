"""What reports of JavaScript test tools have in common: error stacks, free key-value texts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ingest.formats.json_reader import plain
from ingest.formats.json_values import error_parts
from ingest.model import Failure

_FRAME = re.compile(r"^\s+at \S|^\s*❯ ", re.MULTILINE)
_VITEST_TIMEOUT = "STACK_TRACE_ERROR"
"""Stands in Vitest's stack of a test that timed out, in place of the message (seen in 4.1.12 and 5.1.1)."""


def failure_of_stack(stack: str, message: str = "") -> Failure:
    """A failure from an error's stack: its class, its message, which may have several lines, and all of it.

    >>> failure_of_stack("TypeError: x is null\\n    at a.js:1")
    Failure(type='TypeError', message='x is null', text='TypeError: x is null\\n    at a.js:1')
    """
    text = stack or message
    frame = _FRAME.search(text)
    head = (text[: frame.start()] if frame else text).strip().removeprefix("Uncaught ")
    kind, stated = error_parts(head)
    if stated == _VITEST_TIMEOUT:
        stated = "the test timed out"
    return Failure(kind, message.strip() or stated, text)


def count_of(raw: msgspec.Raw, most: int) -> int:
    """A whole number between 0 and `most`; 0 for anything else, `most` for a larger one."""
    value = plain(raw)
    return max(0, min(value, most)) if isinstance(value, int) and not isinstance(value, bool) else 0


def text_pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Keys with their texts; a key with a list of texts comes once for each.

    >>> text_pairs({"service.peer.name": ["payments", "stock"], "url": "https://x", "n": 1})
    [('service.peer.name', 'payments'), ('service.peer.name', 'stock'), ('url', 'https://x')]
    """
    return [
        (key, item)
        for key, value in values.items()
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, str)
    ]
