"""The first-run tour: four short pages, one key goes on, one leaves."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from tui.screens.dialog import Dialog
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, line, wrap

KEY_CELLS = 9
TALLEST = 12
"""Lines of a page, with the one that says how to go on."""

Page = tuple[str, tuple[tuple[str, str], ...]]

PAGES: tuple[Page, ...] = (
    (
        "What is really broken?",
        (
            ("", "Triage lists what is red now, worst first. The line above it is the answer in words."),
            ("j k", "move; the lower pane argues for each: last good, what changed, first bad"),
            ("enter", "goes into it: incident, test, attempt, message; esc comes back"),
            ("1 - 9", "are the other views: tests, services, timeline, changes, quarantine, silent, flows"),
        ),
    ),
    (
        "Work the list down",
        (
            ("a c t", "acknowledge, claim, assign to a team"),
            ("n s z", "note, confirm the suspect, quarantine until a date"),
            ("u", "takes the last deed back; others see who did what"),
            ("y o e x", "copy, open the link, the failure in your editor, export what is seen"),
        ),
    ),
    (
        "Find things",
        (
            ("/", "filters: owner:tills !flaky env:staging"),
            (":", "goes to a test, service, owner, change or incident, or does a command; tab completes"),
            ("| < >", "columns and order; a click on a title orders as well"),
            ("W", "saves what you see as a view with a key of its own"),
        ),
    ),
    (
        "That is all",
        (
            ("?", "lists every key of the view you are in, and what the signs mean"),
            (":tour", "shows this again"),
            ("q", "leaves; filters, order and place are there again next time"),
        ),
    ),
)


class TourScreen(Dialog[None]):
    """One page after the other; after the last it closes."""

    CSS_PATH: ClassVar[str] = "tour.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,right,l,j,down", "turn(1)", "Next page", id="tour.next"),
        Binding("left,h,k,up", "turn(-1)", "Page before", id="tour.before"),
        Binding("escape,q", "dismiss(None)", "Skip", id="tour.skip"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._page = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="tour-box"):
            yield LinesPane(id="tour")

    def on_mount(self) -> None:
        """The first page."""
        pane = self.query_one("#tour", LinesPane)
        pane.can_focus = False
        pane.set_source(lambda width: page_lines(self._page, width))

    def action_turn(self, step: int) -> None:
        """Another page; past the last one, the end."""
        self._page = max(self._page + step, 0)
        if self._page >= len(PAGES):
            self.dismiss(None)
        else:
            self.query_one("#tour", LinesPane).set_source(lambda width: page_lines(self._page, width))


def page_lines(number: int, width: int) -> list[Line]:
    """A page as lines of a width."""
    title, rows = PAGES[number]
    lines: list[Line] = [line((title, "strong")), ()]
    for keys, words in rows:
        indent = KEY_CELLS if keys else 0
        for place, text in enumerate(wrap(words, width - indent)):
            lines.append(line((f"{'' if place else keys:<{indent}}", "accent"), text))
    lines += [()] * (TALLEST - 1 - len(lines))
    leaves = "enter goes on   esc skips the tour" if number + 1 < len(PAGES) else "enter begins"
    return [*lines, line((f"{number + 1} of {len(PAGES)}   {leaves}", "muted"))]
