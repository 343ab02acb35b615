"""On which line of a `crywolf.toml` a key stands; used when one of them is wrong."""

from __future__ import annotations

import re

_STEP = re.compile(r"([^.\[\]]+)(?:\[(\d+)\])?")


def line_of(text: str, key: str) -> int | None:
    """The 1-based line of a key such as `view[2].mode`, else that of its table; None where neither is found.

    >>> line_of('[project]\\nactor = "ada"\\n[[view]]\\nname = "a"\\n[[view]]\\nmode = "?"\\n', "view[2].mode")
    6
    """
    steps = [(found[1], int(found[2] or 1)) for found in _STEP.finditer(key)]
    if not steps:
        return None
    lines = text.splitlines()
    (table, number), *rest = steps
    start = _header(lines, table, number)
    if start is None or not rest:
        return start or _assignment(lines, 0, table)
    nested = _header(lines, f"{table}.{rest[0][0]}", 1) if len(rest) > 1 else None
    return _assignment(lines, nested or start, rest[-1][0]) or nested or start


def _header(lines: list[str], table: str, number: int) -> int | None:
    pattern = re.compile(rf"\s*\[\[?\s*{re.escape(table)}\s*\]\]?\s*(#.*)?")
    found = [place for place, line in enumerate(lines, 1) if pattern.fullmatch(line)]
    return found[number - 1] if len(found) >= number else None


def _assignment(lines: list[str], after: int, name: str) -> int | None:
    """The line of `name = ...` after a header, before the next one."""
    pattern = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*=""")
    for place, line in enumerate(lines[after:], after + 1):
        if line.lstrip().startswith("[") and "=" not in line:
            return None
        if pattern.match(line):
            return place
    return None
