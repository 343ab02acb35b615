"""Files with equal bytes in one run, when one of them changes: each of the others still says what it said.

A duplicate is the same bytes in the same run and holds nothing of its own. So when the file that holds the results is
written anew, or a `run.json` moves one of the two to another run, the other gets them as if it had been read by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ingest.identity import Resolver
from ingest.model import RunIdentity
from store.write import LedgerRow, PartPlace, SourceFile, Writer

Move = Callable[[PartPlace, RunIdentity, int | None], None]
"""Puts a part where an identity says it belongs; the time of its file in ms starts what has no start of its own."""


def run_key(identity: RunIdentity) -> tuple[str | None, str | None, int | None, str | None]:
    """What tells runs apart."""
    return (identity.pipeline, identity.run_id, identity.run_attempt, identity.environment)


class TwinKeeper:
    """Looks after duplicates; the caller holds the transaction."""

    def __init__(self, writer: Writer, resolver: Resolver, move: Move) -> None:
        self._writer = writer
        self._resolver = resolver
        self._move = move

    def take_over(self, source_id: int) -> bool:
        """Hand the part of a file that is written anew to its first twin and forget the file; False: it has none."""
        heir = next(iter(self.of(source_id)), None)
        if heir is None:
            return False
        self._writer.twins.hand_over(source_id, heir.source_id)
        self._writer.ledger.forget(source_id)
        self._settle(heir)
        return True

    def prefer(self, row: LedgerRow, source: SourceFile, twin_id: int) -> None:
        """Let the twin hold the part when its location is the first in the alphabet."""
        if source.location >= row.location:
            return
        self._writer.note_news()
        self._writer.twins.hand_over(row.source_id, twin_id)
        place = self._writer.part_of(twin_id)
        assert place is not None
        self._note_place(place, source.location)
        read = replace(place, given=self._resolver.options, environ=self._resolver.environ)
        resolved = self._resolver.resolve(read.own, source.folder, source.location, read.given, read.environ)
        self._move(read, resolved, source.mtime_ms)

    def of(self, source_id: int) -> tuple[LedgerRow, ...]:
        """The twins of the file that holds a part, the first location first."""
        return self._writer.ledger.twins_of(source_id)

    def left_behind(self, source_id: int, twins: Iterable[LedgerRow]) -> None:
        """After a part has moved away: each of its twins goes with it, or stays with a part of its own."""
        moved = self._writer.part_of(source_id)
        assert moved is not None
        for twin in twins:
            resolved = self._resolve(moved, twin)
            if run_key(resolved) == run_key(moved.resolved):
                self._writer.twins.follow(twin.source_id, moved.run_id)
            else:
                self._split(moved, twin, resolved)

    def join(self, source_id: int) -> None:
        """After a part has moved: of the files with its bytes in its run the first holds them, the others are twins."""
        first, *others = self._writer.ledger.equals_of(source_id)
        for other in others:
            self._writer.remove_part(other.source_id)
            assert first.run_id is not None
            self._writer.twins.follow(other.source_id, first.run_id)

    def split(self, rows: Iterable[LedgerRow]) -> int:
        """Give duplicates that a new or changed `run.json` puts into another run their own part there; how many."""
        count = 0
        for twin in rows:
            holder = self._writer.ledger.report_with(twin.digest, twin.run_id) if twin.run_id is not None else None
            place = None if holder is None else self._writer.part_of(holder.source_id)
            if place is None:
                continue
            resolved = self._resolve(place, twin)
            if run_key(resolved) != run_key(place.resolved):
                self._split(place, twin, resolved)
                count += 1
        return count

    def _split(self, place: PartPlace, twin: LedgerRow, resolved: RunIdentity) -> None:
        known = self._writer.find_run(resolved)
        if known is not None and self._writer.ledger.report_with(twin.digest, known) is not None:
            self._writer.twins.follow(twin.source_id, known)
            return
        self._writer.twins.copy(place.source_id, twin.source_id)
        copied = self._writer.part_of(twin.source_id)
        assert copied is not None
        self._note_place(copied, twin.location)
        self._move(copied, resolved, twin.mtime_ms)

    def _settle(self, row: LedgerRow) -> None:
        place = self._writer.part_of(row.source_id)
        assert place is not None
        self._note_place(place, row.location)
        resolved = self._resolve(place, row)
        if resolved != place.resolved:
            self._move(place, resolved, row.mtime_ms)

    def _note_place(self, place: PartPlace, location: bytes) -> None:
        if place.own.is_merged:
            self._writer.merged.note_place(location)

    def _resolve(self, place: PartPlace, twin: LedgerRow) -> RunIdentity:
        folder = twin.location[: twin.location.rfind(b"/") + 1]
        return self._resolver.resolve(place.own, folder, twin.location, place.given, place.environ)
