"""An archive that was written again: what only its former content held is taken out."""

from __future__ import annotations

from collections.abc import Collection

from ingest.model import FileStatus
from ingest.reports import ReportTaker
from store.write import LedgerRow, SourceFile, Writer


def take_out_former(writer: Writer, reports: ReportTaker, archive: SourceFile, members: Collection[bytes]) -> None:
    """Take out what the ledger has of an archive and is in it no more; the caller holds the transaction.

    Changes and what a `run.json` said stay: they have happened, whoever tells of them.

    Args:
        members: locations of everything that it holds now.
    """
    for row in (*writer.ledger.at(archive.location), *writer.ledger.inside(archive.location)):
        if not _is_held(row.location, members):
            _take_out(writer, reports, row)


def _is_held(location: bytes, members: Collection[bytes]) -> bool:
    """Whether a member is there; results of a file of events are known as `file!run`."""
    pieces = location.split(b"!")
    return any(b"!".join(pieces[:count]) in members for count in range(2, len(pieces) + 1))


def _take_out(writer: Writer, reports: ReportTaker, row: LedgerRow) -> None:
    if row.kind == "report" and row.status is not FileStatus.REJECTED:
        reports.put_out(row.location, row.run_id)
        return
    if row.kind in ("changes", "run") and row.status is FileStatus.INGESTED:
        return
    writer.feed.forget(row.source_id)
    writer.note_news()
    writer.ledger.forget(row.source_id)
    if row.run_id is not None:
        writer.settle_run(row.run_id)
