"""What leaves the dashboard: copies, links, the editor, exports. Each tells the person what happened."""

from __future__ import annotations

import csv
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from textual.app import App, SuspendNotSupported

from tui.locations import state_folder
from tui.widgets.pieces import plain


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is seen, as rows: for export."""

    name: str
    columns: tuple[str, ...]
    rows: Iterable[Sequence[str]]


def copy(app: App[None], text: str) -> None:
    """Copies by OSC 52 and, since nobody knows whether the terminal took it, to a file as well."""
    if not text:
        tell(app, "nothing is selected")
        return
    safe = "\n".join(plain(part) for part in text.splitlines())
    app.copy_to_clipboard(safe)
    target = state_folder() / "copied.txt"
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _private(target) as file:
            file.write(safe + "\n")
    except OSError as problem:
        tell(app, f"copied, if the terminal allows it; {target}: {problem.strerror}")
    else:
        tell(app, f"copied; also in {target}")


def browser_opener(url: str) -> bool:
    """Opens a URL in a browser with a window of its own; a text browser would draw over the dashboard."""
    has_window = sys.platform in ("darwin", "win32") or any(os.environ.get(v) for v in ("DISPLAY", "WAYLAND_DISPLAY"))
    return has_window and webbrowser.open(url)


def open_url(app: App[None], url: str, opener: Callable[[str], bool]) -> None:
    """Opens a web link; where there is no browser it is copied instead."""
    safe = plain(url)
    if urlsplit(safe).scheme not in ("http", "https"):
        tell(app, f"not a web link: {safe}")
    elif opener(safe):
        tell(app, f"opened {safe}")
    else:
        app.copy_to_clipboard(safe)
        tell(app, f"no browser here; the link is copied: {safe}")


@contextmanager
def aside(app: App[None]) -> Iterator[None]:
    """The dashboard out of the way of another program; it comes back where that fails too, unlike Textual's (8.2.8).

    Raises:
        SuspendNotSupported: the terminal cannot be handed over.
    """
    failed: Exception | None = None
    with app.suspend():
        try:
            yield
        except Exception as problem:  # raised again below
            failed = problem
    if failed is not None:
        raise failed


def edit(app: App[None], text: str) -> str:
    """Opens a text in `$VISUAL` or `$EDITOR`, with the dashboard out of the way; the text as it was left there.

    It is empty where there is no editor, or where it failed.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or shutil.which("vi") or ""
    if not command:
        tell(app, "no editor: set EDITOR", is_problem=True)
        return ""
    with tempfile.NamedTemporaryFile("w", prefix="crywolf-", suffix=".txt", encoding="utf-8", delete=False) as file:
        file.write(text)
    try:
        parts = shlex.split(command)
        with aside(app):
            ended = subprocess.run([*parts, file.name], check=False)
        if not ended.returncode:
            return Path(file.name).read_text("utf-8", errors="replace")
        tell(app, f"{command}: exit code {ended.returncode}", is_problem=True)
    except SuspendNotSupported:
        tell(app, "this terminal cannot be handed to an editor", is_problem=True)
    except OSError as problem:
        tell(app, f"{command}: {problem.strerror}; set EDITOR", is_problem=True)
    except ValueError as problem:  # a quotation that does not end
        tell(app, f"{command}: {problem}; set EDITOR", is_problem=True)
    finally:
        Path(file.name).unlink(missing_ok=True)
    return ""


def export(app: App[None], sheet: Sheet | None) -> None:
    """Writes what is seen, in a thread since it may read the whole store, and tells where."""
    if sheet is None:
        tell(app, "there is nothing to export here")
        return

    def work() -> None:
        app.call_from_thread(tell, app, write_export(sheet))

    app.run_worker(work, group="export", thread=True, exclusive=True, exit_on_error=False)


def write_export(sheet: Sheet) -> str:
    """A sheet as CSV in the working directory; says where it is, or why it is not."""
    try:
        return f"exported to {write_sheet(sheet, Path.cwd())}"
    except Exception as problem:  # told to the person who asked for it
        return f"cannot export: {problem or 'something else was asked meanwhile; try again'}"


def write_sheet(sheet: Sheet, folder: Path) -> Path:
    """A sheet as a new CSV file; a cell that a spreadsheet would run is quoted by an apostrophe."""
    with new_file(folder, sheet.name, "csv") as file:
        writer = csv.writer(file)
        writer.writerow(sheet.columns)
        writer.writerows([_harmless(cell) for cell in row] for row in sheet.rows)
    return Path(file.name)


def write_text(app: App[None], name: str, suffix: str, text: Callable[[], str]) -> None:
    """Writes a text that is worked out in a thread to the working directory, and tells where."""

    def work() -> None:
        try:
            written = text()
            with new_file(Path.cwd(), name, suffix) as file:
                file.write(written)
            app.call_from_thread(tell, app, f"written: {file.name}")
        except Exception as problem:  # told to the person who asked for it
            app.call_from_thread(tell, app, f"cannot write it: {problem}", is_problem=True)

    app.run_worker(work, group="export", thread=True, exclusive=True, exit_on_error=False)


def new_file(folder: Path, name: str, suffix: str) -> IO[str]:
    """A file for an export that is not there yet: `crywolf-NAME.SUFFIX`, numbered where there is one.

    Raises:
        OSError: it cannot be made.
    """
    number = 0
    while True:
        try:
            place = folder / f"crywolf-{name}{f'-{number}' if number else ''}.{suffix}"
            return place.open("x", encoding="utf-8", newline="")
        except FileExistsError:
            number += 1


def _harmless(cell: str) -> str:
    text = plain(cell).strip()
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") and len(text) > 1 else text


@contextmanager
def _private(path: Path) -> Iterator[IO[str]]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        yield file


def tell(app: App[None], text: str, *, is_problem: bool = False) -> None:
    """A short note at the edge of the screen, instead of the one before; never markup."""
    app.clear_notifications()
    app.notify(plain(text), markup=False, severity="warning" if is_problem else "information", timeout=4)
