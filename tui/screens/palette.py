"""ctrl+p finds tests, services, owners, changes and incidents by name, beside the commands."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.command import Hit, Hits, Provider

from tui.screens.messages import NameChosen
from tui.screens.view import View
from tui.widgets.pieces import plain

if TYPE_CHECKING:
    from tui.answers.search import Hit as Found

_SCORE = 0.6
"""Below a command that matches well, above one that matches somehow."""


class NameProvider(Provider):
    """Names out of the store. Foreign text goes in as `Text`: the palette parses every `str` as markup."""

    async def search(self, query: str) -> Hits:
        """Names that match; none while the store cannot be read, which the views tell."""
        for found in await asyncio.to_thread(self._find, query):
            label = Text(f"{found.kind}  {plain(found.label)}")
            choose = partial(self.app.post_message, NameChosen(found.kind, found.key))
            yield Hit(_SCORE, label, choose, text=plain(found.label))

    def _find(self, query: str) -> tuple[Found, ...]:
        from store.errors import StoreError
        from tui.screens.asking import Superseded

        screen = self.screen
        if not isinstance(screen, View):
            return ()
        try:
            return screen.context.answers.search(query)[:20]
        except (StoreError, Superseded):
            return ()
