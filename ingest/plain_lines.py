"""Tells which lines of a text need a closer look; nearly all lines of traces need none, and come again and again.

A line is plain when it is clean and holds nothing that a rule of `ingest.secret_kinds` looks for. That is remembered,
digits aside, so that a text of plain lines costs one look at each line's hash. It is enough to look at lines: what
`clean` removes begins with a character that makes its line odd, and no secret but a private key goes on in the next
line, whose first line is odd.
"""

from __future__ import annotations

from ingest.clean import clean
from ingest.secret_kinds import RULES, SHORTEST_BASE64

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\n\t"
_RUN_CHARACTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+/-"
_RUNS = bytes(ord("a") if code in _RUN_CHARACTERS else ord(" ") for code in range(256))
_LONG_RUN = b"a" * SHORTEST_BASE64
_KNOWN_LINES, _LONGEST = 8_000, 400
"""So many lines are remembered, of so many bytes at most."""
_GUARDS = b"_-@:.= J"
"""Rare characters first: a text without one of them holds none of the needles with it."""

_known: set[bytes] = set()


def odd_lines(text: bytes) -> list[int]:
    """Numbers, from 0, of the lines of a text that are not plain.

    Args:
        text: UTF-8; lone surrogates are allowed and odd.

    >>> odd_lines(b"  at a.B.c(B.java:31)\\ntoken=abc\\n\\n\\x1b[0m")
    [1, 3]
    """
    lines = text.translate(_DIGITS).split(b"\n")
    new = set(lines).difference(_known)
    if not new:
        return []
    if _is_plain(b"\n".join(new)):
        odd: set[bytes] = set()
    else:
        odd = {line for line in new if not _is_plain(line)}
    _remember(new - odd)
    return [number for number, line in enumerate(lines) if line in odd] if odd else []


def _remember(lines: set[bytes]) -> None:
    if len(_known) + len(lines) > _KNOWN_LINES:
        _known.clear()
    _known.update(line for line in lines if len(line) <= _LONGEST)


def _groups(*, ignores_case: bool) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    """(guard, needles): a text without the guard needs no search for the needles."""
    wanted: dict[bytes, bytes] = {}
    for rule in RULES:
        for text in rule.needles if rule.ignores_case is ignores_case else ():
            shown = text.encode().translate(_DIGITS)
            rare = next((bytes([code]) for code in _GUARDS if code in shown), b"")
            wanted[shown] = rule.also.encode() or rare
    groups: dict[bytes, list[bytes]] = {}
    for needle, guard in wanted.items():
        if not any(other in needle and wanted[other] in needle for other in wanted if other != needle):
            groups.setdefault(guard, []).append(needle)
    return tuple((guard, tuple(needles)) for guard, needles in groups.items())


_EXACT, _FOLDED = _groups(ignores_case=False), _groups(ignores_case=True)


def _is_plain(text: bytes) -> bool:
    """Whether one line or several, digits shown as 0, are plain."""
    if text.isascii():
        if text.translate(None, _PRINTABLE):
            return False
    elif not _is_clean(text):
        return False
    if b"0" in text and len(text) >= SHORTEST_BASE64 and _LONG_RUN in text.translate(_RUNS):
        return False
    return not (_holds(text, _EXACT) or _holds(text.lower(), _FOLDED))


def _is_clean(text: bytes) -> bool:
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        return False
    return clean(decoded) == decoded


def _holds(text: bytes, groups: tuple[tuple[bytes, tuple[bytes, ...]], ...]) -> bool:
    for guard, needles in groups:
        if guard in text:
            for needle in needles:
                if needle in text:
                    return True
    return False
