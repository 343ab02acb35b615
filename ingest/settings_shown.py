"""Settings as a person reads them: every key with its value and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from ingest.limits import Limits
from ingest.settings import DEFAULT, Settings


def describe(settings: Settings) -> list[tuple[str, str, str]]:
    """Every setting as (key, value, origin); the origin is `default` or the files."""
    return [(key, value, _origin(settings, key)) for key, value in _values(settings)]


def _origin(settings: Settings, key: str) -> str:
    found = [(settings.path, settings.given), (settings.user_path, settings.by_user)]
    return ", ".join(str(path) for path, keys in found if key in keys) or DEFAULT


def _values(settings: Settings) -> Iterator[tuple[str, str]]:
    """Every setting as text, in the order of the example above."""
    yield "path_templates", ", ".join(settings.path_templates)
    yield "project.database", str(settings.database or "")
    yield "project.baseline_branch", settings.baseline_branch
    yield "project.actor", settings.actor or ""
    yield "project.jobs", str(settings.jobs or "auto")
    yield "project.longest_quarantine", f"{settings.longest_quarantine_s / 86_400:g}d"
    yield "pipeline", "; ".join(_row(pipeline) for pipeline in settings.pipelines)
    for name, aliases in (("environments", settings.environment_aliases), ("services", settings.service_aliases)):
        yield f"{name}.aliases", ", ".join(f"{alias} = {stands_for}" for alias, stands_for in aliases)
    yield "monorepo", "; ".join(_row(rule) for rule in settings.monorepo)
    yield "flow", "; ".join(_row(flow) for flow in settings.flows)
    yield "owner", "; ".join(_row(rule) for rule in settings.owners)
    yield "cause", "; ".join(_row(rule) for rule in settings.causes)
    for name in ("durable", "group", "network"):
        yield f"store.{name}", str(getattr(settings, name)).lower()
    dashboard = settings.dashboard
    yield "dashboard.theme", dashboard.theme
    yield "dashboard.ascii", str(dashboard.is_ascii).lower()
    yield "dashboard.bell", str(dashboard.has_bell).lower()
    yield "dashboard.notify", " ".join(dashboard.notify)
    yield "view", "; ".join(_row(view) for view in dashboard.views)
    yield "command", "; ".join(_row(command) for command in dashboard.commands)
    for limit in fields(Limits):
        yield f"limits.{limit.name}", str(getattr(settings.limits, limit.name))


def _row(record: Any) -> str:
    """A record's fields that are set."""
    parts = ((entry.name, getattr(record, entry.name)) for entry in fields(record))
    return ", ".join(
        f"{name} = {' '.join(value) if isinstance(value, tuple) else value}" for name, value in parts if value
    )
