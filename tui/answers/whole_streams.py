"""Whole streams as arrays, from packed parts: what every case did in every run of a stretch of time.

They say what the rows say, for a hundredth of the time; durations are known of what is no plain result. Runs of which a
part is not packed, or of which two parts hold the same case, are read from their rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from analysis.records import ABSENT, CountMatrix, ResultMatrix, StreamHistory
from ingest.model import Result
from store.merge import Cell, merge_cell
from store.read import packed, results, runs
from store.read.packed import PackedPart
from store.read.rows import StreamRow, StreamRun
from tui.answers.basis import Basis
from tui.answers.histories import UNKNOWN_DURATION, Loaded, load_history

Ints = npt.NDArray[np.int64]

FEW = 4
_CELL = [("result", "u1"), ("attempts", "u1"), ("failed", "u1"), ("", "u1")]
_CELL += [("total_ms", "<i4"), ("last_ms", "<i4"), ("failed_ms", "<i4")]
_SPECIAL = np.dtype([("place", "<u4"), *_CELL])
"""As `store.packed.SPECIAL` packs them."""


@dataclass(frozen=True, slots=True)
class Whole:
    """All results of a stream between two moments.

    Cases stand by identity, since sums of fractions depend on their order; by row where names were not asked for.
    """

    stream: StreamRow
    facts: tuple[StreamRun, ...]
    """[n], oldest first."""
    test_rows: Ints
    """[m]"""
    results: ResultMatrix
    """[n, m], and so the next two."""
    failed: CountMatrix
    attempts: CountMatrix
    special_n: Ints
    """[k] rows, and columns, of the results that are no plain ones."""
    special_m: Ints
    specials: npt.NDArray[np.void]
    """[k]"""
    is_named: bool = True
    """Whether cases stand by identity."""


def load_whole(basis: Basis, stream: StreamRow, since_ms: int, until_ms: int, limit: int = runs.NO_LIMIT) -> Whole:
    """First run attempts of a stream that started in [since, until]; with a limit the newest so many.

    Loaded once an answer.
    """
    key = (stream.stream_id, since_ms, until_ms, limit)
    found = basis.wholes.get(key)
    if found is None:
        wider = _wider(basis, key)
        found = _load(basis, stream, since_ms, until_ms, limit) if wider is None else _cut(wider, since_ms, until_ms)
        basis.wholes[key] = found
    return found


def load_in_any_order(basis: Basis, stream: StreamRow, since_ms: int, until_ms: int) -> Whole:
    """The same; where it has not been loaded yet, with cases by row: their names are most of the work."""
    key = (stream.stream_id, since_ms, until_ms, runs.NO_LIMIT)
    if key in basis.wholes or _wider(basis, key) is not None:
        return load_whole(basis, stream, since_ms, until_ms)
    if key not in basis.unnamed:
        basis.unnamed[key] = _load(basis, stream, since_ms, until_ms, runs.NO_LIMIT, is_named=False)
    return basis.unnamed[key]


def load_cases(basis: Basis, stream: StreamRow, since_ms: int, until_ms: int, test_rows: Sequence[int]) -> Loaded:
    """Some cases of a stream: a few from their rows, more from its packed parts, where few durations are known."""
    if len(set(test_rows)) <= FEW:
        return load_history(basis, stream, since_ms, until_ms, test_rows)
    return pick(basis, load_in_any_order(basis, stream, since_ms, until_ms), test_rows)


def _wider(basis: Basis, key: tuple[int, int, int, int]) -> Whole | None:
    """A stretch that was loaded before and holds another one."""
    stream_id, since_ms, until_ms, limit = key
    if limit != runs.NO_LIMIT:
        return None
    for (other_id, other_since, other_until, other_limit), whole in basis.wholes.items():
        if other_id == stream_id and other_since <= since_ms and until_ms <= other_until:
            is_cut = other_limit != runs.NO_LIMIT and len(whole.facts) >= other_limit
            if not is_cut or whole.facts[0].run.started_ms < since_ms:
                return whole
    return None


def _cut(whole: Whole, since_ms: int, until_ms: int) -> Whole:
    """The part of a stretch between two moments, with the cases that have a result in it."""
    starts = [fact.run.started_ms for fact in whole.facts]
    first, stop = bisect_left(starts, since_ms), bisect_right(starts, until_ms)
    rows = slice(first, stop)
    columns = np.flatnonzero((whole.results[rows] != ABSENT).any(axis=0))
    place = np.full(len(whole.test_rows), -1, dtype=np.int64)
    place[columns] = np.arange(len(columns))
    kept = (whole.special_n >= first) & (whole.special_n < stop)
    return Whole(
        whole.stream,
        whole.facts[rows],
        whole.test_rows[columns],
        whole.results[rows, columns],
        whole.failed[rows, columns],
        whole.attempts[rows, columns],
        whole.special_n[kept] - first,
        place[whole.special_m[kept]],
        whole.specials[kept],
    )


def _load(basis: Basis, stream: StreamRow, since_ms: int, until_ms: int, limit: int, *, is_named: bool = True) -> Whole:
    facts = runs.list_stream_runs(basis.connection, stream.stream_id, since_ms, until_ms, basis.window.now_ms, limit)
    parts = packed.list_packed(basis.connection, stream.stream_id, [fact.run_row for fact in facts])
    sets = _load_sets(basis, parts)
    by_rows = _to_read_by_rows(parts, sets)
    cells = list(_cells_of_rows(basis, stream, sorted(by_rows)))
    by_set: dict[int, list[PackedPart]] = {}
    for part in parts:
        if part.set_row is not None and part.run_row not in by_rows:
            by_set.setdefault(part.set_row, []).append(part)
    held = [sets[number][0] for number in sorted(by_set)] + [np.array([test for _, test, _ in cells], dtype=np.int64)]
    known = np.unique(np.concatenate(held))
    test_rows, column_of = _by_identity(basis, known) if is_named else (known, np.arange(len(known)))
    place_n = {fact.run_row: n for n, fact in enumerate(facts)}
    shape = (len(facts), len(known))
    found = np.full(shape, ABSENT, dtype=np.int8)
    attempts, failed = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    stretches = [_of_cells(cells, place_n, column_of[np.searchsorted(known, [test for _, test, _ in cells])])]
    for number, members in by_set.items():
        rows = np.array([place_n[part.run_row] for part in members], dtype=np.int64)
        columns = column_of[np.searchsorted(known, sets[number][0])]
        _fill(found, rows, columns, sets[number][1])
        _fill(attempts, rows, columns, np.ones(len(columns), dtype=np.uint8))
        special = np.frombuffer(b"".join(part.specials for part in members), dtype=_SPECIAL)
        counts = [len(part.specials) // _SPECIAL.itemsize for part in members]
        stretches.append((np.repeat(rows, counts), columns[special["place"]], special))
    n, m = (np.concatenate([stretch[axis] for stretch in stretches]) for axis in (0, 1))
    specials = np.concatenate([stretch[2] for stretch in stretches])
    found[n, m], attempts[n, m], failed[n, m] = specials["result"], specials["attempts"], specials["failed"]
    return Whole(stream, facts, test_rows, found, failed, attempts, n, m, specials, is_named)


def _fill(cells: ResultMatrix | CountMatrix, rows: Ints, columns: Ints, plain: ResultMatrix | CountMatrix) -> None:
    """Write the same into some columns of some rows; row by row where that is all of them, which takes a tenth."""
    if len(columns) == cells.shape[1]:
        whole = np.empty_like(plain)
        whole[columns] = plain
        cells[rows] = whole
    else:
        cells[np.ix_(rows, columns)] = plain


def history_of(basis: Basis, whole: Whole) -> StreamHistory:
    """Everything as analyses take it; made once an answer."""
    found = basis.histories.get(id(whole))
    if found is None:
        test_rows = whole.test_rows.tolist()
        found = _history(basis, whole, test_rows, whole.results, whole.failed, whole.attempts)
        basis.histories[id(whole)] = found
    return found


def pick(basis: Basis, whole: Whole, test_rows: Iterable[int]) -> Loaded:
    """Some cases of a stream, also such as have no result there; a plain result's duration is not known."""
    infos = basis.infos(test_rows)
    wanted = sorted(set(test_rows), key=lambda row: infos[row].case.identity)
    column_of = {row: m for m, row in enumerate(wanted)}
    place = np.array([column_of.get(row, -1) for row in whole.test_rows.tolist()], dtype=np.int64)
    held = np.flatnonzero(place >= 0)
    shape = (len(whole.facts), len(wanted))
    found = np.full(shape, ABSENT, dtype=np.int8)
    failed, attempts = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    for cells, source in ((found, whole.results), (failed, whole.failed), (attempts, whole.attempts)):
        cells[:, place[held]] = source[:, held]
    columns = place[whole.special_m]
    kept = columns >= 0
    n, m, specials = whole.special_n[kept], columns[kept], whole.specials[kept]
    total, last = (np.full(shape, UNKNOWN_DURATION, dtype=np.int64) for _ in range(2))
    lost = np.zeros(shape, dtype=np.int64)
    total[n, m], last[n, m], lost[n, m] = specials["total_ms"], specials["last_ms"], specials["failed_ms"]
    history = _history(basis, whole, wanted, found, failed, attempts)
    return Loaded(whole.stream, history, tuple(fact.run_row for fact in whole.facts), tuple(wanted), total, last, lost)


