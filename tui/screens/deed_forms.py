"""What deeds ask for before they are done: a line, a verdict, the end of a quarantine, a note in an editor."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from analysis.handling import Action
from tui.answers.query import DAY_MS
from tui.errors import AnswerError
from tui.screens.form import Field, Problems, Values
from tui.times import iso
from tui.widgets.calendar import day_of
from tui.widgets.day_input import Days

if TYPE_CHECKING:
    from ingest.settings import Settings
    from tui.answers.acting import Wish
    from tui.screens.acting import Target

USUAL_DAYS = 14
"""Of a quarantine, as the dialog proposes it."""
_BELOW = "# ------ what stands from here on is no part of the note ------"


def note_template(target: Target) -> str:
    """What an editor is opened with."""
    return f"\n{_BELOW}\n# on {target.label}\n# an empty note is none\n"


def note_of(text: str) -> str:
    """The note in what was edited; empty where there is none."""
    return text.partition(_BELOW)[0].strip()


def now_of(target: Target) -> int:
    """The moment from which an end is counted: the wall clock, unless the newest run is later."""
    return max(int(time.time() * 1000), target.now_ms)


def wish_of(action: Action, values: Values, now_ms: int, settings: Settings) -> Wish:
    """The wish that a filled-in dialog means.

    Raises:
        AnswerError: it cannot be meant.
    """
    from tui.answers.acting import VERDICTS, ActRefused, Wish, parse_expiry

    if action is Action.QUARANTINE:
        until_ms = parse_expiry(values["until"], now_ms, settings)
        return Wish(action, "", until_ms, values["reason"], values["owner"], values["issue"])
    if not values["value"]:
        raise ActRefused("there is nothing in it yet")
    if action is Action.RECLASSIFY and values["value"] not in VERDICTS:
        raise ActRefused(f"it is one of {', '.join(VERDICTS)}")
    return Wish(action, values["value"])


def problems_of(action: Action, values: Values, now_ms: int, settings: Settings) -> Problems:
    """What is wrong with a filled-in dialog, by line; nothing where it can be sent."""
    from tui.answers.acting import quarantine_lacks

    wrong = quarantine_lacks(values) if action is Action.QUARANTINE else {}
    try:
        wish_of(action, values, now_ms, settings)
    except AnswerError as problem:
        wrong["until" if action is Action.QUARANTINE else "value"] = str(problem)
    return wrong


def _days(target: Target, settings: Settings) -> Days:
    """The days on which a quarantine may end: tomorrow, and no later than the project allows."""
    from tui.answers.acting import parse_expiry

    now_ms = now_of(target)
    last = day_of(now_ms + settings.longest_quarantine_s * 1000)
    today = day_of(now_ms)
    return Days(lambda text: parse_expiry(text, now_ms, settings), today, today + timedelta(days=1), last)


def _quarantine_form(target: Target, settings: Settings) -> tuple[str, tuple[Field, ...]]:
    held = target.quarantine
    usual = min(USUAL_DAYS * DAY_MS, settings.longest_quarantine_s * 1000)
    until = iso(now_of(target) + usual)[:10]
    how_many = f" ({len(target.members)} tests)" if len(target.members) > 1 else ""
    return (
        f"Quarantine: {target.label}{how_many}",
        (
            Field("until", "until", until, f"{until}, +14d or 2w; there is none for ever", _days(target, settings)),
            Field("reason", "reason", held.reason if held else "", "why its failures must not count"),
            Field("owner", "owner", held.owner if held else target.test_owner, "who mends it by then"),
            Field("issue", "issue", held.issue if held else "", "URL, if there is one"),
        ),
    )


def _verdict_form(target: Target, _: Settings) -> tuple[str, tuple[Field, ...]]:
    from tui.answers.acting import VERDICTS

    return f"What is it? {target.label}", (Field("value", "verdict", "", " ".join(VERDICTS)),)


FORMS: dict[Action, Callable[[Target, Settings], tuple[str, tuple[Field, ...]]]] = {
    Action.NOTE: lambda target, _: (
        f"Note on {target.label}",
        (Field("value", "note", "", "what the next one should know"),),
    ),
    Action.ASSIGN: lambda target, _: (
        f"Assign {target.label}",
        (Field("value", "team", target.owner, "@acme/payments"),),
    ),
    Action.RECLASSIFY: _verdict_form,
    Action.QUARANTINE: _quarantine_form,
}
