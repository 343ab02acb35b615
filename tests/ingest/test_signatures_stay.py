"""Signatures are stored: under one `SIGNATURE_VERSION` a failure of a fixture keeps its key and its title."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ingest.errors import NotKnown, Refused
from ingest.formats.plain_cases import Attempts
from ingest.formats.readers import reader_of
from ingest.limits import Limits
from ingest.model import Outcome, RunIdentity
from ingest.recognise import Kind, recognise
from ingest.scrub import scrub_failure
from ingest.signature import SIGNATURE_VERSION, SignatureText, sign

FIXTURES = Path(__file__).parent.parent / "fixtures"
GOLDEN = Path(__file__).parent / "golden" / f"signatures_{SIGNATURE_VERSION}.txt"


class _Signing:
    """Signs what failed."""

    def __init__(self) -> None:
        self.found: list[SignatureText] = []

    def attempts(self, batch: Attempts) -> None:
        """Sign the failures of a batch."""
        for attempt in batch:
            if attempt.failure is not None and attempt.outcome != Outcome.SKIPPED:
                self.found.append(sign(scrub_failure(attempt.failure, Limits())))

    def identity(self, known: RunIdentity) -> None:
        """Nothing."""

    def warning(self, text: str) -> None:
        """Nothing."""


def signatures() -> Iterator[tuple[str, str]]:
    """(fixture, how many failures it has and a digest of their signatures)."""
    for path in sorted(FIXTURES.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        known = recognise(data[: 64 * 1024], path.name)
        if known.kind is not Kind.REPORT:
            continue
        signing = _Signing()
        with suppress(NotKnown, Refused):
            reader_of(known.format or "")(io.BytesIO(data), Limits(), signing)
        if signing.found:
            digest = hashlib.sha256(repr([tuple(one) for one in signing.found]).encode()).hexdigest()[:16]
            yield path.relative_to(FIXTURES).as_posix(), f"{len(signing.found)} {digest}"


def test_the_failures_of_fixtures_keep_their_signatures() -> None:
    """As when the version was begun; a rule that changes one asks for a new version, and fixtures for a new line."""
    found = dict(signatures())
    if os.environ.get("CRYWOLF_GOLDEN") == "write":
        GOLDEN.write_text("".join(f"{name}: {said}\n" for name, said in found.items()), encoding="utf-8")
    kept = dict(line.rsplit(": ", 1) for line in GOLDEN.read_text(encoding="utf-8").splitlines())
    assert len(kept) > 50
    assert {name: found.get(name) for name in kept} == kept
