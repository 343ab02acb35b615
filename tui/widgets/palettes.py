"""Tones to styles of a theme: the one place where a meaning becomes a colour."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style

from tui.widgets.pieces import TONES

_BOLD = frozenset({"strong", "bad", "outage", "unowned"})

Palette = dict[str, Style]


def palette(variables: Mapping[str, str]) -> Palette:
    """A rich style for every tone, foreground only, from a theme's variables."""
    styles = {"text": Style()}
    for tone in TONES[1:]:
        styles[tone] = Style(color=variables.get(f"tone-{tone}"), bold=tone in _BOLD or None)
    return styles
