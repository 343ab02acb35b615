"""What a program sends to its terminal, taken apart: text, sequences that the dashboard may send, and all others."""

from __future__ import annotations

import base64
import re

_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|\x1b[^\[\]PX^_]?"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_OURS = re.compile(
    r"\x1b\[\d+;\d+H"  # every line is put at its place
    r"|\x1b\[(?:0|(?:\d+;)*[34]8;(?:2;\d+;\d+;\d+|5;\d+)(?:;[\d;]+)?)m"  # a text's colour and ground, then none
    r"|\x1b\[\?(?:1049|25|1000|1003|1004|1006|1015|1016|2004|2026|2048|7)[hl]"  # entering, leaving, the mouse
    r"|\x1b\[\?(?:2026|2048)\$p|\x1b\[>\d+u|\x1b\[<u"  # asking for what the terminal is able to do
    r"|\x1b\]22;[a-z-]+\x07"  # shape of the mouse's pointer
)
_CLIPBOARD = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")


def sequences(sent: str) -> list[str]:
    """Everything in what was sent that is no text, in its order."""
    return _SEQUENCES.findall(sent)


def foreign(sent: str) -> list[str]:
    """What neither the dashboard nor Textual sends by itself; copies apart, see `copied`.

    >>> foreign("\\x1b[1;1Ha\\x1b[31mred\\x1b[0m\\x1b]0;title\\x07\\x9b1m")
    ['\\x1b[31m', '\\x1b]0;title\\x07', '\\x9b']
    """
    return [one for one in sequences(sent) if not _OURS.fullmatch(one) and not _CLIPBOARD.fullmatch(one)]


def unbalanced(sent: str) -> set[str]:
    """Modes of the terminal that are not as they were before: they are not counted, so the first and last switch tell.

    >>> unbalanced("\\x1b[?25l\\x1b[?1049h\\x1b[?1000h\\x1b[?1000h\\x1b[?25h\\x1b[?1000l")
    {'1049'}
    """
    switched: dict[str, list[str]] = {}
    for mode, way in re.findall(r"\x1b\[\?(\d+)([hl])", sent):
        switched.setdefault(mode, []).append(way)
    return {mode for mode, ways in switched.items() if ways[0] == ways[-1]}


def copied(sent: str) -> list[str]:
    """Texts that the terminal was asked to put into its clipboard."""
    return [base64.b64decode(found[1]).decode() for found in _CLIPBOARD.finditer(sent)]
