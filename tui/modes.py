"""The first view of each mode, made when the mode is first opened and put as it was left.

Triage, which every dashboard makes first, is imported before its loop runs; the others when they are wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui.screens.context import ViewContext
from tui.screens.triage import TriageView
from tui.screens.view import View


def _tests(context: ViewContext) -> View[Any]:
    from tui.screens.tests import TestsView

    return TestsView(context)


def _services(context: ViewContext) -> View[Any]:
    from tui.screens.services import ServicesView

    return ServicesView(context)


def _timeline(context: ViewContext) -> View[Any]:
    from tui.screens.timeline import TimelineView

    return TimelineView(context)


def _changes(context: ViewContext) -> View[Any]:
    from tui.screens.changes import ChangesView

    return ChangesView(context)


def _quarantine(context: ViewContext) -> View[Any]:
    from tui.screens.quarantine import QuarantineView

    return QuarantineView(context)


def _live(context: ViewContext) -> View[Any]:
    from tui.screens.live import LiveView

    return LiveView(context)


def _silent(context: ViewContext) -> View[Any]:
    from tui.screens.silent import SilentView

    return SilentView(context)


def _flows(context: ViewContext) -> View[Any]:
    from tui.screens.flows import FlowsView

    return FlowsView(context)


MAKERS: dict[str, Callable[[ViewContext], View[Any]]] = {
    "triage": TriageView,
    "tests": _tests,
    "services": _services,
    "timeline": _timeline,
    "changes": _changes,
    "quarantine": _quarantine,
    "silent": _silent,
    "flows": _flows,
    "live": _live,
}


def maker(context: ViewContext, mode: str, firsts: dict[str, View[Any]]) -> Callable[[], View[Any]]:
    """Makes a mode's first view, and notes it down."""

    def make() -> View[Any]:
        view = MAKERS[mode](context)
        view.mode = mode
        view.put_as(context.remembered.of(mode))
        if firsts:  # the very first screen brings the theme's colours in
            # A new screen has every style as it is now; Textual (8.2.8) would parse them all for it, twice.
            view._css_update_count = view.app._css_update_count
        firsts[mode] = view
        return view

    return make


def is_there(context: ViewContext, mode: str) -> bool:
    """Whether there is such a mode; Live needs something that is watched."""
    return mode in MAKERS and (mode != "live" or bool(context.watched))
