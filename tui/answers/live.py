"""What the tail brought in: the newest runs and what is newly red in them, of one state of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ingest.model import RunRef, TestCase
from store.connect import Connection
from tui.answers.newly_red import answer_newly_red
from tui.answers.query import Query
from tui.answers.runs import RunsAnswer, answer_runs

MOST_RUNS = 1000
"""The newest; a tail is not for browsing."""


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """The newest runs, newest first."""

    runs: RunsAnswer
    new_red: Mapping[RunRef, tuple[TestCase, ...]]
    """Red, and not so in the run before of its pipeline, environment and branch; of the newest runs."""


def answer_live(connection: Connection, query: Query) -> LiveAnswer:
    """The newest runs under the filters of `query`, and what is newly red in them."""
    runs = answer_runs(connection, query)
    return LiveAnswer(replace(runs, rows=runs.rows[:MOST_RUNS]), answer_newly_red(connection, runs.rows))
