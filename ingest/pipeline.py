"""The one path from bytes to the store: recognise, parse, clean, write, report.

Files are read ahead, 20 of them or for 100 ms, and then written in one transaction; outcomes are handed on only after
the commit. `ingest.crew` has several processes read ahead, each its own files, and write in turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import TracebackType

from ingest.clean import clean_line
from ingest.documents import DocumentTaker
from ingest.errors import NotKnown, Refused
from ingest.event_results import with_results
from ingest.excerpts import excerpt_around
from ingest.identity import Resolver, Sidecars, clean_identity
from ingest.limits import Limits
from ingest.model import Failure, FileOutcome, FileStatus, RunIdentity
from ingest.placing import CasePlacer
from ingest.preparing import Prepared, Preparer
from ingest.redact import redact
from ingest.reports import MergedReport, ReportTaker
from ingest.rewritten import take_out_former
from ingest.run_environment import identity_from_environment
from ingest.settings import Settings
from ingest.signature import SIGNATURE_VERSION
from ingest.signature import sign as sign_text
from ingest.sources.inputs import Input, Skip
from store.write import Refusal, Writer

EMPTY = "empty: the archive holds no files"
_NEWS = (FileStatus.INGESTED, FileStatus.REJECTED)
Turn = AbstractContextManager[None]
"""Holds the right to write."""


@dataclass(frozen=True, slots=True)
class Group:
    """How much is read ahead before it is written in one transaction."""

    files: int = 20
    seconds: float = 0.1
    size_bytes: int = 8 * 1024 * 1024

    def is_full(self, ready: Sequence[Prepared], began: float) -> bool:
        """Whether it is time to write what is ready; `began` is the moment at which reading ahead began."""
        return (
            len(ready) >= self.files
            or time.monotonic() - began > self.seconds
            or sum(one.held_bytes for one in ready) > self.size_bytes
        )


GROUP = Group()


class Ingestion:
    """Takes inputs into one store; a context manager, one a process.

    Args:
        database: the store's file; made when it is missing.
        settings: of `crywolf.toml`.
        options: what the command line says of the run.
        limits: how much of a stranger's file is read.
        environ: the process's environment, for the CI server's variables, or what they said before.
        version: of this crywolf, noted beside what it refuses.
    """

    def __init__(
        self,
        database: Path,
        settings: Settings,
        options: RunIdentity,
        limits: Limits,
        environ: Mapping[str, str] | RunIdentity,
        *,
        version: str = "",
    ) -> None:
        self._limits = limits
        self._version = version
        self._writer = Writer(database, _signature)
        self._sidecars = Sidecars(limits)
        said = environ if isinstance(environ, RunIdentity) else identity_from_environment(environ)
        given, ci = clean_identity(options), clean_identity(said)
        self._resolver = Resolver(settings, given, ci, self._sidecars, self._writer.ledger.has_report)
        self._placer = CasePlacer(self._writer, limits, settings.service_name)
        self._reports = ReportTaker(self._writer, self._resolver, self._placer, limits)
        self._preparer = Preparer(
            limits,
            lambda digest: self._writer.ledger.report_with(digest) is not None,
            self._sidecars.note,
            self._writer.deflate_ahead,
            self._placer.foresee,
        )
        self._sidecars.look_into = self._preparer.look_into
        self._documents = DocumentTaker(self._writer, self._resolver, self._reports, limits)

    def __enter__(self) -> Ingestion:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def ingest_all(
        self,
        inputs: Iterable[Input | Skip],
        on_file: Callable[[FileOutcome], None],
        *,
        group: Group = GROUP,
        turn: Callable[[], Turn] = nullcontext,
    ) -> None:
        """Take inputs in their order; `on_file` is called for each once it is committed.

        Args:
            turn: is entered around each transaction and what is told of it: waits until this process may write.
        """
        ready: list[Prepared] = []
        began = time.monotonic()
        try:
            for one in chain.from_iterable(map(self._preparer.prepare, inputs)):
                ready.append(one)
                if group.is_full(ready, began):
                    self._hand_on(ready, on_file, turn)
                    began = time.monotonic()
            self._hand_on(ready, on_file, turn)
        finally:
            for one in ready:
                one.close()

    def _hand_on(self, ready: list[Prepared], on_file: Callable[[FileOutcome], None], turn: Callable[[], Turn]) -> None:
        if not ready:
            return
        with turn():
            outcomes = self._write(ready)
            ready.clear()
            for outcome in outcomes:
                on_file(outcome)

    def _write(self, ready: Sequence[Prepared]) -> tuple[FileOutcome, ...]:
        """Write what is ready in one transaction."""
        self._sidecars.forget()
        try:
            with self._writer.transaction(brings_news=False):
                outcomes = [outcome for one in ready if (outcome := self._taken(one)) is not None]
                if any(outcome.status in _NEWS for outcome in outcomes):
                    self._writer.note_news()
        except BaseException:
            self._placer.forget()
            raise
        for one in ready:
            one.close()
        return tuple(outcomes)

    def _taken(self, one: Prepared) -> FileOutcome | None:
        """What became of an input, under its name as it is; the store has it cleaned."""
        outcome = self._take(one)
        if outcome is None or outcome.path == one.item.path:
            return outcome
        return replace(outcome, path=one.item.path)

    def _take(self, one: Prepared) -> FileOutcome | None:
        """What became of an input; None for an archive, whose members say it."""
        if one.outcome is not None:
            return one.outcome
        if one.members is not None:
            take_out_former(self._writer, self._reports, one.source, one.members)
            return None if one.members else FileOutcome(one.item.path, FileStatus.SKIPPED, one.source.format, EMPTY)
        if one.refusal is not None:
            return self._refuse(one, one.refusal)
        assert one.content is not None
        assert one.known is not None
        now_ms = int(time.time() * 1000)
        try:
            if one.read is None:
                with self._writer.savepoint():
                    taken = self._documents.take(one.source, one.content, one.known, now_ms)
                    return with_results(taken, one.source, one.content, self._reports, self._limits, now_ms)
            outcome = self._reports.known(one.source, now_ms)
            if outcome is not None:
                return outcome
            with self._writer.savepoint():
                return self._reports.take(one.source, one.content, one.read, now_ms, one.found)
        except MergedReport as merged:
            self._placer.forget()
            return self._reports.note_merged(one.source, merged, now_ms)
        except Refused as refusal:
            self._placer.forget()
            return self._refuse(one, refusal)
        except NotKnown as skip:
            self._placer.forget()
            return FileOutcome(one.item.path, FileStatus.SKIPPED, one.known.format, f"{skip.code}: {skip.reason}")

    def _refuse(self, one: Prepared, refusal: Refused) -> FileOutcome:
        """Note a refused input in the ledger; its run, where a `run.json` names it, is incomplete."""
        ledger, now_ms, source = self._writer.ledger, int(time.time() * 1000), one.source
        reason = f"{refusal.code}: {redact(clean_line(refusal.reason))}"
        row = next((r for r in ledger.at(source.location) if r.status is FileStatus.REJECTED), None)
        if row is None:
            source_id = ledger.add(source, FileStatus.REJECTED, now_ms)
        else:
            source_id = row.source_id
            ledger.refresh(source_id, source, now_ms)
        run_id = self._documents.run_of_refused(source) if source.kind in ("report", "refused") else None
        ledger.close(source_id, FileStatus.REJECTED, reason=reason, line=refusal.line, run_id=run_id)
        ledger.note_refusal(source_id, self._refusal(one, refusal))
        if run_id is not None:
            self._writer.settle_run(run_id)
        return FileOutcome(one.item.path, FileStatus.REJECTED, source.format, reason, refusal.line)

    def _refusal(self, one: Prepared, refusal: Refused) -> Refusal:
        """What is worth keeping of a refused input."""
        resolver, excerpt = self._resolver, ""
        if one.content is not None:
            excerpt = excerpt_around(one.content.stream, refusal.line, refusal.column)
        return Refusal(self._version, resolver.options, resolver.environ, refusal.column, excerpt)


def _signature(failure: Failure) -> tuple[int, str, str]:
    signature = sign_text(failure)
    return SIGNATURE_VERSION, signature.key, signature.title
