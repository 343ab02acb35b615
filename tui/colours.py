"""The colours of the two themes, by meaning: a blue/orange pair that colour-blind people can tell apart, one accent.

Without Textual, so that the first picture can be drawn before it is imported.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scheme:
    """A theme's colours as #rrggbb; `variables` holds a `tone-NAME` for every tone of `tui.widgets.pieces`."""

    name: str
    is_dark: bool
    primary: str
    secondary: str
    warning: str
    error: str
    success: str
    foreground: str
    background: str
    panel: str
    variables: dict[str, str]


DARK = Scheme(
    name="crywolf-dark",
    is_dark=True,
    primary="#b4a7f5",
    secondary="#8b949e",
    warning="#e3c45b",
    error="#ff8f40",
    success="#6cb6ff",
    foreground="#d5dae0",
    background="#0f1317",
    panel="#1a2027",
    variables={
        "tone-strong": "#ffffff",
        "tone-muted": "#8b949e",
        "tone-faint": "#626c77",
        "tone-bad": "#ff8f40",
        "tone-outage": "#56b4ff",
        "tone-unowned": "#e3c45b",
        "tone-good": "#8ab4d8",
        "tone-accent": "#b4a7f5",
        "cursor-row": "#232a35",
        "cursor-row-blurred": "#1a2027",
        "rule": "#323a43",
        "scrollbar": "#4b545e",
        "scrollbar-hover": "#626c77",
        "scrollbar-active": "#8b949e",
        "scrollbar-background": "#0f1317",
        "scrollbar-background-hover": "#0f1317",
        "scrollbar-background-active": "#0f1317",
        "scrollbar-corner-color": "#0f1317",
    },
)

LIGHT = Scheme(
    name="crywolf-light",
    is_dark=False,
    primary="#5a3fc0",
    secondary="#57606a",
    warning="#7a5c00",
    error="#a94200",
    success="#005ea8",
    foreground="#22272e",
    background="#fcfcfa",
    panel="#eeeff2",
    variables={
        "tone-strong": "#000000",
        "tone-muted": "#5b646e",
        "tone-faint": "#7f8791",
        "tone-bad": "#a94200",
        "tone-outage": "#0057a8",
        "tone-unowned": "#7a5c00",
        "tone-good": "#31688e",
        "tone-accent": "#5a3fc0",
        "cursor-row": "#e2e2f3",
        "cursor-row-blurred": "#eeeff2",
        "rule": "#d3d7dc",
        "scrollbar": "#b3bac2",
        "scrollbar-hover": "#7f8791",
        "scrollbar-active": "#5b646e",
        "scrollbar-background": "#fcfcfa",
        "scrollbar-background-hover": "#fcfcfa",
        "scrollbar-background-active": "#fcfcfa",
        "scrollbar-corner-color": "#fcfcfa",
    },
)

SCHEMES = {"dark": DARK, "light": LIGHT, DARK.name: DARK, LIGHT.name: LIGHT}


def wanted_theme(option: str | None, chosen: str = "", declared: str = "") -> str:
    """Name of the theme to start with.

    The option's, else `CRYWOLF_THEME`'s, else what was chosen in the dashboard, else the settings', else dark.
    """
    return option or os.environ.get("CRYWOLF_THEME") or chosen or declared or "dark"
