"""Packed parts and rows say the same of every stream."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np

from ingest.model import Failure
from store.connect import open_writer
from store.merge import UNKNOWN_MS
from store.write import Writer
from tests.store.recount import packed_anew, unpacked
from tests.story.stores import Asked
from tui.answers.basis import Basis, load_basis
from tui.answers.histories import load_history
from tui.answers.query import Query
from tui.answers.whole_streams import history_of, load_whole, pick

FAR = 2**53


def assert_equal(basis: Basis) -> int:
    """Every stream is the same by either way; the results that were compared."""
    compared = 0
    for stream in basis.streams:
        by_rows = load_history(basis, stream, -FAR, FAR)
        whole = load_whole(basis, stream, -FAR, FAR)
        history = history_of(basis, whole)
        assert (history.runs, history.tests) == (by_rows.history.runs, by_rows.history.tests)
        assert tuple(whole.test_rows.tolist()) == by_rows.test_rows
        for name in ("results", "failed_attempts", "attempts"):
            assert np.array_equal(getattr(history, name), getattr(by_rows.history, name)), (stream, name)
        compared += history.results.size
        assert_some_equal(basis, stream.stream_id)
    return compared


def assert_some_equal(basis: Basis, stream_id: int) -> None:
    """So are some of its cases, one that it does not hold among them, and what is known of durations."""
    stream = next(row for row in basis.streams if row.stream_id == stream_id)
    whole = load_whole(basis, stream, -FAR, FAR)
    others = basis.connection.execute("SELECT test_id FROM test_case").fetchall()
    absent = [row for (row,) in others if row not in whole.test_rows]
    wanted = [*whole.test_rows.tolist()[::3], *absent[:1]]
    picked, by_rows = pick(basis, whole, wanted), load_history(basis, stream, -FAR, FAR, wanted)
    assert (picked.test_rows, picked.run_rows) == (by_rows.test_rows, by_rows.run_rows)
    assert picked.history.tests == by_rows.history.tests
    assert np.array_equal(picked.history.results, by_rows.history.results)
    assert np.array_equal(picked.failed_ms, by_rows.failed_ms)
    plain = (picked.history.attempts <= 1) & (picked.history.failed_attempts == 0)
    for name in ("durations_ms", "last_durations_ms"):
        ours, theirs = getattr(picked, name), getattr(by_rows, name)
        assert np.array_equal(np.where(plain, UNKNOWN_MS, ours), np.where(plain, UNKNOWN_MS, theirs))


def test_packed_parts_say_what_rows_say(sample: Asked) -> None:
    """Shards, retries in second files, skips and several variants give the same history, read either way."""
    basis = load_basis(sample.connection, Query())
    assert basis is not None
    assert assert_equal(basis) > 1000


def test_what_is_not_packed_is_read_from_rows(sample: Asked, tmp_path: Path) -> None:
    """A store of which some parts are not packed gives the same histories; the next keeping packs them."""
    database = tmp_path / "store.db"
    shutil.copyfile(sample.database, database)
    with closing(open_writer(database)) as connection:
        connection.execute("DELETE FROM packed_part WHERE part_id % 3 = 0")
        connection.execute("UPDATE state SET value = 1 WHERE name = 'unpacked'")
        basis = load_basis(connection, Query())
        assert basis is not None
        assert assert_equal(basis) > 1000
        with closing(Writer(database, _no_signature)) as writer:
            writer.pack_rest()
        assert unpacked(connection) == packed_anew(connection)


def _no_signature(failure: Failure) -> tuple[int, str, str]:
    raise AssertionError("no failure is written here")
