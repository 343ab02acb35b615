"""What can be done with a file before the store is locked: open, hash, recognise, and read the report into memory.

Reading is most of the work. Done outside the transaction it leaves the write lock to other processes meanwhile, so that
two ingesters on one store help each other. Large reports are read inside it, as they stream, so that memory stays
constant.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from ingest.bytes_of import Bytes, load
from ingest.clean import clean_line
from ingest.errors import NotKnown, Refused
from ingest.failure_text import FailurePreparer
from ingest.formats.plain_cases import Attempts
from ingest.formats.readers import reader_of
from ingest.formats.sink import FormatReader, ReportSink
from ingest.limits import Limits
from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.recognise import EMPTY, Kind, Recognised, recognise
from ingest.sources.archive import DEEPEST, SEPARATOR, list_members, location_in, open_member, run_documents
from ingest.sources.compressed import inner_name
from ingest.sources.directory import ignored_reason
from ingest.sources.guarded import Budget
from ingest.sources.inputs import Input, Skip, open_input
from ingest.sources.member import Member
from store.write import PreparedFailure, SourceFile

STDIN_LOCATION = b"-"
NOTHING_CAME = "nothing came; what writes it, or serves it, may have failed"
"""Of standard input and of a URL, which somebody asked for: no mere file that lies about."""
READ_AHEAD_BYTES = 4 * 1024 * 1024
READ_AHEAD_ATTEMPTS = 40_000
"""A report beyond either is read while it is written."""
_NOT_READ = frozenset({"crywolf.toml"})


class _TooLong(Exception):
    """A report turns out to be longer than is read ahead."""


class Recording:
    """A report in memory: takes what a format module hands over, and hands it over again."""

    def __init__(self, failures: FailurePreparer, on_batch: Callable[[Attempts], None]) -> None:
        self.found: Counter[str] = Counter()
        """What was cut and taken out of failures."""
        self._failures = failures
        self._on_batch = on_batch
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

    def attempts(self, batch: Attempts) -> None:
        """Keep a batch, its failures as the store takes them."""
        self._attempts += len(batch)
        if self._attempts > READ_AHEAD_ATTEMPTS:
            raise _TooLong
        self._failures.prepare(batch, self.found)
        self._on_batch(batch)
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
    members: frozenset[bytes] | None = None
    """Of an archive: where all its members are. It comes after them."""
    held_bytes: int = 0
    """Of a report that was read ahead: its size."""
    found: Counter[str] = field(default_factory=Counter)
    """Of a report that was read ahead: what was cut and taken out of its failures."""

    def close(self) -> None:
        """Close the file behind it."""
        if self.content is not None and self.content.stream is not self.stream:
            self.content.stream.close()
        if self.stream is not None and self.stream is not sys.stdin.buffer:
            self.stream.close()


class Preparer:
    """Prepares inputs.

    Args:
        is_known: whether a report with these bytes (SHA-256) is in the store already, and need not be read ahead.
        on_archive: is given where an archive is, and every `run.json` in it by folder, before its members come.
        on_failure: is given each failure of a report that is read ahead.
        on_batch: is given all attempts of such a report.
    """

    def __init__(
        self,
        limits: Limits,
        is_known: Callable[[bytes], bool],
        on_archive: Callable[[bytes, dict[bytes, bytes]], None],
        on_failure: Callable[[PreparedFailure], None],
        on_batch: Callable[[Attempts], None],
    ) -> None:
        self._limits = limits
        self._on_batch = on_batch
        self._is_known = is_known
        self._on_archive = on_archive
        self._failures = FailurePreparer(limits, on_failure)

    def prepare(self, item: Input | Skip) -> Iterator[Prepared]:
        """Do with an input what needs no store; an archive's members come one by one, the archive itself last."""
        if isinstance(item, Skip):
            yield _only_listed(item)
            return
        prepared = Prepared(item, _source(item, b"", item.size_bytes or 0))
        self._try(prepared, lambda: open_input(item))
        if item.location is None and prepared.known is not None and prepared.known.reason == EMPTY:
            prepared.outcome, prepared.refusal = None, Refused("empty-file", NOTHING_CAME)
        yield from self._with_members(prepared, Budget(self._limits), 0)

    def look_into(self, location: bytes) -> None:
        """Say what `run.json` files an archive holds that was read by another process."""
        path = Path(os.fsdecode(location))
        if path.is_file():
            blind = Preparer(self._limits, lambda digest: True, self._on_archive, lambda _: None, lambda _: None)
            for one in blind.prepare(Input(str(path), path, None, None, is_explicit=True)):
                one.close()

    def _with_members(self, prepared: Prepared, budget: Budget, depth: int) -> Iterator[Prepared]:
        """A file; of an archive, its members first."""
        if prepared.known is None or prepared.known.kind is not Kind.ARCHIVE or prepared.refusal or prepared.outcome:
            yield prepared
            return
        members: list[Member] = []
        if depth > DEEPEST:
            prepared.refusal = Refused("archive-nested", "an archive inside an archive inside an archive; unpack it")
        else:
            self._trying(prepared, lambda: members.extend(self._members(prepared, budget)))
        try:
            found: set[bytes] = set()
            for member in members:
                for one in self._with_members(self._member(prepared, member, budget), budget, depth + 1):
                    found |= {one.source.location} | (one.members or frozenset())
                    yield one
        except BaseException:
            prepared.close()
            raise
        if prepared.refusal is None and prepared.outcome is None:
            prepared.members = frozenset(found)
        yield prepared

    def _members(self, prepared: Prepared, budget: Budget) -> list[Member]:
        """Members of an archive, listed; its `run.json` files are handed on."""
        assert prepared.content is not None
        prepared.content.stream = stream = prepared.content.anywhere()
        format_name, base = prepared.source.format or "", prepared.source.location
        members = list_members(stream, format_name, self._limits, budget)
        documents = run_documents(members, format_name, base, self._limits, Budget(self._limits))
        self._on_archive(base, dict(documents))
        return members

    def _member(self, archive: Prepared, member: Member, budget: Budget) -> Prepared:
        """One member, as far as it needs no store."""
        shown = f"{archive.item.path}{SEPARATOR}{member.name}"
        item = replace(archive.item, path=shown, size_bytes=member.size_bytes)
        location = location_in(archive.source.location, member)
        folder = location[: location.rfind(b"/") + 1]
        source = SourceFile(
            location, clean_line(shown), folder, b"", member.size_bytes, archive.source.mtime_ms, "unknown"
        )
        prepared = Prepared(item, source)
        ignored = ignored_reason(member.parts[:-1], member.parts[-1]) if member.parts else ""
        if member.refusal is not None:
            prepared.refusal = member.refusal
        elif ignored:
            prepared.outcome = FileOutcome(shown, FileStatus.SKIPPED, reason=ignored)
        else:
            self._try(prepared, lambda: open_member(member, archive.source.format or "", self._limits, budget))
        return prepared

    def _try(self, prepared: Prepared, start: Callable[[], BinaryIO]) -> None:
        """Open and read an input, and note what hinders it."""
        self._trying(prepared, lambda: self._prepare(prepared, start))

    def _trying(self, prepared: Prepared, action: Callable[[], None]) -> None:
        """Do something with an input, and note what hinders it."""
        item = prepared.item
        try:
            action()
        except NotKnown as skip:
            prepared.outcome = FileOutcome(item.path, FileStatus.SKIPPED, reason=skip.reason)
        except Refused as refusal:
            prepared.refusal = refusal
        except OSError as problem:
            reason = f"cannot be read ({problem.strerror}); check the file and its disk"
            prepared.refusal = Refused("unreadable", reason)

    def _prepare(self, prepared: Prepared, start: Callable[[], BinaryIO]) -> None:
        item = prepared.item
        prepared.stream = start()
        content = prepared.content = load(prepared.stream, self._limits)
        name = inner_name(item.path, content.compression) if content.compression else item.path
        name = os.path.basename(name).rpartition(SEPARATOR)[2]
        if name in _NOT_READ:
            raise NotKnown("settings: read by crywolf itself, not ingested")
        known = prepared.known = recognise(content.head, name, depth=self._limits.depth)
        source = prepared.source
        if item.location is None and not source.folder:
            source = _source(item, content.digest, content.size_bytes)
        prepared.source = replace(
            source, digest=content.digest, size_bytes=content.size_bytes, kind=known.kind.value, format=known.format
        )
        if known.kind is Kind.UNKNOWN:
            raise NotKnown(f"unknown: {known.reason}")
        if known.kind is Kind.REFUSED:
            raise known.refusal()
        if known.kind is Kind.COMPRESSED:
            raise Refused("archive-nested", "compressed twice; decompress it once")
        if known.kind is Kind.REPORT:
            prepared.read = read = reader_of(known.format or "")
            if content.size_bytes <= READ_AHEAD_BYTES and not self._is_known(content.digest):
                recording = Recording(self._failures, self._on_batch)
                if recording.record(content, read, self._limits):
                    prepared.read, prepared.held_bytes = recording.read, content.size_bytes
                    prepared.found = recording.found


