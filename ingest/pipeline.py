"""The one path from bytes to the store: recognise, parse, clean, write, report.

Files are grouped into transactions of up to 20 files or 100 ms; outcomes are handed on only after the commit.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from ingest.bytes_of import Bytes, load
from ingest.clean import clean_line
from ingest.documents import DocumentTaker
from ingest.errors import NotKnown, Refused
from ingest.formats.sink import FormatReader
from ingest.identity import Resolver, Sidecars, clean_identity, folder_of
from ingest.limits import Limits
from ingest.model import Failure, FileOutcome, FileStatus, RunIdentity
from ingest.placing import CasePlacer
from ingest.recognise import Kind, Recognised, recognise
from ingest.reports import ReportTaker
from ingest.run_environment import identity_from_environment
from ingest.settings import Settings
from ingest.signature import SIGNATURE_VERSION
from ingest.signature import sign as sign_text
from ingest.sources.inputs import Input, open_input
from store.write import SourceFile, Writer

GROUP_FILES = 20
GROUP_S = 0.1
STDIN_LOCATION = b"-"
_NOT_READ: frozenset[str] = frozenset({"crywolf.toml"})


class Ingestion:
    """Takes inputs into one store; a context manager, one a process.

    Args:
        database: the store's file; made when it is missing.
        settings: of `crywolf.toml`.
        options: what the command line says of the run.
        limits: how much of a stranger's file is read.
        environ: the process's environment, for the CI server's variables.
    """

    def __init__(
        self,
        database: Path,
        settings: Settings,
        options: RunIdentity,
        limits: Limits,
        environ: Mapping[str, str],
    ) -> None:
        self._limits = limits
        self._writer = Writer(database, _signature)
        self._sidecars = Sidecars(limits)
        given, ci = clean_identity(options), clean_identity(identity_from_environment(environ))
        self._resolver = Resolver(settings, given, ci, self._sidecars)
        self._placer = CasePlacer(self._writer, limits, settings.service_name)
        self._reports = ReportTaker(self._writer, self._resolver, self._placer, limits)
        self._documents = DocumentTaker(self._writer, self._resolver, self._reports, limits)

    def __enter__(self) -> Ingestion:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def ingest_all(self, inputs: Iterable[Input], on_file: Callable[[FileOutcome], None]) -> None:
        """Take inputs in their order; `on_file` is called for each once it is committed."""
        group: list[Input] = []
        began = time.monotonic()
        for item in inputs:
            group.append(item)
            if len(group) >= GROUP_FILES or time.monotonic() - began > GROUP_S:
                self._finish_group(group, on_file)
                began = time.monotonic()
        self._finish_group(group, on_file)

    def _finish_group(self, group: list[Input], on_file: Callable[[FileOutcome], None]) -> None:
        if group:
            for outcome in self.ingest_group(group):
                on_file(outcome)
            group.clear()

    def ingest_group(self, group: Iterable[Input]) -> tuple[FileOutcome, ...]:
        """Take some inputs in one transaction."""
        outcomes: list[FileOutcome] = []
        self._sidecars.forget()
        try:
            with self._writer.transaction():
                for item in group:
                    outcomes.append(self._take(item))
        except BaseException:
            self._placer.forget()
            raise
        return tuple(outcomes)

    def ingest_one(self, item: Input) -> FileOutcome:
        """Take one input in a transaction of its own."""
        return self.ingest_group((item,))[0]

    def _take(self, item: Input) -> FileOutcome:
        try:
            stream = open_input(item)
        except NotKnown as skip:
            return FileOutcome(item.path, FileStatus.SKIPPED, reason=skip.reason)
        except Refused as refusal:
            return self._refuse(item, _source(item, b"", 0), refusal)
        try:
            return self._take_open(item, stream)
        finally:
            if item.location is not None:
                stream.close()

    def _take_open(self, item: Input, stream: BinaryIO) -> FileOutcome:
        try:
            content = load(stream, self._limits)
        except Refused as refusal:
            return self._refuse(item, _source(item, b"", item.size_bytes or 0), refusal)
        except OSError as problem:
            reason = f"cannot be read ({problem.strerror}); check the file and its disk"
            return self._refuse(item, _source(item, b"", item.size_bytes or 0), Refused("unreadable", reason))
        source = _source(item, content.digest, content.size_bytes)
        name = _inner_name(item.path) if content.is_gzip else item.path
        if os.path.basename(name) in _NOT_READ:
            return FileOutcome(item.path, FileStatus.SKIPPED, reason="settings: read by crywolf itself, not ingested")
        known = recognise(content.head, name)
        source = replace(source, kind=known.kind.value, format=known.format)
        if known.kind is Kind.UNKNOWN:
            return FileOutcome(item.path, FileStatus.SKIPPED, reason=f"unknown: {known.reason}")
        return self._take_known(item, source, content, known)

    def _take_known(self, item: Input, source: SourceFile, content: Bytes, known: Recognised) -> FileOutcome:
        now_ms = int(time.time() * 1000)
        try:
            if known.kind is Kind.REFUSED:
                raise known.refusal()
            if known.kind is Kind.COMPRESSED:
                raise Refused("archive-nested", "compressed twice; decompress it once")
            if known.kind is not Kind.REPORT:
                with self._writer.savepoint():
                    return self._documents.take(source, content, known, now_ms)
            outcome = self._reports.known(source, now_ms)
            if outcome is not None:
                return outcome
            with self._writer.savepoint():
                return self._reports.take(source, content, _reader(known.format or ""), now_ms)
        except Refused as refusal:
            self._placer.forget()
            return self._refuse(item, source, refusal)
        except NotKnown as skip:
            return FileOutcome(item.path, FileStatus.SKIPPED, known.format, f"unknown: {skip.reason}")

    def _refuse(self, item: Input, source: SourceFile, refusal: Refused) -> FileOutcome:
        """Note a refused input in the ledger; its run, where a `run.json` names it, is incomplete."""
        ledger, now_ms = self._writer.ledger, int(time.time() * 1000)
        reason = f"{refusal.code}: {clean_line(refusal.reason)}"
        row = next((r for r in ledger.at(source.location) if r.status is FileStatus.REJECTED), None)
        if row is None:
            source_id = ledger.add(source, FileStatus.REJECTED, now_ms)
        else:
            source_id = row.source_id
            ledger.refresh(source_id, source, now_ms)
        run_id = self._documents.run_of_refused(source) if source.kind in ("report", "refused") else None
        ledger.close(source_id, FileStatus.REJECTED, reason=reason, line=refusal.line, run_id=run_id)
        if run_id is not None:
            self._writer.settle_run(run_id)
        return FileOutcome(item.path, FileStatus.REJECTED, source.format, reason, refusal.line)


def _source(item: Input, digest: bytes, size_bytes: int) -> SourceFile:
    """The ledger's view of an input."""
    shown = clean_line(item.path)
    if item.location is None:
        location = STDIN_LOCATION + digest.hex().encode()
        return SourceFile(location, shown, b"", digest, size_bytes, None, "unknown")
    location = os.path.abspath(os.fsencode(item.location))
    folder = folder_of(item.location)
    return SourceFile(location, shown, folder, digest, size_bytes, item.mtime_ms, "unknown")


def _inner_name(path: str) -> str:
    """Name of what a gzip file holds."""
    return path[:-3] if path.lower().endswith(".gz") else path


def _reader(format_name: str) -> FormatReader:
    """The format module's `read`; modules are loaded when their first file is met."""
    module = importlib.import_module(f"ingest.formats.{format_name.replace('-', '_')}")
    return cast(FormatReader, module.read)


def _signature(failure: Failure) -> tuple[int, str, str]:
    signature = sign_text(failure)
    return SIGNATURE_VERSION, signature.key, signature.title