def _history(
    basis: Basis,
    whole: Whole,
    test_rows: Sequence[int],
    found: ResultMatrix,
    failed: CountMatrix,
    attempts: CountMatrix,
) -> StreamHistory:
    scope = whole.stream.scope
    columns = basis.columns(test_rows, basis.entries.get(scope.pipeline))
    return StreamHistory(scope, tuple(fact.run for fact in whole.facts), columns, found, failed, attempts)


def _load_sets(basis: Basis, parts: Sequence[PackedPart]) -> dict[int, tuple[Ints, npt.NDArray[np.int8]]]:
    """(test rows, ascending; the plain result of each) by set."""
    wanted = {part.set_row for part in parts if part.set_row is not None}
    missing = wanted - basis.case_sets.keys()
    for number, steps in packed.load_case_sets(basis.connection, missing).items():
        keys = np.cumsum(np.frombuffer(steps, dtype="<u4"), dtype=np.int64)
        plain = np.where(keys & 1, Result.SKIPPED, Result.PASSED).astype(np.int8)
        basis.case_sets[number] = (keys >> 1, plain)
    return {number: basis.case_sets[number] for number in wanted}


def _to_read_by_rows(parts: Sequence[PackedPart], sets: dict[int, tuple[Ints, npt.NDArray[np.int8]]]) -> frozenset[int]:
    """Runs of which a part is not packed, or of which two parts hold the same case."""
    found = {part.run_row for part in parts if part.set_row is None}
    several = {run for run, count in Counter(part.run_row for part in parts).items() if count > 1} - found
    shards: dict[int, list[Ints]] = {}
    for part in parts:
        if part.run_row in several and part.set_row is not None:
            shards.setdefault(part.run_row, []).append(sets[part.set_row][0])
    for run, tests in shards.items():
        together = np.concatenate(tests)
        if len(np.unique(together)) < len(together):
            found.add(run)
    return frozenset(found)


