"""The two themes: quiet, a blue/orange pair that colour-blind people can tell apart, one accent for what is selected.

Every tone of `tui.widgets.pieces` is a variable `tone-NAME`; other Textual themes get them from their own colours.
"""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

from tui import colours


def _theme(scheme: colours.Scheme) -> Theme:
    return Theme(
        name=scheme.name,
        primary=scheme.primary,
        secondary=scheme.secondary,
        accent=scheme.primary,
        warning=scheme.warning,
        error=scheme.error,
        success=scheme.success,
        foreground=scheme.foreground,
        background=scheme.background,
        surface=scheme.background,
        panel=scheme.panel,
        dark=scheme.is_dark,
        variables=scheme.variables,
    )


DARK, LIGHT = _theme(colours.DARK), _theme(colours.LIGHT)


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


def name_of(wanted: str) -> str:
    """The name of one of ours or of any Textual theme; the dark one where there is no such theme."""
    scheme = colours.SCHEMES.get(wanted)
    if scheme is not None:
        return scheme.name
    return wanted if wanted in BUILTIN_THEMES else DARK.name