def _only_listed(skip: Skip) -> Prepared:
    """Something that is listed and not read, in its place among the inputs."""
    item = Input(skip.path, None, None, None, is_explicit=False)
    return Prepared(
        item,
        SourceFile(b"", "", b"", b"", 0, None, "unknown"),
        outcome=FileOutcome(skip.path, skip.status, reason=skip.reason),
    )


def _source(item: Input, digest: bytes, size_bytes: int) -> SourceFile:
    """The ledger's view of an input."""
    shown = clean_line(item.path)
    if item.address:
        folder = item.address[: item.address.partition(b"?")[0].rfind(b"/") + 1]
        return SourceFile(item.address, shown, folder, digest, size_bytes, None, "unknown")
    if item.location is None:
        location = STDIN_LOCATION + digest.hex().encode()
        return SourceFile(location, shown, b"", digest, size_bytes, None, "unknown")
    location = _location_of(item, item.location)
    folder = location[: location.rfind(b"/") + 1]
    return SourceFile(location, shown, folder, digest, size_bytes, item.mtime_ms, "unknown")


def _location_of(item: Input, path: Path) -> bytes:
    """Where a file really is, however its folder is called: a run behind a `latest` link is that run.

    A link that was given as an argument stands for its file; what was found in a folder is no link.
    """
    written = os.fsencode(path)
    if item.is_explicit:
        return os.path.realpath(written)
    return os.path.join(os.path.realpath(os.path.dirname(written)), os.path.basename(written))
