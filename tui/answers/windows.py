"""Moments and windows, resolved against the newest run in scope."""

from __future__ import annotations

from dataclasses import replace

from store.connect import Connection
from store.cut import load_cut
from store.read.streams import newest_end
from tui.answers.query import DAY_MS, DEFAULT_WINDOW_DAYS, Moment, Query, Window
from tui.errors import AnswerError
from tui.times import minute

FAR_FUTURE_MS = 2**53


def resolve_window(connection: Connection, query: Query) -> Window | None:
    """The window of a query; None in a store without runs in scope."""
    newest = newest_end(connection, pipeline=query.pipeline, environment=query.environment, branch=query.branch)
    if newest is None:
        return None
    window, cut_ms = window_before(newest, query), load_cut(connection)
    return window if cut_ms is None or cut_ms <= window.since_ms else replace(window, pruned_ms=cut_ms)


def window_before(newest: int, query: Query) -> Window:
    """The window of a query where the newest fact in scope is of `newest` (ms).

    Raises:
        AnswerError: it is asked to end before it begins.
    """
    now_ms = _resolve(query.at, newest, newest)
    asked_ms = _resolve(query.until, now_ms, now_ms)
    until_ms = min(asked_ms, now_ms)
    since_ms = _resolve(query.since, now_ms, until_ms - DEFAULT_WINDOW_DAYS * DAY_MS)
    if query.since and query.until and since_ms > asked_ms:
        raise AnswerError(f"the window would end at {minute(asked_ms)} UTC, before it begins at {minute(since_ms)}")
    return Window(since_ms, until_ms, now_ms)


def _resolve(moment: Moment | None, now_ms: int, default_ms: int) -> int:
    if moment is None:
        return default_ms
    if moment.at_ms is not None:
        return moment.at_ms
    return now_ms - (moment.back_ms or 0)
