"""Sentences that several commands say to a person: what was looked at, and whether it is enough."""

from __future__ import annotations

import re

from tui.answers.health import Health
from tui.answers.query import Window
from tui.present import age, count, run_label
from tui.times import minute
from tui.widgets.pieces import plain

_SINCE = re.compile(r"since (\d{4}-\d\d-\d\d)T(\d\d:\d\d)\S*Z")


def readable_age(age_text: str) -> str:
    """An age as a person reads it: `since <ISO time>` to the minute.

    >>> readable_age("since 2026-11-21T02:10:07Z")
    'since 2026-11-21 02:10 UTC'
    """
    return _SINCE.sub(r"since \1 \2 UTC", age_text)


def window_sentence(window: Window | None) -> str:
    """The window that was looked at."""
    if window is None:
        return "the store holds no run under these filters; `crywolf ingest PATH...` reads some"
    return f"from {minute(window.since_ms)} to {minute(window.until_ms)} UTC"


def pruned_note(window: Window | None) -> tuple[str, ...]:
    """What cannot be told of a window any more because its results were pruned; at most one sentence."""
    if window is None or window.pruned_ms is None:
        return ()
    told = "days before are known by their sums only" if window.summed_days else "nothing is known of the days before"
    return (f"results before {minute(window.pruned_ms)} UTC were pruned: {told}",)


def doubts(health: Health) -> list[str]:
    """Why "nothing is really red" may not be said; empty when it may."""
    if not health.pipelines:
        return ["there is no run under these filters; those before a merge do not count"]
    found = [
        f"{plain(stale.pipeline)} is stale: its newest run ended {age(stale.age_ms)} ago, one is due every "
        f"{age(stale.cadence_ms)}"
        for stale in health.stale
    ]
    found += [f"{plain(run.pipeline)} {run_label(run)} is {run.state.value}" for run in health.incomplete]
    found += ["a filter names nothing that is in the store"] if health.unknown else []
    found += [
        f"{plain(pipeline)} has no run of the baseline branch that crywolf.toml names" for pipeline in health.unjudged
    ]
    if health.refused_files:
        found.append(f"{count(health.refused_files, 'file')} refused; `crywolf rejected` lists them")
    return found


def nothing_red(health: Health) -> str:
    """What to say when no row is red: that nothing is, or that one cannot tell, and why."""
    found = doubts(health)
    if not found:
        looked = f"{count(health.pipelines, 'pipeline')}, {count(health.runs, 'run')}, {count(health.tests, 'test')}"
        return f"nothing is red ({looked})"
    return "\n".join(["nothing is shown as red, but that cannot be told for sure:", *(f"  {doubt}" for doubt in found)])
