"""Results of tests in files of CDEvents into the store, beside the changes that the same files hold.

Each test run of a file is a part of its own, known in the ledger as `file!run`, so that a file that grows replaces what
it told of each run before. Its digest is that of the events: told again in another form, they are a duplicate.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace

from ingest.bytes_of import Bytes
from ingest.formats.cdevents import TestRun, runs_in
from ingest.limits import Limits
from ingest.model import Counts, FileOutcome
from ingest.recognise import Kind
from ingest.reports import ReportTaker
from store.write import SourceFile

_MAY_TELL_OF_TESTS = re.compile(rb"test(?:case|suite|output)|data_base64", re.IGNORECASE)


def with_results(
    taken: FileOutcome, source: SourceFile, content: Bytes, reports: ReportTaker, limits: Limits, now_ms: int
) -> FileOutcome:
    """The outcome of a document that was taken, completed by the test results in it; the caller holds the savepoint.

    Raises:
        Refused: the file cannot be read.
    """
    if source.format != "cdevents":
        return taken
    data = content.whole(limits.document_bytes)
    if not _MAY_TELL_OF_TESTS.search(data):
        return taken
    for run in runs_in(data, limits):
        own = _source_of(run, source)
        result = reports.known(own, now_ms) or reports.take(own, content, run.read, now_ms)
        warnings = tuple(dict.fromkeys((*taken.warnings, *result.warnings)))
        taken = replace(taken, counts=_sum(taken.counts, result.counts), warnings=warnings)
    return taken


def _source_of(run: TestRun, source: SourceFile) -> SourceFile:
    digest = hashlib.sha256(run.told).digest()
    suffix = f"!{run.name}"
    return replace(
        source,
        location=source.location + os.fsencode(suffix),
        path=source.path + suffix,
        digest=digest,
        kind=Kind.REPORT.value,
    )


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(*(getattr(one, name) + getattr(other, name) for name in Counts.__slots__))
