"""Everything that is not a report into the store: run identity, changes, catalogs, owners."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

from ingest.bytes_of import Bytes
from ingest.changes.batch import ChangeBatch, IncidentNote
from ingest.changes.merge import merge_change, merge_commits
from ingest.identity import Resolver, clean_identity
from ingest.limits import Limits
from ingest.model import Change, Commit, FileOutcome, FileStatus, RunIdentity
from ingest.recognise import Kind, Recognised
from ingest.redact import secrets_warning
from ingest.reports import ReportTaker
from ingest.run_json import read_executor, read_run_json
from ingest.scrub import scrub
from store.write import SourceFile, Writer


class DocumentTaker:
    """Takes one document after another; the caller holds the transaction and the savepoint."""

    def __init__(self, writer: Writer, resolver: Resolver, reports: ReportTaker, limits: Limits) -> None:
        self._writer = writer
        self._resolver = resolver
        self._reports = reports
        self._limits = limits

    def take(self, source: SourceFile, content: Bytes, known: Recognised, now_ms: int) -> FileOutcome:
        """Write one document; the same bytes at the same place are a duplicate.

        Raises:
            Refused: it cannot be read.
            NotKnown: it holds nothing that crywolf reads.
        """
        ledger = self._writer.ledger
        rows = ledger.at(source.location)
        row = next((r for r in rows if r.kind == source.kind and r.status is FileStatus.INGESTED), None)
        if row is not None and row.digest == source.digest:
            ledger.seen_again(row.source_id, now_ms)
            return FileOutcome(source.path, FileStatus.DUPLICATE, row.format, None, None, row.warnings)
        for other in rows:
            if other.status is FileStatus.REJECTED:
                ledger.forget(other.source_id)
        data = content.whole(self._limits.document_bytes)
        if row is None:
            source_id = ledger.add(source, FileStatus.INGESTED, now_ms)
        else:
            source_id = row.source_id
            ledger.refresh(source_id, source, now_ms)
        secrets: Counter[str] = Counter()
        warnings, run_id = self._write(source_id, source, data, known, secrets)
        warnings = tuple(filter(None, (*warnings, secrets_warning(secrets))))
        ledger.close(source_id, FileStatus.INGESTED, warnings=warnings, run_id=run_id)
        return FileOutcome(source.path, FileStatus.INGESTED, source.format, None, None, warnings)

    def run_of_refused(self, source: SourceFile) -> int | None:
        """Row of the run that a refused report would have belonged to, where a `run.json` says so."""
        sidecar = self._resolver.sidecars.nearest(source.folder) if source.folder else None
        if sidecar is None:
            return None
        resolver = self._resolver
        known = resolver.resolve(RunIdentity(), source.folder, source.location, resolver.options, RunIdentity())
        return self._writer.find_run(known)

    def _write(
        self, source_id: int, source: SourceFile, data: bytes, known: Recognised, secrets: Counter[str]
    ) -> tuple[tuple[str, ...], int | None]:
        """(warnings, row of the run it speaks of)."""
        if known.kind is Kind.RUN:
            return self._write_run(source_id, source, data, secrets)
        if known.kind is Kind.CHANGES:
            return self._write_changes(data, known.format or "", source, secrets), None
        if known.kind is Kind.CATALOG:
            from ingest.catalog import backstage

            catalog = scrub(backstage.read(data, self._limits), secrets)
            self._writer.feed.replace_catalog(source_id, catalog)
            return catalog.warnings, None
        from ingest.catalog import codeowners

        owners = scrub(codeowners.read(data, os.fsdecode(source.location), self._limits), secrets)
        self._writer.feed.replace_owners(source_id, owners, self._repository_at(source.folder))
        return owners.warnings, None

    def _write_run(
        self, source_id: int, source: SourceFile, data: bytes, secrets: Counter[str]
    ) -> tuple[tuple[str, ...], int | None]:
        warnings: list[str] = []
        if source.format == "allure-executor":
            identity = clean_identity(read_executor(data, self._limits), secrets)
            resolver = self._resolver
            complete = resolver.resolve(identity, source.folder, source.location, resolver.options, resolver.environ)
            return (), self._writer.note_run(source_id, source.location, complete)
        identity = clean_identity(read_run_json(data, limits=self._limits, warn=warnings.append), secrets)
        self._resolver.sidecars.parsed(data, identity)
        complete = self._resolver.resolve_document(identity, source.folder, source.location)
        run_id = self._writer.note_run(source_id, source.location, complete)
        if os.path.basename(source.location) == b"run.json":
            self._resolver.sidecars.forget()
            if self._writer.ledger.has_any_below(source.folder):
                self._place_below(source.folder)
        return tuple(scrub(tuple(warnings), secrets)), run_id

    def _place_below(self, folder: bytes) -> None:
        """Have what was read below a folder belong where its new or changed `run.json` says."""
        self._reports.move_below(folder)
        for row in self._writer.ledger.owners_below(folder):
            self._writer.feed.place_owners(
                row.source_id, self._repository_at(row.location[: row.location.rfind(b"/") + 1])
            )

    def _repository_at(self, folder: bytes) -> str | None:
        """The repository that the nearest `run.json` names."""
        sidecar = self._resolver.sidecars.nearest(folder) if folder else None
        return sidecar[1].repository if sidecar else None

    def _write_changes(
        self, data: bytes, format_name: str, source: SourceFile, secrets: Counter[str]
    ) -> tuple[str, ...]:
        read = _read_changes(data, format_name, self._limits, self._repository_at(source.folder))
        batch = scrub(read, secrets)
        self._writer.feed.record_changes((self._with_aliases(change) for change in batch.changes), merge_change)
        self._writer.feed.record_commits((merged.commit for merged in batch.merged), _merge_commit)
        self._writer.feed.record_notes(map(self._told, batch.notes))
        return batch.warnings

    def _told(self, note: IncidentNote) -> tuple[str, str, str, int, str, str, str, str]:
        """A note as the store keeps it."""
        settings = self._resolver.settings
        environment = settings.environment_name(note.environment) if note.environment else ""
        service = settings.service_name(note.service) if note.service else ""
        return note.note_id, note.state, note.incident, note.at_ms, environment, service, note.title, note.url

    def _with_aliases(self, change: Change) -> Change:
        settings = self._resolver.settings
        return replace(
            change,
            service=settings.service_name(change.service) if change.service else "",
            environment=settings.environment_name(change.environment) if change.environment else "",
        )


def _merge_commit(old: Commit, new: Commit) -> Commit:
    return merge_commits((old, new))[0]


def _read_changes(data: bytes, format_name: str, limits: Limits, repository: str | None) -> ChangeBatch:
    if format_name == "cdevents":
        from ingest.changes import cdevents

        return cdevents.read(data, limits)
    if format_name == "github":
        from ingest.changes import github

        return github.read(data, limits)
    if format_name == "git-log":
        from ingest.changes import gitlog

        return gitlog.read(data, limits, repository)
    from ingest.changes import table

    return table.read(data, limits)
