"""Cells of the grid: what is read by tiles is what whole streams say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from analysis.records import ABSENT
from ingest.model import Result
from store.connect import Connection, open_reader, open_writer
from tests.story.stores import Asked
from tui.answers.basis import Basis, load_basis
from tui.answers.grid_cells import find_onsets, load_cells, load_reds
from tui.answers.query import Query
from tui.answers.whole_streams import Whole, load_whole

FAR = 2**53


@pytest.fixture(params=["packed", "partly"])
def connection(request: pytest.FixtureRequest, sample: Asked, tmp_path: Path) -> Iterator[Connection]:
    """The sample; once more with every third part left to be read from its rows."""
    database = tmp_path / "store.db"
    shutil.copyfile(sample.database, database)
    if request.param == "partly":
        with closing(open_writer(database)) as writer:
            writer.execute("DELETE FROM packed_part WHERE part_id % 3 = 0")
    with closing(open_reader(database)) as reader:
        yield reader


def _wholes(connection: Connection) -> Iterator[tuple[Basis, Whole]]:
    basis = load_basis(connection, Query())
    assert basis is not None
    for stream in basis.streams:
        yield basis, load_whole(basis, stream, -FAR, FAR)


def test_tiles_are_pieces_of_the_whole(connection: Connection) -> None:
    """Any runs by any cases, in any order; a case that the stream does not know is absent."""
    compared = 0
    for _, whole in _wholes(connection):
        runs = [fact.run_row for fact in whole.facts]
        tests = whole.test_rows.tolist()
        chosen = [*tests[::-2], 999_999]
        found = load_cells(connection, whole.stream.stream_id, runs[3:40], chosen)
        expected = whole.results[3:40][:, list(range(len(tests)))[::-2]]
        assert np.array_equal(found[:, :-1], expected)
        assert (found[:, -1] == ABSENT).all()
        compared += found.size
    assert compared > 1000


def test_reds_are_those_of_the_whole(connection: Connection) -> None:
    """Every red result, and no other, by case and column."""
    found = 0
    for _, whole in _wholes(connection):
        reds = load_reds(connection, whole.stream.stream_id, [fact.run_row for fact in whole.facts])
        n, m = np.nonzero(np.isin(whole.results, (Result.FAILED, Result.ERRORED)))
        expected = sorted(zip(whole.test_rows[m].tolist(), n.tolist(), strict=True))
        assert list(zip(reds.tests.tolist(), reds.columns.tolist(), strict=True)) == expected
        for test in {test for test, _ in expected[:40]}:
            assert reds.of(test).tolist() == [n for row, n in expected if row == test]
        found += len(expected)
    assert found > 100


def test_onsets_are_found_by_walking_back(connection: Connection) -> None:
    """The first red column after the newest executed one that is not red."""
    streaks = 0
    for _, whole in _wholes(connection):
        tests = whole.test_rows.tolist()
        onsets = find_onsets(connection, whole.stream.stream_id, [fact.run_row for fact in whole.facts], tests)
        assert onsets == {test: n for m, test in enumerate(tests) if (n := _onset(whole.results[:, m])) is not None}
        streaks += len(onsets)
    assert streaks


def _onset(cells: np.ndarray[tuple[int], np.dtype[np.int8]]) -> int | None:
    onset = None
    for n in range(len(cells) - 1, -1, -1):
        if cells[n] in (ABSENT, Result.SKIPPED):
            continue
        if cells[n] not in (Result.FAILED, Result.ERRORED):
            break
        onset = n
    return onset
