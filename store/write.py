"""The one way into the store: transactions, parts, changes, catalogs, ledger, rollups.

Files are grouped into transactions; each is written inside a savepoint, so that one that turns out unreadable leaves
nothing behind. Nothing is acknowledged before the transaction ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.model import (
    PRE_MERGE_BRANCH,
    Failure,
    RunIdentity,
    TestCase,
    Trigger,
    variant_text,
)
from store.access import ACCESS as ACCESS
from store.access import Access as Access
from store.access import allow as allow
from store.aliases import Aliases
from store.cases import Cases
from store.codec import decode, encode
from store.connect import Error, hold_pages, open_writer, translate
from store.cut import load_cut
from store.dimensions import Dimensions
from store.errors import StoreError as StoreError
from store.feed import Feed
from store.incidents import Incidents
from store.incidents import OpenIncident as OpenIncident
from store.ledger import Ledger
from store.ledger import LedgerRow as LedgerRow
from store.ledger import Refusal as Refusal
from store.ledger import SourceFile as SourceFile
from store.locking import YIELD_EVERY_S, YIELD_S, begin_writing
from store.merged import MERGED as MERGED
from store.merged import Merged
from store.names import Names
from store.names import NewNames as NewNames
from store.part_place import PartHeader as PartHeader
from store.part_place import PartPlace as PartPlace
from store.parts import PartTotals, PartWriter
from store.placed import PlacedAttempt as PlacedAttempt
from store.placed import PlacedCases as PlacedCases
from store.rollups import PartSum, Rollups
from store.runs import Runs
from store.traces import PreparedFailure as PreparedFailure
from store.traces import digest_of as digest_of
from store.twins import Twins

Sign = Callable[[Failure], tuple[int, str, str]]
"""(version, key, title) of a failure's signature."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A part that is being written, as its row has it."""

    part_id: int
    run_id: int
    stream_id: int
    location: bytes
    header: PartHeader


