"""A screen that lets others have their turn: the loop is kept by no more than one message, or one painting.

Textual (8.2.8) handles all messages that wait for a screen in one go, lays a new screen out three times within it and
paints each time. Here what is to be painted is painted once, after the messages that wait already, and whoever has
computed for a while lets the loop go on before the next message.
"""

from __future__ import annotations

import asyncio
import time

from textual import events, on
from textual.geometry import Size
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget

TURN_S = 0.008
"""After which the next message waits until everything else had its turn."""


class PacedMessages(MessagePump):
    """Handles messages in turns."""

    _computed_s = 0.0

    async def _dispatch_message(self, message: Message) -> None:
        began = time.perf_counter()
        await super()._dispatch_message(message)
        self._computed_s += time.perf_counter() - began
        if self._computed_s > TURN_S and self._is_mounted:
            self._computed_s = 0.0
            await asyncio.sleep(0)


class PacedScreen(PacedMessages, Screen[ScreenResultType]):
    """Paints in a turn of its own."""

    _is_painting_due = False

    @on(events.ScreenSuspend)
    def _forget_drawn(self) -> None:
        if not (self.is_current and self.app.screen.is_modal):
            for widget in self.walk_children(Widget):
                widget.notify_style_update()
                widget.refresh()

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        if not scroll:  # whoever asked for it until now has it
            self._layout_required = False
        super()._refresh_layout(size, scroll)

    def _compositor_refresh(self) -> None:
        if self.app.screen is not self:  # one beneath paints nothing; it tells the one on top
            super()._compositor_refresh()
        elif not self._is_painting_due:
            self._is_painting_due = self.call_later(self._paint)

    def _paint(self) -> None:
        self._is_painting_due = False
        if self._layout_required:  # after which all is painted
            return
        if self._repaint_required:
            self._repaint_required = False
            self._dirty_widgets.add(self)
        # One that has no place yet would have places found without its being told its size (8.2.8).
        self._compositor.update_widgets(self._dirty_widgets & self._compositor.visible_widgets.keys())
        super()._compositor_refresh()
