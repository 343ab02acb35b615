"""Values of a parsed `crywolf.toml`, checked: every error names the file, the key and the remedy."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from ingest.errors import SettingsError

Table = dict[str, Any]
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_CRITICALITIES = {"low": 0.5, "normal": 1.0, "high": 2.0, "critical": 4.0}


class Reader:
    """Takes values out of the tables of one file."""

    def __init__(self, path: Path, text: str = "") -> None:
        self.path, self._text = path, text

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise the error of a key, with its line."""
        from ingest.settings_lines import line_of  # here: most files are right

        line = line_of(self._text, key)
        raise SettingsError(f"{self.path}{f':{line}' if line else ''}: {key}: {problem}")

    def known(self, table: Table, key: str, allowed: Collection[str]) -> None:
        """Check that a table has no other keys than these."""
        for name in table:
            if name not in allowed:
                near = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(allowed))}"
                self.fail(_join(key, ascii(name)[1:-1][:80]), f"unknown key, {hint}")

    def table(self, parent: Table, key: str, allowed: Collection[str] | None) -> Table:
        """A table, empty where it is absent; its keys are checked unless any are allowed."""
        value = parent.get(key.rpartition(".")[2], {})
        if not isinstance(value, dict):
            self.fail(key, f"must be a table, [{key}]")
        if allowed is not None:
            self.known(value, key, allowed)
        return value

    def tables(self, parent: Table, key: str, allowed: Collection[str]) -> Iterator[tuple[str, Table]]:
        """The tables of an array of tables, each with the name to show for it."""
        value = parent.get(key, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            self.fail(key, f"must be tables, each under [[{key}]]")
        for number, row in enumerate(value, 1):
            name = f"{key}[{number}]"
            self.known(row, name, allowed)
            yield name, row

    def text(self, table: Table, key: str) -> str | None:
        """A text that is not empty; None where it is absent."""
        value = table.get(key.rpartition(".")[2])
        if value is not None and (not isinstance(value, str) or not value.strip()):
            self.fail(key, "must be a text that is not empty")
        return value

    def required(self, table: Table, key: str) -> str:
        """A text that must be there."""
        value = self.text(table, key)
        if value is None:
            self.fail(key, "is missing")
        return value

    def texts(self, table: Table, key: str) -> tuple[str, ...]:
        """A list of texts; one text stands for a list of it."""
        value = table.get(key.rpartition(".")[2], [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) and item.strip() for item in items):
            self.fail(key, "must be a list of texts that are not empty")
        return tuple(items)

    def whole(self, table: Table, key: str) -> int | None:
        """A whole number from 1 on; None where it is absent."""
        value = table.get(key.rpartition(".")[2])
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**53:
            self.fail(key, "must be a whole number from 1 on")
        return value

    def duration_s(self, table: Table, key: str) -> int | None:
        """A duration such as `24h` in seconds; None where it is absent."""
        written = self.text(table, key)
        if written is None:
            return None
        found = re.fullmatch(r"([1-9]\d{0,5})\s*([mhdw])", written.strip(), re.ASCII)
        if found is None:
            self.fail(key, f"{_shown(written)} is no duration, write a number and m, h, d or w, such as 24h")
        return int(found[1]) * _SECONDS[found[2]]

    def yes(self, table: Table, key: str) -> bool:
        """True or false; false where it is absent."""
        value = table.get(key.rpartition(".")[2], False)
        if not isinstance(value, bool):
            self.fail(key, "must be true or false")
        return value

    def zone(self, table: Table, key: str) -> str | None:
        """The name of a time zone that is known here; None where it is absent."""
        written = self.text(table, key)
        if written is None:
            return None
        try:
            ZoneInfo(written)
        except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            self.fail(key, f"{_shown(written)} is no time zone that is known here, such as Europe/Berlin")
        return written

    def criticality(self, table: Table, key: str) -> float:
        """How much a flow matters: a word or a number above 0; 1 where it is absent."""
        value = table.get(key.rpartition(".")[2], 1)
        if isinstance(value, str) and value in _CRITICALITIES:
            return _CRITICALITIES[value]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(key, f"must be {', '.join(_CRITICALITIES)} or a number above 0")
        if not math.isfinite(value) or not 0 < value <= 1000:
            self.fail(key, "must be above 0 and at most 1000")
        return float(value)

    def template(self, key: str, written: str | None) -> str | None:
        """A path template that can be used, relative to the folder of the file unless it starts with / or `**`."""
        from ingest.run_json import identity_from_path  # here: settings are read at every start

        if written is None:
            return None
        try:
            identity_from_path(written, "")
        except SettingsError as error:
            self.fail(key, str(error))
        if written.startswith(("/", "**")):
            return written
        folder = self.path.absolute().parent.as_posix().rstrip("/")
        return f"**/{written}" if re.search(r"[{}*]", folder) else f"{folder}/{written.removeprefix('./')}"

    def distinct(self, key: str, names: Sequence[str]) -> None:
        """Check that no name is declared twice."""
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            self.fail(key, f"{_shown(twice)} is declared twice")


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _shown(text: str) -> str:
    return ascii(text)[:80]