class Writer:
    """A connection that writes; one a process and thread."""

    def __init__(self, path: Path, sign: Sign, *, group_access: bool = False) -> None:
        self.path = path
        self._connection = open_writer(path, group_access=group_access)
        self._dimensions = Dimensions(self._connection, sign)
        self._rollups = Rollups(self._connection)
        self._runs = Runs(self._connection, self._dimensions, self._rollups)
        self._aliases = Aliases(self._connection, self._rollups)
        self._cases = Cases(self._connection, self._dimensions, self._rollups, self._aliases)
        self._data_version = -1
        self._is_shared = False
        self._yielded_s = 0.0
        self._has_news = False
        self._holds_less = False
        self._opened: _Opened | None = None
        self.feed = Feed(self._connection, self._dimensions)
        self.ledger = Ledger(self._connection)
        self.names = Names(self._connection)
        self.incidents = Incidents(self._connection)
        self.twins = Twins(self._connection, self._rollups)
        self.merged = Merged(self._connection)

    def close(self) -> None:
        """Checkpoint the log into the file and close."""
        try:
            self._connection.execute("PRAGMA optimize")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except Error:
            pass  # another connection reads or the disk is full; the log stays and nothing is lost
        finally:
            self._connection.close()

    # ------------------------------------------------------------ transactions
    @contextmanager
    def transaction(self, *, brings_news: bool = True) -> Iterator[None]:
        """Everything inside is in the store together, rollups included, or not at all.

        Args:
            brings_news: whether kept answers are outdated by it whatever happens inside; else only by `note_news`.
        """
        self._has_news = brings_news
        try:
            begin_writing(self._connection)
            if self._holds_less:
                self._hold(less=False)
            self._notice_others()
            self.ledger.forget_read()
            self._rollups.begin()
            yield
            for source_id in self.merged.covered():
                self.remove_part(source_id)
                self.merged.note(source_id)
            self._rollups.settle()
            self._cases.settle()
            if self._has_news:
                self._connection.execute("UPDATE state SET value = value + 1 WHERE name = 'revision'")
            self._connection.execute("COMMIT")
        except Error as problem:
            self._undo("ROLLBACK")
            raise translate(problem, self.path) from problem
        except BaseException:
            self._undo("ROLLBACK")
            raise
        if self._is_shared and time.monotonic() - self._yielded_s > YIELD_EVERY_S:
            time.sleep(YIELD_S)
            self._yielded_s = time.monotonic()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is inside when it raises; the transaction around it goes on."""
        self._connection.execute("SAVEPOINT file")
        noted = self._rollups.noted()
        try:
            yield
        except BaseException:
            self._undo("ROLLBACK TO file")
            self._rollups.note(noted)
            if self._connection.in_transaction:
                self._connection.execute("RELEASE file")
            raise
        self._connection.execute("RELEASE file")

    def note_news(self) -> None:
        """Outdate kept answers when this transaction ends: it changes a fact."""
        self._has_news = True

    def _undo(self, statement: str) -> None:
        if self._connection.in_transaction:
            self._connection.execute(statement)
        self.ledger.forget_read()
        self._dimensions.forget()
        self._rollups.forget()
        self._runs.forget()
        self._aliases.forget()
        self._cases.distrust()

    def _hold(self, *, less: bool) -> None:
        """Hold less of the store in memory from a long part to the next transaction: most of its names come once."""
        self._holds_less = less
        hold_pages(self._connection, few=less)
        self._dimensions.hold_cases(few=less)

    def _notice_others(self) -> None:
        self._cases.notice()
        version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        self._is_shared = version != self._data_version and self._data_version != -1
        if version != self._data_version:
            self._data_version = version
            self._rollups.doubt()
            self._runs.forget()
            self._aliases.forget()

    def pack_rest(self) -> None:
        """Pack what an older version, or pruning, left to be read row by row; in short transactions."""
        is_left = True
        while is_left:
            with self.transaction(brings_news=False):
                is_left = self._rollups.packed.pack_some()

    # ------------------------------------------------------------ reports
    def test_case(self, case: TestCase) -> int:
        """Row of a test case."""
        return self._dimensions.test_case(case)

    def test_cases(self, cases: Sequence[TestCase]) -> tuple[list[int], frozenset[int]]:
        """(rows of test cases, in their order; those of them that were not known)."""
        return self._dimensions.test_cases(cases)

    def deflate_ahead(self, failure: PreparedFailure) -> None:
        """Deflate the trace of a failure outside of a transaction, where it is not stored yet."""
        self._dimensions.deflate_ahead(failure)

    @property
    def generation(self) -> int:
        """Changes whenever remembered rows of test cases may stand for nothing any more."""
        return self._cases.generation

    def declare_services(self, test_id: int, services: Iterable[str]) -> None:
        """Note which services a test case exercises, the one called directly first. They stay known."""
        self._cases.declare(test_id, enumerate(services))

    def add_alias(self, old_id: int, new_id: int) -> None:
        """Have a test case continue as another one that does not lead back to it: all it has follows."""
        self._aliases.record(old_id, new_id)
        self._rollups.forget_cases()

    def remove_alias(self, old_id: int) -> None:
        """Have a test case stand for itself again."""
        for test_id in self._aliases.remove(old_id):
            self._cases.leave(test_id)
        self._rollups.forget_cases()

    def open_part(self, source_id: int, location: bytes, header: PartHeader) -> tuple[int, PartWriter]:
        """A new part of the run that `header` names; `close_part` comes before the next."""
        run_id, stream_id = self._runs.find_or_add(header.resolved, header.started_ms), self._stream(header.resolved)
        cursor = self._connection.execute(
            "INSERT INTO part (run_id, stream_id, source_id, namespace, identity, given, environ, resolved, started_ms,"
            " job, job_url, shard_index, shard_total) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (run_id, stream_id, source_id, *header.columns()),
        )
        part_id = int(cursor.lastrowid or 0)
        self._opened = _Opened(part_id, run_id, stream_id, location, header)
        writer = PartWriter(
            self._connection, self._dimensions, part_id, header.started_ms, lambda: self._hold(less=True)
        )
        return part_id, writer

    def close_part(self, part_id: int, writer: PartWriter) -> tuple[PartTotals, int]:
        """Finish a part and add it to its run and the rollups; (what it holds, row of its run)."""
        totals = self._aliases.settle_part(part_id, writer.finish())
        opened = self._opened
        assert opened is not None
        assert opened.part_id == part_id
        run_id, stream_id, resolved = opened.run_id, opened.stream_id, opened.header.resolved
        if totals.ended_ms is not None:
            self._connection.execute("UPDATE part SET ended_ms = ? WHERE part_id = ?", (totals.ended_ms, part_id))
        set_id = self._rollups.packed.add(part_id, totals.tests, totals.codes, totals.several)
        run = self._runs.settle_added(
            run_id, opened.location, resolved, opened.header.started_ms, totals.ended_ms, stream_id
        )
        if not run.is_only_part:
            self.merged.came(run_id, stream_id)
        self._rollups.add(
            PartSum(
                part_id,
                run_id,
                stream_id,
                run.started_ms,
                (resolved.run_attempt or 1) == 1,
                run.service_id,
                run.is_only_part,
                totals.tests,
                totals.codes,
                set_id,
                totals.counts.attempts,
                totals.signatures,
            )
        )
        return totals, run_id

    def remove_part(self, source_id: int) -> int | None:
        """Take a source's part out of its run; the run's row, if there is anything left of it."""
        row = self._connection.execute(
            "SELECT p.part_id, p.run_id, p.stream_id, r.started_ms FROM part p JOIN run r ON r.run_id = p.run_id"
            " WHERE p.source_id = ?",
            (source_id,),
        ).fetchone()
        if row is None:
            return None
        part_id, run_id, stream_id, started_ms = row
        self._rollups.mark(stream_id, started_ms)
        self.merged.left(run_id, part_id)
        for table in ("result", "result_name", "result_link", "continued", "packed_part", "part"):
            self._connection.execute(f"DELETE FROM {table} WHERE part_id = ?", (part_id,))
        self._rollups.repeats.leave(run_id, stream_id)
        self._connection.execute("DELETE FROM run_total WHERE run_id = ? AND stream_id = ?", (run_id, stream_id))
        left_ms = self._settle_rest(run_id, stream_id)
        return None if left_ms is None else int(run_id)

    def _settle_rest(self, run_id: int, stream_id: int) -> int | None:
        """Settle a run that a part of a stream has left; the other parts there may be of another day now."""
        started_ms = self._runs.settle(run_id)
        if started_ms is not None:
            self._rollups.mark(stream_id, started_ms)
        return started_ms

    def part_of(self, source_id: int) -> PartPlace | None:
        """The part that a source holds."""
        row = self._connection.execute(
            "SELECT part_id, source_id, run_id, identity, given, environ, resolved, namespace, started_ms FROM part"
            " WHERE source_id = ?",
            (source_id,),
        ).fetchone()
        if row is None:
            return None
        own, given, environ, resolved = (decode(text, RunIdentity) for text in row[3:7])
        return PartPlace(row[0], row[1], row[2], own, given, environ, resolved, row[7], row[8])

    def move_part(self, place: PartPlace, header: PartHeader) -> int:
        """Put a part where a changed identity says it belongs; the row of its run."""
        self.note_news()
        started_ms, stream_id = self._connection.execute(
            "SELECT r.started_ms, p.stream_id FROM part p JOIN run r ON r.run_id = p.run_id WHERE p.part_id = ?",
            (place.part_id,),
        ).fetchone()
        self._rollups.mark(stream_id, started_ms)
        self._connection.execute("DELETE FROM run_total WHERE run_id = ? AND stream_id = ?", (place.run_id, stream_id))
        run_id = self._runs.find_or_add(header.resolved, header.started_ms)
        new_stream = self._stream(header.resolved)
        if (run_id, new_stream) != (place.run_id, stream_id):
            self.merged.left(place.run_id, place.part_id)
            self.merged.came(run_id, new_stream)
        self._connection.execute(
            "UPDATE part SET run_id = ?, stream_id = ?, namespace = ?, identity = ?, given = ?, environ = ?,"
            " resolved = ?, started_ms = ?, job = ?, job_url = ?, shard_index = ?, shard_total = ?,"
            " ended_ms = ended_ms + ? WHERE part_id = ?",
            (run_id, new_stream, *header.columns(), header.started_ms - place.started_ms, place.part_id),
        )
        self._connection.execute("UPDATE source_file SET run_id = ? WHERE source_id = ?", (run_id, place.source_id))
        if header.namespace != place.namespace:
            self._aliases.withdraw(place.part_id)
            self._cases.rename(place.part_id, place.namespace, header.namespace)
            self._aliases.restore(place.part_id)
        self._rollups.forget_cases()
        self._cases.leave_stream(stream_id)
        if run_id != place.run_id:
            self._settle_rest(place.run_id, stream_id)
        moved_ms = self._settle_rest(run_id, stream_id)
        assert moved_ms is not None
        self._rollups.mark(new_stream, moved_ms)
        return run_id

    def note_run(self, source_id: int, location: bytes, identity: RunIdentity) -> int:
        """Keep what a `run.json` says; the row of its run."""
        run_id = self._runs.find_or_add(identity, identity.start_ms or 0)
        row = (source_id, run_id, encode(identity))
        if self._connection.execute("INSERT INTO run_note VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount:
            self._runs.settle_noted(run_id, location, identity)
            return run_id
        (old,) = self._connection.execute("SELECT run_id FROM run_note WHERE source_id = ?", (source_id,)).fetchone()
        self._connection.execute("REPLACE INTO run_note VALUES (?, ?, ?)", row)
        if old != run_id:
            self._cases.leave_run()
            self._runs.settle(old)
        self._runs.settle(run_id)
        return run_id

    def find_run(self, identity: RunIdentity) -> int | None:
        """Row of the run that an identity names, if it is there."""
        return self._runs.find(identity)

    def pruned_before(self, resolved: RunIdentity, started_ms: int) -> int | None:
        """The moment before which results were pruned, where a part of that run and start is older; else None."""
        cut_ms = load_cut(self._connection)
        if cut_ms is None:
            return None
        run_id = self._runs.find(resolved)
        if run_id is not None:
            (started_ms,) = self._connection.execute(
                "SELECT started_ms FROM run WHERE run_id = ?", (run_id,)
            ).fetchone()
        elif resolved.start_ms is not None:
            started_ms = resolved.start_ms
        return cut_ms if started_ms < cut_ms else None

    def distrust_runs(self) -> None:
        """Have runs settled from all their files again: a refused one is out of the ledger."""
        self._runs.forget()

    def settle_run(self, run_id: int) -> None:
        """Work a run's state out again: one of its files was refused, or is not any more."""
        self.note_news()
        self._runs.settle(run_id)

    def _stream(self, resolved: RunIdentity) -> int:
        branch = PRE_MERGE_BRANCH if resolved.trigger == Trigger.PRE_MERGE else resolved.branch or ""
        variant = variant_text(resolved.variant)
        return self._dimensions.stream(resolved.pipeline or "", resolved.environment or "", branch, variant)
