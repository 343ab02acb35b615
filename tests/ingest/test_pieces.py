"""How inputs are cut into pieces of work, and when several processes are worth it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest import pieces
from ingest.pieces import FILE_BYTES, MOST_BYTES, PIECE_BYTES, PIECE_FILES, WORTH_BYTES, cut, jobs_worth_it
from ingest.sources.inputs import Input, Skip


def _input(path: str, size_bytes: int = 1000) -> Input:
    return Input(path, Path("/in") / path, size_bytes, 0, is_explicit=False, root=Path("/in"))


def _run(number: int, size_bytes: int, files: int = 2) -> list[Input]:
    return [_input(f"nightly/run-{number}/part-{n}.xml", size_bytes // files - FILE_BYTES) for n in range(files)]


def test_pieces_hold_all_inputs_in_their_order() -> None:
    """Also what is only listed, and what has no place in the file system."""
    found: list[Input | Skip] = [*_run(1, PIECE_BYTES), Skip("nightly/link", "symlink: a link"), *_run(2, PIECE_BYTES)]
    assert [item for piece in cut(found) for item in piece] == found
    assert list(cut([])) == []


def test_a_piece_ends_where_a_run_ends() -> None:
    """A run that fills it half is followed by the next one, which stays whole."""
    runs = [_run(number, PIECE_BYTES * 6 // 10) for number in range(4)]
    found = list(cut([item for run in runs for item in run]))
    assert found == [[*runs[0], *runs[1]], [*runs[2], *runs[3]]]


def test_what_lies_below_a_run_json_is_of_that_run() -> None:
    """Shards in folders of their own; without `run.json`, each folder is a run."""
    shards = [_input(f"nightly/run-1/shard-{n}/report.xml", PIECE_BYTES * 2 // 3) for n in range(3)]
    note = _input("nightly/run-1/run.json", 100)
    assert [len(piece) for piece in cut([note, *shards])] == [4]
    assert [len(piece) for piece in cut(shards)] == [2, 1]


def test_a_run_that_is_too_large_for_a_piece_is_cut() -> None:
    """What is read ahead is held in memory."""
    assert [len(piece) for piece in cut(_run(1, 3 * MOST_BYTES, files=12))] == [4, 4, 4]


def test_a_piece_holds_so_many_files_at_most() -> None:
    """However small they are."""
    found = [_input(f"nightly/run-{n}/report.xml", 0) for n in range(2 * PIECE_FILES)]
    assert [len(piece) for piece in cut(found)] == [PIECE_FILES, PIECE_FILES]


def test_little_is_read_by_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """More only where there are processors, enough bytes and more than one piece, or where they are asked for."""
    monkeypatch.setattr(pieces, "usable_processors", lambda: 2)
    small = [[_input("a.xml", 1000)], [_input("b.xml", 1000)]]
    large = [[_input(f"{n}.xml", WORTH_BYTES)] for n in range(3)]
    assert [jobs_worth_it(small, wanted)[0] for wanted in (None, 1, 2, 5)] == [1, 1, 2, 2]
    assert [jobs_worth_it(large, wanted)[0] for wanted in (None, 1, 2, 5)] == [2, 1, 2, 3]
    assert jobs_worth_it(large[:1], None)[0] == jobs_worth_it([], 2)[0] == 1
    monkeypatch.setattr(pieces, "usable_processors", lambda: 1)
    assert jobs_worth_it(large, None)[0] == 1


def test_the_pieces_come_back_whole() -> None:
    """Those that were looked at to decide, too."""
    large = [[_input(f"{n}.xml", WORTH_BYTES)] for n in range(4)]
    for wanted in (None, 1, 2, 9):
        assert list(jobs_worth_it(large, wanted)[1]) == large
