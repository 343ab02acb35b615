"""Reports into the store: duplicates told apart, identity resolved, attempts written, earlier content replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from ingest.bytes_of import Bytes, digest_at
from ingest.errors import TooOld
from ingest.formats.plain_cases import Attempts, PlainCases
from ingest.formats.sink import FormatReader
from ingest.identity import Resolver, is_ant_part, to_utc
from ingest.limits import Limits
from ingest.model import Counts, FileOutcome, FileStatus, RunIdentity
from ingest.placing import CasePlacer, Collected
from ingest.twins import TwinKeeper
from ingest.volatile import MOST_NEW_NAMES, date_text, growth_warning, pattern_of
from store.write import MERGED, LedgerRow, PartHeader, PartPlace, SourceFile, Writer

SKEW_MS = 600_000
"""Between the start that `run.json` gives and the one in the report: more is a warning."""
DAY_MS = 86_400_000
_MOST_GROWN = 3
"""Base names with too many new names that one file's warnings name."""


class MergedReport(Exception):
    """A report repeats what others of its run hold, and is not counted beside them."""

    def __init__(self, run_id: int, warnings: tuple[str, ...], counts: Counts) -> None:
        super().__init__(MERGED)
        self.run_id = run_id
        self.warnings = warnings
        self.counts = counts


def _merged_outcome(
    source: SourceFile, format_name: str | None, warnings: tuple[str, ...], counts: Counts
) -> FileOutcome:
    return FileOutcome(source.path, FileStatus.DUPLICATE, format_name, MERGED, None, warnings, counts)


@dataclass(slots=True)
class _Draft:
    """A part while its report is being read."""

    source: SourceFile
    header: PartHeader
    source_id: int
    part_id: int
    shift_ms: int
    first_case_ms: int | None
    """Earliest start among the first attempts, where the report states none for the run."""


