"""What a `crywolf.toml` declares in tables of its own: one record a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """A pipeline that is declared."""

    name: str
    cadence_s: int | None = None
    shards: int | None = None
    timezone: str | None = None
    service: str | None = None
    path_template: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class MonorepoRule:
    """Files below a path of a repository belong to a service."""

    repository: str
    path: str
    service: str


@dataclass(frozen=True, slots=True)
class Flow:
    """A named business journey: tests by pattern, and how much it matters (1 is normal)."""

    name: str
    tests: tuple[str, ...]
    criticality: float = 1.0
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class OwnerPattern:
    """An owner of tests, of an environment or of a pipeline, by pattern; every kind that is given must match."""

    owner: str
    tests: tuple[str, ...] = ()
    environment: str | None = None
    pipeline: str | None = None


@dataclass(frozen=True, slots=True)
class CausePattern:
    """A kind of cause, and the regular expression of what failures of that kind say."""

    category: str
    pattern: str
