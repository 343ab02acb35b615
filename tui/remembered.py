"""What the dashboard remembers from one start to the next: mode, filters, order, columns, selection, theme, own views.

One JSON file in the person's state directory, written whole and put in place at once. What cannot be read is as good as
nothing remembered; what cannot be written is not remembered: neither is worth a word at 3 a.m. Imports next to nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ingest.settings_dashboard import SavedView

FILE_NAME = "dashboard.json"
MOST_STORES = 50
_LARGEST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How a mode's first view was left."""

    filter: str = ""
    sort: str = ""
    """A column's key, with `-` before it the largest first."""
    columns: tuple[str, ...] = ()
    """Keys of those that are shown; empty: all."""
    selected: str | tuple[int, ...] | None = None
    """Key of the row under the cursor; None: the first."""


@dataclass(slots=True)
class Remembered:
    """What is remembered for one store, and for all of them."""

    file: Path | None = None
    """None: nothing is written, as in a demo."""
    store: str = ""
    theme: str = ""
    is_toured: bool = False
    mode: str = ""
    arranged: dict[str, Arrangement] = field(default_factory=dict)
    """By mode."""
    views: tuple[SavedView, ...] = ()
    """Saved from the dashboard; those of `crywolf.toml` are in the settings."""

    def of(self, mode: str) -> Arrangement:
        """How a mode was left."""
        return self.arranged.get(mode, Arrangement())

    def save(self) -> None:
        """Write it beside what other dashboards wrote meanwhile of other stores."""
        if self.file is None:
            return
        content = _content(self.file)
        stores = content.get("stores")
        stores = {key: value for key, value in stores.items() if key != self.store} if isinstance(stores, dict) else {}
        arranged = {mode: asdict(one) for mode, one in self.arranged.items()}
        stores[self.store] = {"mode": self.mode, "arranged": arranged}
        content["stores"] = dict(list(stores.items())[-MOST_STORES:])
        content |= {"theme": self.theme, "toured": self.is_toured, "views": [asdict(one) for one in self.views]}
        with suppress(OSError):
            _write(self.file, json.dumps(content, ensure_ascii=True))


def load_remembered(file: Path, database: Path) -> Remembered:
    """What a file remembers of a store; nothing where it is missing, damaged or not ours."""
    store = str(database.absolute())
    content = _content(file)
    stores = content.get("stores")
    here = stores.get(store) if isinstance(stores, dict) else None
    here = here if isinstance(here, dict) else {}
    arranged = here.get("arranged")
    found = {str(mode): _arrangement(row) for mode, row in arranged.items()} if isinstance(arranged, dict) else {}
    views = content.get("views")
    return Remembered(
        file,
        store,
        _text(content.get("theme")),
        content.get("toured") is True,
        _text(here.get("mode")),
        found,
        tuple(_view(row) for row in views if isinstance(row, dict)) if isinstance(views, list) else (),
    )


def with_view(views: tuple[SavedView, ...], view: SavedView) -> tuple[SavedView, ...]:
    """Saved views with one more: it replaces its name, and takes its key from whoever had it."""
    others = (one for one in views if one.name != view.name)
    return (*(replace(one, key="") if one.key == view.key else one for one in others), view)


def _content(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            content = json.loads(stream.read(_LARGEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _arrangement(row: object) -> Arrangement:
    if not isinstance(row, Mapping):
        return Arrangement()
    selected = row.get("selected")
    if isinstance(selected, list):
        is_key = all(isinstance(part, int) for part in selected)
        selected = tuple(selected) if is_key else None
    elif not isinstance(selected, str):
        selected = None
    return Arrangement(_text(row.get("filter")), _text(row.get("sort")), _texts(row.get("columns")), selected)


def _view(row: Mapping[str, object]) -> SavedView:
    name, mode, key, typed, sort = (_text(row.get(name)) for name in ("name", "mode", "key", "filter", "sort"))
    return SavedView(name, mode, key, typed, sort, _texts(row.get("columns")))


def _text(value: object) -> str:
    return value[:1000] if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(one) for one in value) if isinstance(value, list) else ()


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    import tempfile  # here: the first frame is drawn without it

    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(name, file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
