"""What a format module is given and what it hands over.

A format module has one function, `read(stream, limits, sink)`: it reads the binary stream once, from where it stands to
its end, hands over attempts in batches in file order and returns nothing. It raises `Refused` with the place, and
nothing else. It knows no clock, no database and no file name. Strings it hands over are as written: the pipeline cleans
them.
"""

from __future__ import annotations

from typing import BinaryIO, Protocol

from ingest.formats.plain_cases import Attempts
from ingest.limits import Limits
from ingest.model import RunIdentity

BATCH = 1_000
"""Attempts a batch holds at most, so that memory stays constant whatever the size of the report."""


class ReportSink(Protocol):
    """Takes what a report holds, while it is being read."""

    def attempts(self, batch: Attempts) -> None:
        """Take attempts, in file order. The batch is the sink's from now on."""

    def identity(self, known: RunIdentity) -> None:
        """Take what the report says of its run; later calls complete earlier ones, never overwrite them."""

    def warning(self, text: str) -> None:
        """Take a sentence for the person who looks at this file; repeated ones are counted once."""


class FormatReader(Protocol):
    """The shape of a format module's `read`."""

    def __call__(self, stream: BinaryIO, limits: Limits, sink: ReportSink) -> None: ...