def _cells_of_rows(basis: Basis, stream: StreamRow, run_rows: Sequence[int]) -> Iterator[tuple[int, int, Cell]]:
    """(run row, test row, result) of some runs."""
    rows = results.list_results(basis.connection, stream.stream_id, run_rows)
    for (run, test), attempts in groupby(rows, key=lambda row: row[:2]):
        yield run, test, merge_cell([row[2:] for row in attempts])


def _of_cells(
    cells: Sequence[tuple[int, int, Cell]], place_n: dict[int, int], columns: Ints
) -> tuple[Ints, Ints, npt.NDArray[np.void]]:
    """(rows, columns, results) of what was read from rows."""
    n = np.array([place_n[run] for run, _, _ in cells], dtype=np.int64)
    table = np.zeros(len(cells), dtype=_SPECIAL)
    for name, values in zip(Cell._fields, zip(*(cell for _, _, cell in cells), strict=True), strict=False):
        table[name] = values
    return n, columns, table


def _by_identity(basis: Basis, known: Ints) -> tuple[Ints, Ints]:
    """(test rows by identity, the column of each of those that are known, by row)."""
    infos = basis.infos(known.tolist())
    identities = [infos[row].case.identity for row in known.tolist()]
    order = np.array(sorted(range(len(identities)), key=identities.__getitem__), dtype=np.int64)
    column_of = np.empty(len(order), dtype=np.int64)
    column_of[order] = np.arange(len(order))
    return known[order], column_of
