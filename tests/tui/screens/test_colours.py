"""Our themes can be read: contrast by WCAG 2.1 (1.4.3 for text, 1.4.11 for signs)."""

from __future__ import annotations

import pytest
from textual.theme import BUILTIN_THEMES

from tui.colours import DARK, LIGHT, Scheme
from tui.theme import tone_defaults
from tui.widgets.palettes import palette
from tui.widgets.pieces import TONES

TEXTS = ("tone-strong", "tone-muted", "tone-bad", "tone-outage", "tone-unowned", "tone-good", "tone-accent")
GROUNDS = ("background", "panel", "cursor-row", "cursor-row-blurred")


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, from 0 to 1, as WCAG defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def colours(scheme: Scheme) -> dict[str, str]:
    """All colours of a theme by name."""
    return {"text": scheme.foreground, "background": scheme.background, "panel": scheme.panel, **scheme.variables}


def test_contrast_of_known_colours() -> None:
    """Black on white is 21, a colour on itself 1; #767676 on white is the lightest grey that passes."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#123456", "#123456") == 1
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", [DARK, LIGHT], ids=lambda scheme: scheme.name)
@pytest.mark.parametrize("ground", GROUNDS)
def test_every_tone_is_readable_on_every_ground(scheme: Scheme, ground: str) -> None:
    """4.5 for texts, under the cursor as well; 2.5 for what is faint, which holds no word."""
    found = colours(scheme)
    ratios = {tone: contrast(found[tone], found[ground]) for tone in ("text", *TEXTS)}
    assert {tone: ratio for tone, ratio in ratios.items() if ratio < 4.5} == {}
    assert contrast(found["tone-faint"], found[ground]) >= (3 if ground == "background" else 2.5)


@pytest.mark.parametrize("name", sorted(BUILTIN_THEMES))
def test_every_theme_that_is_offered_has_all_tones(name: str) -> None:
    """Textual's own that leave the colours to the terminal too, whose names rich does not know."""
    variables = BUILTIN_THEMES[name].to_color_system().generate()
    styles = palette(tone_defaults(variables) | variables)
    assert set(styles) == set(TONES)
    assert all("x" in style.render("x") for style in styles.values())


@pytest.mark.parametrize("scheme", [DARK, LIGHT], ids=lambda scheme: scheme.name)
def test_cursor_of_the_grid_is_readable(scheme: Scheme) -> None:
    """The cell under the cursor is drawn in the ground's colour on the accent's."""
    found = colours(scheme)
    assert contrast(found["background"], found["tone-accent"]) >= 4.5
