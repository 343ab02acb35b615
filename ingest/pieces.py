"""How inputs are cut into pieces of work for several processes, and whether that is worth it. Pure.

A piece is what one process reads ahead and writes in its turn: consecutive inputs, of about the same weight as those of
any other piece. The files of a run stay in one piece unless they are too many, since what is known of a run is read
again where the next piece goes on with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ingest.sources.inputs import Input, Skip

Piece = Sequence[Input | Skip]

WORTH_BYTES = 8 * 1024 * 1024
"""Inputs of less are read by one process: it is done before others are ready."""
PIECE_BYTES, MOST_BYTES = 1_500_000, 4_000_000
"""A piece ends behind this much at the end of a run's folder, behind that much anywhere."""
PIECE_FILES = 200
FILE_BYTES = 6_000
"""What it takes to open, tell and note a file, in bytes of a report that are read in that time."""
AUTO_JOBS = 3
"""More wait for their turn to write most of the time."""
_SIDECAR = "run.json"


@dataclass(slots=True)
class _Run:
    """The folder that the inputs at hand belong to."""

    folder: str | None = None
    is_whole: bool = False
    """Whether it has a `run.json`, which speaks for the folders below, too."""

    def goes_on_with(self, item: Input | Skip) -> bool:
        """Whether an input belongs to it; else it becomes the run of that input."""
        if isinstance(item, Skip) or item.location is None:
            return True
        folder, name = os.path.split(item.location)
        if folder == self.folder or (self.is_whole and folder.startswith(f"{self.folder}{os.sep}")):
            return True
        self.folder, self.is_whole = folder, name == _SIDECAR
        return False


def cut(found: Iterable[Input | Skip]) -> Iterator[Piece]:
    """Pieces in the order of the inputs, as lazily as these come."""
    piece: list[Input | Skip] = []
    weight, run = 0, _Run()
    for item in found:
        is_same = run.goes_on_with(item)
        is_full = weight >= PIECE_BYTES or len(piece) >= PIECE_FILES
        if piece and (weight >= MOST_BYTES or (is_full and not is_same)):
            yield piece
            piece, weight = [], 0
        piece.append(item)
        weight += weight_of(item)
    if piece:
        yield piece


def weight_of(item: Input | Skip) -> int:
    """What it takes to ingest an input, in bytes of a report."""
    return FILE_BYTES + (item.size_bytes or 0) if isinstance(item, Input) else 0


def usable_processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def jobs_worth_it(pieces: Iterable[Piece], wanted: int | None) -> tuple[int, Iterator[Piece]]:
    """(processes to use, the pieces once more).

    Args:
        wanted: so many, as far as there is a piece for each; None: as many as make it faster.
    """
    most = min(usable_processors(), AUTO_JOBS) if wanted is None else wanted
    least_bytes = WORTH_BYTES if wanted is None else 0
    rest, head, weight = iter(pieces), list[Piece](), 0
    while most > 1 and (len(head) < most or weight <= least_bytes):
        piece = next(rest, None)
        if piece is None:
            most = 1 if weight <= least_bytes else len(head)
            break
        head.append(piece)
        weight += sum(map(weight_of, piece))
    return max(1, most), chain(head, rest)
