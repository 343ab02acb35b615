"""`X` writes what is seen as a picture: drawn and written in a thread, told to the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import Binding

from tui.screens.outside import new_file, tell

if TYPE_CHECKING:
    from tui.colours import Scheme
    from tui.exports.pictures import Picture

Draw = Callable[["Scheme"], "Picture"]


def picture_binding(view: str) -> Binding:
    """The key, the same in every view that can be drawn."""
    return Binding("X", "picture", "Picture", id=f"{view}.picture", show=False)


def export_pictures(app: App[None], draws: Mapping[str, Draw]) -> None:
    """Draws in the colours of the theme, light or dark, and writes new SVG files in the working directory.

    Args:
        draws: by what the file is named for; none: there is nothing to draw.
    """
    if not draws:
        tell(app, "there is nothing to draw here")
        return
    from tui import colours

    scheme = colours.DARK if app.current_theme.dark else colours.LIGHT

    def work() -> None:
        said = [write_picture(partial(draw, scheme), name, Path.cwd()) for name, draw in draws.items()]
        app.call_from_thread(tell, app, "; ".join(said))

    app.run_worker(work, group="export", thread=True, exclusive=True, exit_on_error=False)


def write_picture(draw: Callable[[], Picture], name: str, folder: Path) -> str:
    """A picture as a new SVG file; says where it is, or why it is not."""
    from tui.exports.pictures import svg_of

    try:
        text = svg_of(draw())
        with new_file(folder, name, "svg") as file:
            file.write(text)
        return f"drawn in {file.name}"
    except Exception as problem:  # told to the person who asked for it
        return f"cannot draw: {problem}"
