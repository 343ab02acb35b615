"""What was written, remembered by stream, so that the truth can be told from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sample_reports.story.records import Case, Run
from tests.awkward_week.cast import Scenery
from tests.awkward_week.scenes import VOLATILE, Trouble

Stream = tuple[str, str, str, str]
"""Pipeline, environment, branch, variant."""


@dataclass(slots=True)
class RunRow:
    """A run as `crywolf runs` should list it."""

    run: Run
    state: str = "complete"
    has_end: bool = True
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Ledger:
    """Runs, results and oddities in the order in which they were written."""

    origin: int
    scenery: Scenery
    runs: list[RunRow] = field(default_factory=list)
    results: dict[tuple[Stream, str], list[tuple[Run, str]]] = field(default_factory=dict)
    """(stream, test identity) -> run and outcome, oldest first."""
    troubles: dict[str, tuple[Trouble, dict[str, list[Run]]]] = field(default_factory=dict)
    """Key -> the trouble, and test identity -> its red runs."""
    cases: dict[str, Case] = field(default_factory=dict)
    seconds: list[tuple[Run, Case, bool]] = field(default_factory=list)
    unknowns: list[tuple[Run, str]] = field(default_factory=list)
    refused: list[tuple[Run, str]] = field(default_factory=list)
    lates: list[tuple[Run, str, dict[str, str]]] = field(default_factory=list)
    _counts: dict[tuple[str, str, int], Counter[str]] = field(default_factory=dict)

    def run(self, run: Run, *, state: str = "complete", has_end: bool = True) -> None:
        """A run, after all its results."""
        counts = self._counts.get((run.pipeline, run.run_id, run.attempt), Counter())
        self.runs.append(RunRow(run, state, has_end, counts))

    def result(self, run: Run, case: Case, outcome: str, trouble: Trouble | None) -> None:
        """One result of a first attempt."""
        known = identity(run, case)
        self.cases[known] = case
        self.results.setdefault((stream_of(run), known), []).append((run, outcome))
        self._counts.setdefault((run.pipeline, run.run_id, run.attempt), Counter())[outcome] += 1
        if trouble:
            self.troubles.setdefault(trouble.key, (trouble, {}))[1].setdefault(known, []).append(run)

    def second_attempt(self, run: Run, case: Case, *, is_same: bool) -> None:
        """A second run attempt in which the case passed."""
        self._counts[(run.pipeline, run.run_id, run.attempt)] = Counter(passed=1)
        self.seconds.append((run, case, is_same))
        self.run(run)

    def unknown(self, run: Run, cases: list[Case]) -> None:
        """Cases of which nothing is known in this run."""
        self.unknowns += [(run, identity(run, case)) for case in cases]

    def rejected(self, run: Run, path: str) -> None:
        """A report that must be refused."""
        self.refused.append((run, path))

    def late(self, run: Run, path: str, before: dict[str, str]) -> None:
        """A file that arrives last, and what the run is called until then."""
        self.lates.append((run, path, before))


def stream_of(run: Run) -> Stream:
    """The stream of a run's results."""
    branch = "pre-merge" if run.trigger == "pre-merge" else run.branch
    return run.pipeline, run.environment, branch, ", ".join(f"{k}={v}" for k, v in run.variant)


def identity(run: Run, case: Case) -> str:
    """`namespace::classname::name`; of a parametrised name that changes, only the part that stays."""
    stem = case.name.split("[")[0]
    name = f"{stem}[" if stem in VOLATILE else case.name
    return f"{run.repository or run.pipeline}::{case.classname}::{name}"
