"""Cells of a grid: some runs of a stream by some test cases, read when they are looked at.

A grid of thousands of runs by thousands of test cases is never in memory: what is seen is read from packed parts, by
the sets of cases that they hold. Runs of which a part is not packed, or of which two parts hold a case that is asked
for, are read from their rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from analysis.records import ABSENT, ResultMatrix
from ingest.model import Result
from store.connect import Connection
from store.merge import merge_cell
from store.packed import SPECIAL
from store.read import packed, results
from store.read.packed import PackedPart

Ints = npt.NDArray[np.int64]
_SPECIAL = np.dtype({"names": ["place", "result"], "formats": ["<u4", "u1"], "itemsize": SPECIAL.size})
"""As `store.packed.SPECIAL` packs them: the first two of its fields."""
_RED = (Result.FAILED, Result.ERRORED)
_STEP = 64
"""Columns that are looked at together where a streak is walked back."""
_CHUNK = 200
"""Runs whose parts are read together."""


@dataclass(frozen=True, slots=True)
class Reds:
    """Results of a stream that are red, by test case, then column."""

    tests: Ints
    columns: npt.NDArray[np.int32]

    def of(self, test_row: int) -> npt.NDArray[np.int32]:
        """Columns in which a case is red, ascending."""
        first, stop = self.tests.searchsorted((test_row, test_row + 1))
        return self.columns[first:stop]


def load_cells(
    connection: Connection, stream_id: int, run_rows: Sequence[int], test_rows: Sequence[int]
) -> ResultMatrix:
    """[n, m] results of some runs of a stream by some test cases, `ABSENT` where there is none."""
    wanted = np.array(test_rows, dtype=np.int64)
    order = np.argsort(wanted)
    found = np.full((len(run_rows), len(test_rows)), ABSENT, dtype=np.int8)
    held = np.zeros(found.shape, dtype=np.uint8)
    place = {row: n for n, row in enumerate(run_rows)}
    unpacked: set[int] = set()
    parts = packed.list_packed(connection, stream_id, run_rows)
    sets = packed.load_case_sets(connection, {part.set_row for part in parts if part.set_row is not None})
    for set_row, members in _by_set(parts):
        if set_row is None:
            unpacked |= {part.run_row for part in members}
            continue
        keys = _keys(sets[set_row])
        spot, columns = _spots(keys >> 1, wanted[order])
        columns = order[columns]
        plain = np.where(keys[spot] & 1, Result.SKIPPED, Result.PASSED)
        for part in members:
            row = place[part.run_row]
            held[row, columns] += 1
            found[row, columns] = _overlaid(plain, spot, part.specials)
    by_rows = sorted(unpacked | {run_rows[n] for n in np.flatnonzero((held > 1).any(axis=1)).tolist()})
    column_of = {row: m for m, row in enumerate(test_rows)}
    found[[place[run] for run in by_rows]] = ABSENT
    for run, test, result in _by_rows(connection, stream_id, by_rows, sorted(column_of)):
        found[place[run], column_of[test]] = result
    return found


def load_reds(connection: Connection, stream_id: int, run_rows: Sequence[int]) -> Reds:
    """Everything red in some runs of a stream; a column is the place of its run."""
    place = {row: n for n, row in enumerate(run_rows)}
    stretches: list[tuple[Ints, Ints]] = []
    sets: dict[int, Ints] = {}
    for start in range(0, len(run_rows), _CHUNK):
        parts = packed.list_packed(connection, stream_id, run_rows[start : start + _CHUNK])
        wanted = {part.set_row for part in parts if part.set_row is not None}
        missing = packed.load_case_sets(connection, wanted - sets.keys())
        sets = {row: sets[row] if row in sets else _keys(missing[row]) >> 1 for row in wanted}
        stretches.append(_reds_of_rows(connection, stream_id, _unpacked(parts), place))
        stretches += _reds_of_parts(connection, stream_id, parts, sets, place)
    nothing = np.empty(0, dtype=np.int64)
    tests, columns = (np.concatenate([nothing, *(one[n] for one in stretches)]) for n in range(2))
    order = np.lexsort((columns, tests))
    return Reds(tests[order], columns[order].astype(np.int32))


def find_onsets(
    connection: Connection, stream_id: int, run_rows: Sequence[int], test_rows: Sequence[int]
) -> dict[int, int]:
    """test -> column where the red streak began that its newest executed result belongs to; only of those in one."""
    onsets: dict[int, int] = {}
    alive, stop, step = list(test_rows), len(run_rows), _STEP
    while alive and stop > 0:
        first = max(stop - step, 0)
        cells = load_cells(connection, stream_id, run_rows[first:stop], alive)
        is_red = (cells == Result.FAILED) | (cells == Result.ERRORED)
        is_good = ~is_red & (cells != ABSENT) & (cells != Result.SKIPPED)
        going_on = []
        for m, test in enumerate(alive):
            good, red = np.flatnonzero(is_good[:, m]), np.flatnonzero(is_red[:, m])
            streak = red[red > good[-1]] if len(good) else red
            if len(streak):
                onsets[test] = first + int(streak[0])
            if not len(good):
                going_on.append(test)
        alive, stop, step = going_on, first, step * 2
    return onsets


def _by_set(parts: Sequence[PackedPart]) -> Iterator[tuple[int | None, list[PackedPart]]]:
    """Parts that hold the same cases, together."""
    ordered = sorted(parts, key=lambda part: -1 if part.set_row is None else part.set_row)
    for set_row, members in groupby(ordered, key=lambda part: part.set_row):
        yield set_row, list(members)


def _keys(steps: bytes) -> Ints:
    """`test << 1 | whether it was only skipped`, ascending."""
    return np.cumsum(np.frombuffer(steps, dtype="<u4"), dtype=np.int64)


def _spots(held: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """(places in `held` of the cases of `wanted` that it holds, their places in `wanted`); both ascend."""
    spots = np.searchsorted(held, wanted)
    inside = spots < len(held)
    inside[inside] = held[spots[inside]] == wanted[inside]
    return spots[inside], np.flatnonzero(inside)


def _overlaid(plain: npt.NDArray[np.int64], spot: Ints, specials: bytes) -> npt.NDArray[np.int64]:
    """Results of a part at some places of its set: plain ones, but what the part says is none."""
    if not specials:
        return plain
    special = np.frombuffer(specials, dtype=_SPECIAL)
    at, which = _spots(special["place"].astype(np.int64), spot)
    if not len(at):
        return plain
    changed = plain.copy()
    changed[which] = special["result"][at]
    return changed


def _unpacked(parts: Sequence[PackedPart]) -> list[int]:
    return sorted({part.run_row for part in parts if part.set_row is None})


def _reds_of_parts(
    connection: Connection,
    stream_id: int,
    parts: Sequence[PackedPart],
    sets: dict[int, Ints],
    place: dict[int, int],
) -> Iterator[tuple[Ints, Ints]]:
    """(test rows, columns) of packed parts; what two parts of a run hold is read from its rows."""
    unpacked = set(_unpacked(parts))
    ordered = sorted((part for part in parts if part.run_row not in unpacked), key=lambda part: part.run_row)
    for run, group in groupby(ordered, key=lambda part: part.run_row):
        members = list(group)
        tests = np.concatenate([_reds_of_part(part, sets) for part in members])
        if len(members) > 1 and len(tests):
            several = sum(np.isin(tests, sets[part.set_row or 0]).astype(np.int64) for part in members)
            shared, tests = np.unique(tests[several > 1]), tests[several == 1]
            if len(shared):
                yield _reds_of_rows(connection, stream_id, (run,), place, shared.tolist())
        if len(tests):
            yield tests, np.full(len(tests), place[run], dtype=np.int64)


def _reds_of_part(part: PackedPart, sets: dict[int, Ints]) -> Ints:
    special = np.frombuffer(part.specials, dtype=_SPECIAL)
    is_red = (special["result"] == Result.FAILED) | (special["result"] == Result.ERRORED)
    tests: Ints = sets[part.set_row or 0][special["place"][is_red]]
    return tests


def _by_rows(
    connection: Connection, stream_id: int, run_rows: Sequence[int], test_rows: Sequence[int] | None
) -> Iterator[tuple[int, int, int]]:
    """(run row, test row, result) of some runs."""
    rows = results.list_results(connection, stream_id, run_rows, test_rows)
    for (run, test), attempts in groupby(rows, key=lambda row: row[:2]):
        yield run, test, merge_cell([row[2:] for row in attempts]).result


def _reds_of_rows(
    connection: Connection,
    stream_id: int,
    run_rows: Sequence[int],
    place: dict[int, int],
    test_rows: Sequence[int] | None = None,
) -> tuple[Ints, Ints]:
    found = [
        (test, place[run])
        for run, test, result in _by_rows(connection, stream_id, run_rows, test_rows)
        if result in _RED
    ]
    table = np.array(found, dtype=np.int64).reshape(len(found), 2)
    return table[:, 0], table[:, 1]
