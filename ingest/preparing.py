"""What can be done with a file before the store is locked: open, hash, recognise, and read the report into memory.

Reading is most of the work. Done outside the transaction it leaves the write lock to other processes meanwhile, so that
two ingesters on one store help each other. Large reports are read inside it, as they stream, so that memory stays
constant.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

from ingest.bytes_of import Bytes, load
from ingest.clean import clean_line
from ingest.errors import NotKnown, Refused
from ingest.formats.readers import reader_of
from ingest.formats.sink import FormatReader, ReportSink
from ingest.identity import folder_of
from ingest.limits import Limits
from ingest.model import CaseAttempt, FileOutcome, FileStatus, RunIdentity
from ingest.recognise import Kind, Recognised, recognise
from ingest.sources.inputs import Input, open_input
from store.write import SourceFile

STDIN_LOCATION = b"-"
READ_AHEAD_BYTES = 4 * 1024 * 1024
READ_AHEAD_ATTEMPTS = 40_000
"""A report beyond either is read while it is written."""
_NOT_READ = frozenset({"crywolf.toml"})


class _TooLong(Exception):
    """A report turns out to be longer than is read ahead."""


class Recording:
    """A report in memory: takes what a format module hands over, and hands it over again."""

    def __init__(self) -> None:
        self._events: list[Callable[[ReportSink], None]] = []
        self._refusal: Refused | None = None
        self._attempts = 0

    def record(self, content: Bytes, read: FormatReader, limits: Limits) -> bool:
        """Read a report; False when it is too long for memory."""
        content.stream.seek(0)
        try:
            read(content.stream, limits, self)
        except Refused as refusal:
            self._refusal = refusal
        except _TooLong:
            return False
        return True

    def read(self, stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
        """Hand everything over, as the format module did.

        Raises:
            Refused: as the format module did.
        """
        for event in self._events:
            event(sink)
        if self._refusal is not None:
            raise self._refusal

    def attempts(self, batch: list[CaseAttempt]) -> None:
        """Keep a batch."""
        self._attempts += len(batch)
        if self._attempts > READ_AHEAD_ATTEMPTS:
            raise _TooLong
        self._events.append(lambda sink: sink.attempts(batch))

    def identity(self, known: RunIdentity) -> None:
        """Keep what the report says of its run."""
        self._events.append(lambda sink: sink.identity(known))

    def warning(self, text: str) -> None:
        """Keep a sentence."""
        self._events.append(lambda sink: sink.warning(text))


@dataclass(slots=True)
class Prepared:
    """One input, ready for the store."""

    item: Input
    source: SourceFile
    known: Recognised | None = None
    content: Bytes | None = None
    read: FormatReader | None = None
    """Of a report: hands it over, from memory or from the file."""
    refusal: Refused | None = None
    outcome: FileOutcome | None = None
    """Set where nothing of it concerns the store."""
    stream: BinaryIO | None = None

    def close(self) -> None:
        """Close the file behind it."""
        if self.stream is not None and self.item.location is not None:
            self.stream.close()


class Preparer:
    """Prepares inputs.

    Args:
        is_known: whether a report with these bytes (SHA-256) is in the store already, and need not be read ahead.
    """

    def __init__(self, limits: Limits, is_known: Callable[[bytes], bool]) -> None:
        self._limits = limits
        self._is_known = is_known

    def prepare(self, item: Input) -> Prepared:
        """Do with an input what needs no store."""
        prepared = Prepared(item, _source(item, b"", item.size_bytes or 0))
        try:
            self._prepare(prepared)
        except NotKnown as skip:
            prepared.outcome = FileOutcome(item.path, FileStatus.SKIPPED, reason=skip.reason)
        except Refused as refusal:
            prepared.refusal = refusal
        except OSError as problem:
            reason = f"cannot be read ({problem.strerror}); check the file and its disk"
            prepared.refusal = Refused("unreadable", reason)
        return prepared

    def _prepare(self, prepared: Prepared) -> None:
        item = prepared.item
        prepared.stream = open_input(item)
        content = prepared.content = load(prepared.stream, self._limits)
        name = _inner_name(item.path) if content.is_gzip else item.path
        if os.path.basename(name) in _NOT_READ:
            raise NotKnown("settings: read by crywolf itself, not ingested")
        known = prepared.known = recognise(content.head, name)
        source = _source(item, content.digest, content.size_bytes)
        prepared.source = replace(source, kind=known.kind.value, format=known.format)
        if known.kind is Kind.UNKNOWN:
            raise NotKnown(f"unknown: {known.reason}")
        if known.kind is Kind.REFUSED:
            raise known.refusal()
        if known.kind is Kind.COMPRESSED:
            raise Refused("archive-nested", "compressed twice; decompress it once")
        if known.kind is Kind.REPORT:
            prepared.read = self._reader(content, known)

    def _reader(self, content: Bytes, known: Recognised) -> FormatReader:
        read = reader_of(known.format or "")
        if content.size_bytes > READ_AHEAD_BYTES or self._is_known(content.digest):
            return read
        recording = Recording()
        return recording.read if recording.record(content, read, self._limits) else read


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
