"""No reader raises anything but `Refused`, whatever the bytes are."""

from __future__ import annotations

import contextlib
import io
import json
import random
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import Refused
from ingest.formats.readers import FORMATS, reader_of
from ingest.limits import Limits
from ingest.recognise import HEAD_BYTES, recognise
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, Trickle

SMALL = Limits(file_bytes=200_000, document_bytes=200_000, token_bytes=50_000, depth=20, attributes=50, text_chars=100)
CTRF = json.dumps(
    {
        "reportFormat": "CTRF",
        "results": {
            "tool": {"name": "x"}, "summary": {"tests": 2, "start": 1767225600000},
            "tests": [
                {"name": "a", "status": "failed", "duration": 5, "retries": 1, "suite": ["s"], "message": "m"},
                {"name": "b", "status": "passed", "flaky": True, "extra": {"services": ["x"]},
                 "attachments": [{"path": "p"}],
                 "retryAttempts": [{"attempt": 1, "status": "failed", "message": "\ud83d\ude00"}]},
            ],
            "environment": {"buildName": "b", "extra": {"crywolf.run.attempt": 2}},
        },
    }
).encode()  # fmt: skip
JUNIT = [
    data
    for path in sorted(FIXTURES.glob("*/*.xml"))
    if recognise((data := path.read_bytes())[:HEAD_BYTES], path.name).format == "junit"
]
SEEDS = [*JUNIT, CTRF]
REPORTS = [CTRF] + [
    path.read_bytes()
    for path in sorted(FIXTURES.glob("*/*"))
    if path.suffix in (".xml", ".json", ".jsonl", ".ndjson", ".yaml", ".trx") and path.stat().st_size < 65_536
]
"""Of every format, for mutation."""
LARGE = 4_096
"""Bytes of a report, above which one byte at a time takes all readers a second."""
SPLICES = [
    b"<", b">", b"&#27;", b"\x1b[31m", b"\0", b"\xff", b"<![CDATA[", b"]]>", b"</testcase>", b"<testcase>", b'"', b"{",
    b"[", b"\\ud800", b"1e999", b"null", b"<failure/>", b"<flakyError/>", b"\xef\xbb\xbf", b"<!DOCTYPE a>",
    b" time='1_0'",
]  # fmt: skip


def try_all(data: bytes, size: int = 0) -> None:
    """Every reader on the same bytes; Refused is the only exception."""
    for name in FORMATS:
        stream = cast(BinaryIO, Trickle(data, size)) if size else io.BytesIO(data)
        with contextlib.suppress(Refused):
            reader_of(name)(stream, SMALL, CollectingSink())


@given(st.binary(max_size=400), st.integers(0, 9))
def test_random_bytes(data: bytes, size: int) -> None:
    """Also behind the start of a report."""
    try_all(data, size)
    try_all(b"<testsuites><testcase name='t'>" + data, size)
    try_all(b'{"results":{"tests":[' + data, size)


@settings(max_examples=150)
@given(st.sampled_from(range(len(REPORTS))), st.integers(0, 2**32))
def test_mutated_reports(seed: int, number: int) -> None:
    """Bits flipped, pieces cut out, doubled and spliced in."""
    rng = random.Random(number)
    data = bytearray(REPORTS[seed])
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(4)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at : at + rng.randrange(60)]
        elif kind == 2:
            data[at:at] = data[at : at + rng.randrange(60)]
        else:
            data[at:at] = rng.choice(SPLICES)
    size = rng.choice([0, 0, 1, 100])
    try_all(bytes(data), 10 if size == 1 and len(data) > LARGE else size)


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_every_cut_of_a_report_is_refused(seed: int) -> None:
    """A file cut anywhere before its end is never taken for a whole one."""
    data = SEEDS[seed].rstrip()
    for at in range(1, len(data), max(1, len(data) // 150)):
        name = "ctrf" if data is CTRF or data.startswith(b"{") else "junit"
        with pytest.raises(Refused) as caught:
            reader_of(name)(io.BytesIO(data[:at]), Limits(), CollectingSink())
        assert caught.value.code in ("xml-truncated", "json-truncated", "xml-syntax"), (at, caught.value)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
def test_the_size_of_the_pieces_changes_nothing(size: int) -> None:
    """A pipe that trickles gives what the file gives."""
    for data in JUNIT:
        whole, trickled = CollectingSink(), CollectingSink()
        reader_of("junit")(io.BytesIO(data), Limits(), whole)
        reader_of("junit")(cast(BinaryIO, Trickle(data, size)), Limits(), trickled)
        assert (whole.cases, whole.known, whole.warnings) == (trickled.cases, trickled.known, trickled.warnings)
