"""What a failure says that the one before it did not. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from tui.widgets.pieces import Line, Piece, line, wrap

MOST_LINES = 400
"""Of each text that are compared; the rest of a longer one is not looked at."""
SHOWN = 12
_VOLATILE = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]+\b", re.IGNORECASE)
"""Numbers and hexadecimal ids: they differ in every run."""


def failure_diff(before: str, now: str, named: str, width: int, shown: int = SHOWN) -> list[Line]:
    """Lines that came (+) and went (-) since the failure before; one sentence where the texts are the same.

    Args:
        named: the run of the failure before, as in `run 6245`.
    """
    old, new = before.splitlines()[:MOST_LINES], now.splitlines()[:MOST_LINES]
    if old == new:
        return [line((f"says the same as in {named}", "muted"))]
    changed: list[tuple[str, str]] = []
    alike = SequenceMatcher(None, [_masked(one) for one in old], [_masked(one) for one in new], autojunk=False)
    for kind, a, b, c, d in alike.get_opcodes():
        if kind != "equal":
            changed += [("-", text) for text in old[a:b]] + [("+", text) for text in new[c:d]]
    if not changed:
        return [line((f"says the same as in {named} but for numbers and ids", "muted"))]
    lines = [line((f"differs from {named} in {len(changed)} line{'' if len(changed) == 1 else 's'}", "muted"))]
    for sign, text in changed[:shown]:
        part = next(iter(wrap(text.strip(), max(width - 2, 10))), "")
        tones = ("bad", "text") if sign == "+" else ("outage", "muted")
        lines.append((Piece(f"{sign} ", tones[0]), Piece(part, tones[1])))
    if len(changed) > shown:
        lines.append(line((f"  and {len(changed) - shown} more", "muted")))
    return lines


def _masked(text: str) -> str:
    return _VOLATILE.sub("#", text)
