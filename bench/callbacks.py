"""What the event loop of a dashboard that is measured does in one go: how long each took, by the clock and by itself.

On a machine that others use as well the clock tells how long others computed; what the loop's thread computed itself
is what the dashboard can be blamed for.
"""

from __future__ import annotations

import asyncio
import time
from asyncio.events import Handle
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

MOST = 40
"""Of the longest, which are told with what they did."""
WORTH_TELLING_MS = 15.0


@dataclass(slots=True)
class Callbacks:
    """Times every callback of the loop."""

    clock_ms: Counter[int] = field(default_factory=Counter)
    """Milliseconds by the clock -> how often."""
    own_ms: Counter[int] = field(default_factory=Counter)
    """Milliseconds that the loop's thread computed -> how often."""
    longest: list[dict[str, Any]] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)
    _handled: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Times whatever a loop of this process calls from now on."""
        from textual.message_pump import MessagePump

        run, dispatch = Handle._run, MessagePump._dispatch_message

        def run_timed(handle: Handle) -> None:
            self._handled.clear()
            clock, own = time.perf_counter(), time.thread_time()
            try:
                run(handle)
            finally:
                self._take(handle, (time.perf_counter() - clock) * 1000, (time.thread_time() - own) * 1000)

        async def dispatch_noted(pump: MessagePump, message: Any) -> None:
            self._handled.append(f"{type(message).__name__} of {type(pump).__name__}")
            await dispatch(pump, message)

        Handle._run = run_timed  # type: ignore[assignment, method-assign]  # it is measured, not changed
        MessagePump._dispatch_message = dispatch_noted  # type: ignore[assignment, method-assign]  # as above

    def _take(self, handle: Handle, clock_ms: float, own_ms: float) -> None:
        self.clock_ms[round(clock_ms)] += 1
        self.own_ms[round(own_ms)] += 1
        if own_ms < WORTH_TELLING_MS:
            return
        at = time.perf_counter() - self.began
        self.longest.append({"at": at, "clock": clock_ms, "own": own_ms, "what": _what(handle, self._handled)})
        self.longest.sort(key=lambda one: -one["own"])
        del self.longest[MOST:]


def _what(handle: Handle, handled: list[str]) -> str:
    """Whose task it is, and the messages that it began to handle."""
    owner = getattr(getattr(handle, "_callback", None), "__self__", None)
    name = owner.get_name() if isinstance(owner, asyncio.Task) else repr(getattr(handle, "_callback", None))[:100]
    return f"{name}: {', '.join(handled[:6]) or 'what it waited for'}"
