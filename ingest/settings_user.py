"""A person's own settings, in `config.toml` of their configuration folder, under those of the project.

They hold what concerns the person alone: the store where the project names none, who acts, how many processes ingest,
and the dashboard with its views and keys. Everything that an answer depends on belongs to the project, so that answers
are the same for everybody; such a key is an error here. What the project's file sets wins, key by key; views and
commands are those of both, and of two with one name the project's is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ingest.errors import SettingsError
from ingest.settings import Settings, load_settings
from ingest.settings_dashboard import DashboardSettings
from ingest.settings_lines import line_of

USER_FILE = "config.toml"
_PROJECT_FIELDS = {"project.database": "database", "project.actor": "actor", "project.jobs": "jobs"}
_DASHBOARD_FIELDS = {
    "dashboard.theme": "theme",
    "dashboard.ascii": "is_ascii",
    "dashboard.bell": "has_bell",
    "dashboard.notify": "notify",
}
USER_KEYS = (*_PROJECT_FIELDS, *_DASHBOARD_FIELDS, "view", "command")


def load_layers(project: Path | None, user: Path | None) -> Settings:
    """The settings of the project with those of the person below; either file may be absent (None).

    Raises:
        SettingsError: with the file, the key and the remedy.
    """
    settings = load_settings(project) if project else Settings()
    return with_user(settings, load_user(user)) if user else settings


def load_user(path: Path) -> Settings:
    """The settings of a person's file.

    Raises:
        SettingsError: it cannot be used, or holds what belongs to the project.
    """
    own = load_settings(path)
    for key in sorted(own.given):
        if key not in USER_KEYS:
            line = line_of(path.read_text(encoding="utf-8", errors="replace"), key)
            place = f"{path}{f':{line}' if line else ''}"
            raise SettingsError(f"{place}: {key}: belongs into the project's crywolf.toml, for answers depend on it")
    return own


def with_user(project: Settings, own: Settings) -> Settings:
    """A project's settings with a person's own where the project says nothing.

    >>> with_user(Settings(actor="ada", given=frozenset({"project.actor"})), Settings(actor="bob")).actor
    'ada'
    """
    mine = own.given - project.given
    fields = {field: getattr(own, field) for key, field in _PROJECT_FIELDS.items() if key in mine}
    looks = {field: getattr(own.dashboard, field) for key, field in _DASHBOARD_FIELDS.items() if key in mine}
    dashboard = replace(project.dashboard, **looks)
    taken = frozenset((*mine, *(own.given & {"view", "command"})))
    return replace(project, **fields, dashboard=_joined(dashboard, own.dashboard), user_path=own.path, by_user=taken)


def _joined(project: DashboardSettings, own: DashboardSettings) -> DashboardSettings:
    """The project's, the person's views and commands behind its own; a key of the project's stays its."""
    views = {one.name for one in project.views}
    commands = {one.name for one in project.commands}
    keys = {one.key for one in project.views} | {one.key for one in project.commands}
    more = (replace(one, key="" if one.key in keys else one.key) for one in own.views if one.name not in views)
    added = (one for one in own.commands if one.name not in commands and one.key not in keys)
    return replace(project, views=(*project.views, *more), commands=(*project.commands, *added))


def files_of(settings: Settings) -> Iterator[Path]:
    """The files that settings were read from."""
    yield from (path for path in (settings.path, settings.user_path) if path is not None)
