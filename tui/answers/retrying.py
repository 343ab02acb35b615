"""Refused files once more: read again with this version's parsers, or taken out of the ledger."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest.bytes_of import digest_at
from ingest.model import Failure, FileOutcome, FileStatus
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.inputs import Input
from store.read.ledger import RefusedFile
from store.write import Writer

_STDIN = b"-"
_URL = (b"http://", b"https://")


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of one refused file."""

    number: int
    path: str
    before: str
    """Why it was refused."""
    outcome: FileOutcome | None
    """None: it could not be read again, `missing` says why."""
    missing: str = ""
    is_changed: bool = False
    """Whether its bytes are other ones than those refused."""

    @property
    def is_in(self) -> bool:
        """Whether its results are in the store now."""
        return self.outcome is not None and self.outcome.status in (FileStatus.INGESTED, FileStatus.DUPLICATE)

    @property
    def is_refused(self) -> bool:
        """Whether it was read and refused again."""
        return self.outcome is not None and self.outcome.status is FileStatus.REJECTED

    def sentence(self) -> str:
        """What became of it, for a person."""
        changed = ", other bytes than before" if self.is_changed else ""
        if self.outcome is None:
            return self.missing
        if self.is_in:
            counts = self.outcome.counts
            what = "in now" if self.outcome.status is FileStatus.INGESTED else "its bytes are in already"
            results = f", {counts.tests:,} result{'s' * (counts.tests != 1)}" if counts.tests else ""
            return f"{what}{results}{changed}; was {self.before}"
        if self.outcome.status is FileStatus.SKIPPED:
            return f"skipped now{changed}: {self.outcome.reason}; was {self.before}"
        place = f" at line {self.outcome.line}" if self.outcome.line else ""
        same = "refused as before" if self.outcome.reason == self.before else "refused for another reason"
        return f"{same}{place}{changed}: {self.outcome.reason}"


def retry(database: Path, settings: Settings, rows: Sequence[RefusedFile], version: str) -> tuple[Retried, ...]:
    """Read refused files again, each with what options and the CI server said when it was refused."""
    done: list[Retried] = []
    seen: dict[tuple[str, object, object], list[FileOutcome]] = {}
    for row in rows:
        place = source_of(row)
        if place is None:
            done.append(Retried(row.number, row.path, row.reason, None, why_missing(row)))
            continue
        shown, location = place
        key = (location, row.given, row.environ)
        if key not in seen:
            seen[key] = _read(database, settings, row, Input(shown, Path(location), *_size(location), False), version)
        outcome = next((one for one in seen[key] if one.path in (row.path, shown)), None)
        missing = "" if outcome else "its archive holds no such file any more"
        is_changed = location == os.fsdecode(row.location) and digest_of(location) not in (row.digest, "")
        done.append(Retried(row.number, row.path, row.reason, outcome, missing, is_changed))
    return tuple(done)


def forget(database: Path, rows: Sequence[RefusedFile]) -> None:
    """Take refused files out of the ledger; one that is read again is refused again."""
    with closing(Writer(database, _no_signature)) as writer, writer.transaction():
        for row in rows:
            for known in writer.ledger.at(row.location):
                if known.source_id == row.number and known.status is FileStatus.REJECTED:
                    writer.ledger.forget(known.source_id)
                    if known.run_id is not None:
                        writer.settle_run(known.run_id)


def source_of(row: RefusedFile) -> tuple[str, str] | None:
    """(path as shown, where it is) of the file that holds a refused one, itself or its archive; None: it is not there.

    The first name that is a regular file counts, so that a `!` in a folder's name is no archive.
    """
    if row.location.startswith((_STDIN, *_URL)):
        return None
    location, shown = os.fsdecode(row.location), row.path
    if os.path.isfile(location):
        return shown, location
    while "!" in location and "!" in shown:
        location, shown = location.rpartition("!")[0], shown.rpartition("!")[0]
        if os.path.isfile(location):
            return shown, location
    return None


def why_missing(row: RefusedFile) -> str:
    """Why a refused file cannot be read again."""
    if row.location.startswith(_STDIN):
        return "came from standard input; pipe it in again"
    if row.location.startswith(_URL):
        return "came from a URL; ingest it again, or run `crywolf fetch` with --again where that read it"
    return "is not there any more; `crywolf rejected --forget` takes it off the list"


def digest_of(location: str) -> str:
    """SHA-256 of a regular file in hex; empty where it cannot be read."""
    digest = digest_at(os.fsencode(location))
    return digest.hex() if digest is not None else ""


def _read(database: Path, settings: Settings, row: RefusedFile, item: Input, version: str) -> list[FileOutcome]:
    outcomes: list[FileOutcome] = []
    with Ingestion(database, settings, row.given, settings.limits, row.environ, version=version) as ingestion:
        ingestion.ingest_all([item], outcomes.append)
    return outcomes


def _size(location: str) -> tuple[int, int]:
    """(bytes, time of change in ms)."""
    status = os.stat(location)
    return status.st_size, status.st_mtime_ns // 1_000_000


def _no_signature(failure: Failure) -> tuple[int, str, str]:
    raise AssertionError("no failure is written here")
