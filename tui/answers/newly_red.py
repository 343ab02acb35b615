"""What is newly red in the newest runs: test by test, against the run before of the same kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ingest.model import RunRef, TestCase
from store.connect import Connection
from store.read import runs, tests
from store.read.streams import list_streams
from tui.answers.grid_cells import load_reds
from tui.answers.runs import RunRow

NEWEST = 60
"""Runs that are looked at: a tail is watched at its end."""
Kind = tuple[str, str, str | None]


def answer_newly_red(connection: Connection, rows: Sequence[RunRow]) -> Mapping[RunRef, tuple[TestCase, ...]]:
    """Test cases that are red in a run and were not in the one before it, by identity; only of runs that have such.

    Args:
        rows: newest first; the oldest of each kind has none before it and is no news.
    """
    wanted = list(_pairs(rows))
    red = _reds(connection, {run for pair in wanted for run in pair})
    found = {run: red[run] - red[before] for run, before in wanted}
    infos = tests.load_tests(connection, {test for cells in found.values() for _, test in cells})
    cases = {run: {infos[test].case for _, test in cells} for run, cells in found.items() if cells}
    return {run: tuple(sorted(named, key=lambda case: case.identity)) for run, named in cases.items()}


def _pairs(rows: Sequence[RunRow]) -> Iterator[tuple[RunRef, RunRef]]:
    """(a run with something red, the run before it) of the newest runs."""
    later: dict[Kind, RunRow] = {}
    for place, row in enumerate(rows):
        kind = (row.run.pipeline, row.run.environment, row.run.branch)
        after = later.pop(kind, None)
        if after is not None:
            yield after.run, row.run
        if place < NEWEST and row.counts.failed + row.counts.errored:
            later[kind] = row
        if place >= NEWEST and not later:
            return


def _reds(connection: Connection, wanted: set[RunRef]) -> dict[RunRef, set[tuple[int, int]]]:
    """run -> (stream, test) of everything red in it."""
    red: dict[RunRef, set[tuple[int, int]]] = {run: set() for run in wanted}
    rows = {run: row for run in wanted if (row := runs.find_run(connection, run)) is not None}
    for stream in list_streams(connection):
        place = (stream.scope.pipeline, stream.scope.environment)
        here = [run for run in rows if (run.pipeline, run.environment) == place]
        if here:
            found = load_reds(connection, stream.stream_id, [rows[run] for run in here])
            for test, column in zip(found.tests.tolist(), found.columns.tolist(), strict=True):
                red[here[column]].add((stream.stream_id, test))
    return red
