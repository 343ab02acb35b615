"""Scroll bars: with block characters, or, for terminals that have no more than ASCII, on whole cells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from rich.segment import Segments
from textual.scrollbar import ScrollBar, ScrollBarRender


class PlainBar(ScrollBarRender):
    """Drawn with blanks only."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


_USED: ContextVar[type[ScrollBarRender]] = ContextVar("bars", default=ScrollBarRender)


class UsedBar(ScrollBarRender):
    """Drawn as it is used where it is drawn: there may be several apps in a process."""

    @classmethod
    def render_bar(cls, *args: Any, **kwargs: Any) -> Segments:
        """The bar, by what is used here."""
        return _USED.get().render_bar(*args, **kwargs)


ScrollBar.renderer = UsedBar


@contextmanager
def using_bars(*, is_plain: bool) -> Iterator[None]:
    """Which bars are drawn in the block and in tasks that it begins."""
    token = _USED.set(PlainBar if is_plain else ScrollBarRender)
    try:
        yield
    finally:
        _USED.reset(token)
