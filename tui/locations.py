"""Which store and which settings a command works on, and which source said so.

Options before environment before project file before the user's data directory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.settings import Settings, find_settings, load_settings

DATABASE_VARIABLE = "CRYWOLF_DB"
DATABASE_NAME = "crywolf.db"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works."""

    database: Path
    database_origin: str
    """The option, variable, file or rule that chose it."""
    settings: Settings


def locate(option: str | None, environ: Mapping[str, str] = os.environ, start: Path | None = None) -> Place:
    """Store and settings for a command that starts in a folder.

    Args:
        option: value of `--db`.
        environ: environment variables.
        start: folder from which `crywolf.toml` is looked for upwards; the working directory by default.

    Raises:
        ingest.errors.SettingsError: `crywolf.toml` cannot be used.
    """
    file = find_settings(start or Path.cwd())
    settings = load_settings(file) if file else Settings()
    database, origin = _database(option, environ, settings)
    return Place(database, origin, settings)


def _database(option: str | None, environ: Mapping[str, str], settings: Settings) -> tuple[Path, str]:
    """The store's path and what chose it."""
    if option:
        return Path(option), "option --db"
    if from_environment := environ.get(DATABASE_VARIABLE):
        return Path(from_environment), f"environment variable {DATABASE_VARIABLE}"
    if settings.database is not None:
        return settings.database, f"{settings.path} project.database"
    import platformdirs

    return Path(platformdirs.user_data_dir("crywolf", appauthor=False)) / DATABASE_NAME, "user data directory"


def state_folder() -> Path:
    """Where the dashboard keeps what it remembers, and copies for terminals that take none."""
    import platformdirs

    return Path(platformdirs.user_state_dir("crywolf", appauthor=False))
