"""Which store and which settings a command works on, and which source said so.

Options before environment before the project's file before the person's own before defaults.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.settings import Settings, find_settings
from ingest.settings_user import USER_FILE, load_layers

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
        ingest.errors.SettingsError: `crywolf.toml` or the person's `config.toml` cannot be used.
    """
    settings = load_layers(find_settings(start or Path.cwd()), find_user_settings())
    database, origin = _database(option, environ, settings)
    return Place(database, origin, settings)


def _database(option: str | None, environ: Mapping[str, str], settings: Settings) -> tuple[Path, str]:
    """The store's path and what chose it."""
    if option:
        return Path(option), "option --db"
    if from_environment := environ.get(DATABASE_VARIABLE):
        return Path(from_environment), f"environment variable {DATABASE_VARIABLE}"
    if settings.database is not None:
        is_own = "project.database" in settings.by_user
        return settings.database, f"{settings.user_path if is_own else settings.path} project.database"
    import platformdirs

    return Path(platformdirs.user_data_dir("crywolf", appauthor=False)) / DATABASE_NAME, "user data directory"


def find_user_settings() -> Path | None:
    """The person's own settings; None where there are none."""
    import platformdirs

    file = Path(platformdirs.user_config_dir("crywolf", appauthor=False)) / USER_FILE
    try:
        return file if file.is_file() else None
    except OSError:
        return None


def state_folder() -> Path:
    """Where the dashboard keeps what it remembers, and copies for terminals that take none."""
    import platformdirs

    return Path(platformdirs.user_state_dir("crywolf", appauthor=False))