class ReportTaker:
    """Takes one report after another into the store; the caller holds the transaction and the savepoint."""

    def __init__(self, writer: Writer, resolver: Resolver, placer: CasePlacer, limits: Limits) -> None:
        self._writer = writer
        self._resolver = resolver
        self._placer = placer
        self._limits = limits
        self._twins = TwinKeeper(writer, resolver, self._move)

    def known(self, source: SourceFile, now_ms: int) -> FileOutcome | None:
        """The outcome when the same bytes are in the same run already; None when they have to be read."""
        ledger = self._writer.ledger
        first = ledger.report_with(source.digest)
        place = None if first is None else self._writer.part_of(first.source_id)
        if place is None:
            return self._known_merged(source, now_ms)
        resolved = self._resolve(place.own, source)
        self._catch_up(source.location, resolved)
        run_id = self._writer.find_run(resolved)
        row = None if run_id is None else ledger.report_with(source.digest, run_id, source.location)
        if row is None:
            return None
        if row.location == source.location:
            held = self._writer.part_of(row.source_id)
            if held is not None and resolved != held.resolved:
                self._move(held, resolved)
        self._note_duplicate(row, source, now_ms)
        return FileOutcome(source.path, FileStatus.DUPLICATE, row.format, None, None, row.warnings, row.counts)

    def _known_merged(self, source: SourceFile, now_ms: int) -> FileOutcome | None:
        """The outcome of a merged report that others of its run cover, when that was found before."""
        ledger = self._writer.ledger
        for row in ledger.at(source.location):
            if row.reason == MERGED and row.digest == source.digest and row.run_id is not None:
                if row.run_id != self._writer.find_run(self._resolve(RunIdentity(is_merged=True), source)):
                    return None
                ledger.seen_again(row.source_id, now_ms)
                return _merged_outcome(source, row.format, row.warnings, row.counts)
        return None

    def note_merged(self, source: SourceFile, found: MergedReport, now_ms: int) -> FileOutcome:
        """Note a file whose results other reports of its run hold; what it held before is taken out."""
        ledger = self._writer.ledger
        self.put_out(source.location, found.run_id)
        for row in ledger.at(source.location):
            if row.reason == MERGED:
                ledger.forget(row.source_id)
        source_id = ledger.add(source, FileStatus.DUPLICATE, now_ms)
        warnings, counts = found.warnings, found.counts
        ledger.close(
            source_id, FileStatus.DUPLICATE, reason=MERGED, warnings=warnings, counts=counts, run_id=found.run_id
        )
        return _merged_outcome(source, source.format, warnings, counts)

    def take(
        self,
        source: SourceFile,
        content: Bytes,
        read: FormatReader,
        now_ms: int,
        found: Counter[str] | None = None,
    ) -> FileOutcome:
        """Read a report and write it.

        Args:
            found: what was cut and taken out of it already.

        Raises:
            Refused: it cannot be read; what was written of it is to be rolled back by the caller.
            MergedReport: other reports of its run hold everything in it; likewise, and `note_merged` called.
        """
        sink = _PartSink(self, source, now_ms)
        sink.secrets.update(found or ())
        content.stream.seek(0)
        read(content.stream, self._limits, sink)
        return sink.finish()

    def gather_merged(self, source: SourceFile) -> None:
        """Have merged reports in archives beside one of Ant's reports be of its run, if nothing else says theirs."""
        if source.folder and is_ant_part(source.location[len(source.folder) :]):
            for location in self._writer.merged.packed_in(source.folder):
                for row in self._writer.ledger.at(location):
                    self._place_again(row)

    def move_below(self, folder: bytes) -> int:
        """Move the reports that a new or changed `run.json` in `folder` speaks for; how many moved.

        Of what a file held of several runs, that is what it holds now, or held last.
        """
        ledger = self._writer.ledger
        moved = sum(self._place_again(row, self._is_held) for row in ledger.reports_below(folder))
        return moved + self._twins.split(ledger.duplicates_below(folder))

    def _catch_up(self, location: bytes, now: RunIdentity) -> None:
        """Have a file's results where its `run.json` says now, though that one is not ingested yet.

        Args:
            now: of the run that the file holds results of; it says nothing of other runs' results from there.
        """
        rows = self._writer.ledger.at(location)
        for row in rows:
            self._place_again(row, lambda _, place: place.resolved.run_id == now.run_id)
        self._twins.split(row for row in rows if row.status is FileStatus.DUPLICATE)

    def _is_held(self, row: LedgerRow, _: PartPlace) -> bool:
        """Whether a file holds what its row says, or held it last and is gone."""
        held = digest_at(row.location)
        if held is not None:
            return held == row.digest
        last = max(other.source_id for other in self._writer.ledger.at(row.location))
        return row.source_id == last

    def _place_again(self, row: LedgerRow, is_meant: Callable[[LedgerRow, PartPlace], bool] | None = None) -> bool:
        """Move the part of a file if what surrounds it says another identity now.

        Args:
            is_meant: whether that is said of this part; asked where options or a CI server's variables named its run,
                for then one file holds results of several.
        """
        place = self._writer.part_of(row.source_id)
        if place is None:
            return False
        folder = row.location[: row.location.rfind(b"/") + 1]
        resolved = self._resolver.resolve(place.own, folder, row.location, place.given, place.environ)
        if resolved == place.resolved:
            return False
        is_told = place.resolved.run_id in (place.given.run_id, place.environ.run_id)
        if is_told and is_meant is not None and not is_meant(row, place):
            return False
        self._move(place, resolved)
        return True

    def _resolve(self, report: RunIdentity, source: SourceFile) -> RunIdentity:
        resolver = self._resolver
        return resolver.resolve(report, source.folder, source.location, resolver.options, resolver.environ)

    def _move(self, place: PartPlace, resolved: RunIdentity, otherwise_ms: int | None = None) -> None:
        namespace = resolved.repository or resolved.pipeline or ""
        started_ms = self.start_of(place.own, resolved, otherwise_ms or place.started_ms)
        if any(self._writer.pruned_before(one, started_ms) is not None for one in (place.resolved, resolved)):
            return
        header = PartHeader(place.own, place.given, place.environ, resolved, namespace, started_ms)
        twins = self._twins.of(place.source_id)
        if self._writer.move_part(place, header) != place.run_id:
            self._twins.left_behind(place.source_id, twins)
            self._twins.join(place.source_id)
        self._placer.forget()

    def check_kept(self, resolved: RunIdentity, started_ms: int) -> None:
        """Refuse to count a day anew whose results were pruned.

        Raises:
            TooOld: the run began before the cut.
        """
        cut_ms = self._writer.pruned_before(resolved, started_ms)
        if cut_ms is not None:
            day = date_text(cut_ms // DAY_MS)
            raise TooOld(f"its run began before {day}, of which only day sums are kept; nothing of it is counted")

    def start_of(self, own: RunIdentity, resolved: RunIdentity, otherwise_ms: int) -> int:
        """Start of a part in UTC: what its report says, in the pipeline's zone where it names none, else the run's."""
        if own.start_ms is None:
            return resolved.start_ms if resolved.start_ms is not None else otherwise_ms
        if not own.start_is_zoneless:
            return own.start_ms
        return to_utc(own.start_ms, self._resolver.zone(resolved.pipeline or ""))

    def _note_duplicate(self, row: LedgerRow, source: SourceFile, now_ms: int) -> None:
        ledger = self._writer.ledger
        for other in ledger.at(source.location):
            if other.status is FileStatus.REJECTED:
                ledger.forget(other.source_id)
                if other.run_id is not None:
                    self._writer.settle_run(other.run_id)
        if row.location == source.location:
            ledger.seen_again(row.source_id, now_ms)
            return
        for other in ledger.at(source.location):
            if other.status is FileStatus.DUPLICATE and (other.digest, other.run_id) == (source.digest, row.run_id):
                ledger.seen_again(other.source_id, now_ms)
                return
        self.put_out(source.location, row.run_id)
        source_id = ledger.add(source, FileStatus.DUPLICATE, now_ms)
        ledger.close(source_id, FileStatus.DUPLICATE, warnings=row.warnings, counts=row.counts, run_id=row.run_id)
        self._twins.prefer(row, source, source_id)

    def put_out(self, location: bytes, run_id: int | None) -> None:
        """Take out what a file held of a run before, and that it was refused; a twin takes its results over."""
        writer = self._writer
        for row in writer.ledger.at(location):
            place = writer.part_of(row.source_id)
            if place is not None and place.run_id == run_id:
                writer.note_news()
                if not self._twins.take_over(row.source_id):
                    writer.remove_part(row.source_id)
                    writer.ledger.forget(row.source_id)
            elif row.status is FileStatus.DUPLICATE and row.run_id == run_id:
                writer.ledger.forget(row.source_id)
            elif place is None and row.status in (FileStatus.REJECTED, FileStatus.SKIPPED):
                writer.ledger.forget(row.source_id)
                writer.distrust_runs()


class _PartSink(Collected):
    """Opens the part at the first attempt, when the report has said most of what it knows of its run."""

    def __init__(self, taker: ReportTaker, source: SourceFile, now_ms: int) -> None:
        super().__init__()
        self._taker = taker
        self._source = source
        self._now_ms = now_ms
        self._draft: _Draft | None = None
        self._add: Callable[[Attempts], None] | None = None

    def attempts(self, batch: Attempts) -> None:
        """Write a batch."""
        if self._add is None:
            is_plain = isinstance(batch, PlainCases)
            stated = () if is_plain else (a.started_ms for a in batch if a.started_ms is not None)
            self._open(min(stated, default=None))
        assert self._add is not None
        self._add(batch)

    def finish(self) -> FileOutcome:
        """Close the part and its ledger row."""
        if self._draft is None:
            self._open(None)
        draft = self._draft
        assert draft is not None
        writer = self._taker._writer
        totals, run_id = writer.close_part(draft.part_id, self._part)
        run_id = self._settle_identity(draft) or run_id
        if totals.namesakes:
            self.warning(f"{totals.namesakes} repeated names are no retries and were numbered name#2, name#3 and so on")
        self._warn_of_skew(draft)
        self._warn_of_growth(draft.header.started_ms)
        status, format_name = FileStatus.INGESTED, self._source.format
        writer.ledger.close(draft.source_id, status, warnings=self.warnings, counts=totals.counts, run_id=run_id)
        if self.identity_so_far.is_merged and writer.merged.is_covered(draft.part_id):
            raise MergedReport(run_id, self.warnings, totals.counts)
        if self.identity_so_far.is_merged:
            writer.merged.note_place(self._source.location)
        self._taker.gather_merged(self._source)
        return FileOutcome(self._source.path, status, format_name, None, None, self.warnings, totals.counts)

    def _open(self, first_case_ms: int | None) -> None:
        taker, source = self._taker, self._source
        own = self._own(first_case_ms)
        resolved = taker._resolve(own, source)
        started_ms = taker.start_of(own, resolved, source.mtime_ms or self._now_ms)
        taker.check_kept(resolved, started_ms)
        taker._placer.growth.take()  # what a refused report left
        shift_ms = started_ms - own.start_ms if own.start_ms is not None and own.start_is_zoneless else 0
        namespace = resolved.repository or resolved.pipeline or ""
        header = PartHeader(own, taker._resolver.options, taker._resolver.environ, resolved, namespace, started_ms)
        source_id = self._source_row(resolved)
        part_id, part = taker._writer.open_part(source_id, source.location, header)
        self._part = part
        self._draft = _Draft(source, header, source_id, part_id, shift_ms, first_case_ms)
        placer = taker._placer
        placer.begin()

        def add(batch: Attempts) -> None:
            if isinstance(batch, PlainCases):
                part.add_plain(placer.place_plain(batch, namespace, self.secrets))
            else:
                part.add(placer.place(batch, namespace, shift_ms, self.secrets))

        self._add = add

    def _own(self, first_case_ms: int | None) -> RunIdentity:
        """What the report has said so far; without a start of its own, the earliest of its first attempts."""
        report = self.identity_so_far
        if report.start_ms is not None or first_case_ms is None:
            return report
        return replace(report, start_ms=first_case_ms, start_is_estimated=True)

    def _source_row(self, resolved: RunIdentity) -> int:
        """A ledger row for the report; what the same file held of the same run before is taken out first."""
        writer, source = self._taker._writer, self._source
        self._taker._catch_up(source.location, resolved)
        self._taker.put_out(source.location, writer.find_run(resolved))
        return writer.ledger.add(source, FileStatus.INGESTED, self._now_ms)

    def _settle_identity(self, draft: _Draft) -> int | None:
        """Move the part when the report said more of its run after its first attempts; the row of its new run."""
        own = self._own(draft.first_case_ms)
        if own.start_is_estimated:  # the first one found is what the attempts' offsets count from
            own = replace(own, start_ms=draft.header.own.start_ms)
        if own == draft.header.own:
            return None
        resolved = self._taker._resolve(own, draft.source)
        place = self._taker._writer.part_of(draft.source_id)
        assert place is not None
        namespace = resolved.repository or resolved.pipeline or ""
        header = replace(draft.header, own=own, resolved=resolved, namespace=namespace)
        self._taker.check_kept(resolved, header.started_ms)
        self._taker._placer.forget()
        return self._taker._writer.move_part(place, header)

    def _warn_of_growth(self, started_ms: int) -> None:
        """Count the names that were not known, and say so where one test has too many of them."""
        found = self._taker._placer.growth.take()
        day = started_ms // DAY_MS
        grown = self._taker._writer.names.add(day, found, lambda *two: pattern_of(two), MOST_NEW_NAMES)
        for one in sorted(grown, key=lambda one: (-one.names, one.pattern))[:_MOST_GROWN]:
            self.warning(growth_warning(one.pattern, one.names, date_text(day)))
        if len(grown) > _MOST_GROWN:
            self.warning(f"{len(grown) - _MOST_GROWN:,} more tests have as many new names; `crywolf doctor` lists them")

    def _warn_of_skew(self, draft: _Draft) -> None:
        declared, start = draft.header.resolved.start_ms, self.identity_so_far.start_ms
        if declared == draft.header.environ.start_ms:  # a CI server's: jobs begin long after their pipeline
            return
        if declared is not None and start is not None and abs(declared - start - draft.shift_ms) > SKEW_MS:
            minutes = abs(declared - start - draft.shift_ms) // 60_000
            self.warning(f"the report's own start is {minutes} min away from the one in run.json, which is taken")
