"""The truths of the sample and of the awkward week, as records that assertions read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.model import Scope

SAMPLE = Path(__file__).resolve().parents[2] / "sample_reports"


@dataclass(frozen=True, slots=True)
class Question:
    """A red test and what a reader should be told about it."""

    key: str
    tests: tuple[str, ...]
    scope: Scope
    at: str
    """When to ask: `--at`."""
    verdicts: tuple[str, ...]
    """Any of these is right, the best one first."""
    last_good: str | None
    first_bad: str
    red_runs: tuple[str, ...]
    healed_in: str | None
    change_id: str | None
    """Of the culprit; None where no recorded change is one."""
    service: str | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """A test case in a stream, as `crywolf flakes` should count it; `same_code` counts red runs only."""

    test: str
    scope: Scope
    runs: int
    failed_runs: int
    retry_pass: int
    same_code: int
    flaky_runs: int


@dataclass(frozen=True, slots=True)
class Red:
    """A test case whose last complete baseline run is red."""

    test: str
    scope: Scope
    run: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a folder of input files."""

    now: str
    questions: tuple[Question, ...]
    counts: tuple[Counts, ...]
    red_now: tuple[Red, ...]
    document: dict[str, Any]
    """Everything, as `truth.json` has it."""


def load_sample(root: Path = SAMPLE) -> Truth:
    """The truth of a sample that `sample_reports.generate` wrote below a folder."""
    return sample_truth(json.loads((root / "truth.json").read_text(encoding="utf-8")))


def sample_truth(document: dict[str, Any]) -> Truth:
    """The truth of the sample from what `generate` returned; outages and open questions have no culprit."""
    return Truth(
        now=document["now"],
        questions=tuple(_question(row, document["now"]) for row in document["incidents"]),
        counts=tuple(_counts(row) for row in document["flakes"]),
        red_now=tuple(_red(row, row["run"]) for row in document["red_now"]),
        document=document,
    )


def week_truth(document: dict[str, Any]) -> Truth:
    """The truth of the awkward week from what `generate` returned."""
    baseline = [row for row in document["streams"] if row["scope"]["branch"] != "pre-merge"]
    return Truth(
        now=document["now"],
        questions=tuple(_question(row, row["at"]) for row in document["suspects"]),
        counts=tuple(_counts(row) for row in document["streams"]),
        red_now=tuple(_red(row, row["last_run"]) for row in baseline if row["is_red"]),
        document=document,
    )


def scope_of(row: dict[str, str]) -> Scope:
    """A scope as JSON spells it."""
    return Scope(row["pipeline"], row["environment"], row["branch"], row["variant"])


def _question(row: dict[str, Any], at: str) -> Question:
    culprit = row["culprit"] or {}
    return Question(
        key=row["key"],
        tests=tuple(row["tests"]),
        scope=scope_of(row["scope"]),
        at=row.get("at", at),
        verdicts=tuple(row["verdicts"]),
        last_good=row["onset"]["last_good"],
        first_bad=row["onset"]["first_bad"],
        red_runs=tuple(row["red_runs"]),
        healed_in=row["healed_in"],
        change_id=culprit.get("change_id"),
        service=culprit.get("service"),
        owner=culprit.get("owner"),
    )


def _counts(row: dict[str, Any]) -> Counts:
    numbers = {key: int(row[key]) for key in ("runs", "failed_runs", "retry_pass", "same_code", "flaky_runs")}
    return Counts(test=row["test"], scope=scope_of(row["scope"]), **numbers)


def _red(row: dict[str, Any], run: str) -> Red:
    return Red(row["test"], scope_of(row["scope"]), run, tuple(row["verdicts"]))
