"""A dialog that closes once, however often it is told to."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Dialog(ModalScreen[ScreenResultType]):
    """A dialog over a view.

    Textual pops whatever is on top when a screen is dismissed (8.2.8): of two keys that close a dialog, pressed before
    it is gone, the second would close the view beneath, or fail where there is none.
    """

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Closes the dialog with a result, unless it is closed already."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
