"""The two themes: quiet, a blue/orange pair that colour-blind people can tell apart, one accent for what is selected.

Every tone of `tui.widgets.pieces` is a variable `tone-NAME`; other Textual themes get them from their own colours.
"""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="crywolf-dark",
    primary="#b4a7f5",
    secondary="#8b949e",
    accent="#b4a7f5",
    warning="#e3c45b",
    error="#ff8f40",
    success="#6cb6ff",
    foreground="#d5dae0",
    background="#0f1317",
    surface="#0f1317",
    panel="#1a2027",
    dark=True,
    variables={
        "tone-strong": "#ffffff",
        "tone-muted": "#8b949e",
        "tone-faint": "#4b545e",
        "tone-bad": "#ff8f40",
        "tone-outage": "#56b4ff",
        "tone-unowned": "#e3c45b",
        "tone-good": "#8ab4d8",
        "tone-accent": "#b4a7f5",
        "cursor-row": "#232a35",
        "cursor-row-blurred": "#1a2027",
        "rule": "#323a43",
        "scrollbar": "#323a43",
        "scrollbar-hover": "#4b545e",
        "scrollbar-active": "#8b949e",
        "scrollbar-background": "#0f1317",
        "scrollbar-background-hover": "#0f1317",
        "scrollbar-background-active": "#0f1317",
        "scrollbar-corner-color": "#0f1317",
    },
)

LIGHT = Theme(
    name="crywolf-light",
    primary="#5a3fc0",
    secondary="#57606a",
    accent="#5a3fc0",
    warning="#7a5c00",
    error="#b34700",
    success="#005ea8",
    foreground="#22272e",
    background="#fcfcfa",
    surface="#fcfcfa",
    panel="#eeeff2",
    dark=False,
    variables={
        "tone-strong": "#000000",
        "tone-muted": "#5b646e",
        "tone-faint": "#b3bac2",
        "tone-bad": "#b34700",
        "tone-outage": "#0057a8",
        "tone-unowned": "#7a5c00",
        "tone-good": "#31688e",
        "tone-accent": "#5a3fc0",
        "cursor-row": "#e2e2f3",
        "cursor-row-blurred": "#eeeff2",
        "rule": "#d3d7dc",
        "scrollbar": "#d3d7dc",
        "scrollbar-hover": "#b3bac2",
        "scrollbar-active": "#8b949e",
        "scrollbar-background": "#fcfcfa",
        "scrollbar-background-hover": "#fcfcfa",
        "scrollbar-background-active": "#fcfcfa",
        "scrollbar-corner-color": "#fcfcfa",
    },
)


def tone_defaults(variables: dict[str, str]) -> dict[str, str]:
    """Tones for a theme that knows none of ours, from the colours it has."""
    muted = variables.get("secondary", "#8b949e")
    foreground = variables.get("foreground", "#d5dae0")
    return {
        "tone-strong": foreground,
        "tone-muted": muted,
        "tone-faint": variables.get("surface-lighten-2", muted),
        "tone-bad": variables.get("error", "#ff8f40"),
        "tone-outage": variables.get("primary", "#56b4ff"),
        "tone-unowned": variables.get("warning", "#e3c45b"),
        "tone-good": variables.get("success", "#8ab4d8"),
        "tone-accent": variables.get("accent", "#b4a7f5"),
        "cursor-row": variables.get("panel", "#232a35"),
        "cursor-row-blurred": variables.get("surface", "#1a2027"),
        "rule": variables.get("panel", "#323a43"),
    }
