"""A sink that keeps everything, and short ways to read a report in a test."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ingest.formats import ctrf, junit
from ingest.formats.plain_cases import Attempts
from ingest.formats.sink import FormatReader
from ingest.limits import Limits
from ingest.model import CaseAttempt, Outcome, RunIdentity

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
SHARED = Path(__file__).resolve().parents[4] / "shared"
"""Reports of public projects beside the checkout; tests that need them are skipped where they are absent."""


class CollectingSink:
    """Keeps attempts, identity and warnings; checks the contract of the batches."""

    def __init__(self) -> None:
        self.cases: list[CaseAttempt] = []
        self.known = RunIdentity()
        self.warnings: list[str] = []

    def attempts(self, batch: Attempts) -> None:
        """Keep a batch."""
        assert 0 < len(batch) <= 1_000
        for attempt in batch:
            assert isinstance(attempt, CaseAttempt)
            assert isinstance(attempt.outcome, Outcome)
            assert (attempt.failure is not None) or attempt.outcome not in (Outcome.FAILED, Outcome.ERRORED)
        self.cases.extend(batch)

    def identity(self, known: RunIdentity) -> None:
        """Complete what is known."""
        self.known = self.known.over(known)

    def warning(self, text: str) -> None:
        """Keep a warning."""
        self.warnings.append(text)

    @property
    def outcomes(self) -> str:
        """Outcomes of the attempts by their first letters: p, f, e, s."""
        return "".join(attempt.outcome.name[0].lower() for attempt in self.cases)

    def tests(self) -> list[list[CaseAttempt]]:
        """Attempts of each test, as the store merges them; unmarked repeats are tests of their own."""
        tests: list[list[CaseAttempt]] = []
        in_suite: dict[tuple[str, str, int], list[CaseAttempt]] = {}
        for attempt in self.cases:
            if attempt.retry < 0:
                test = in_suite.setdefault((attempt.classname, attempt.name, attempt.retry), [])
                if not test:
                    tests.append(test)
                elif test[-1].outcome is Outcome.PASSED:
                    test[-1] = test[-1]._replace(outcome=Outcome.FAILED)
                test.append(attempt)
            elif attempt.retry:
                assert tests[-1][-1].name == attempt.name
                assert tests[-1][-1].retry == attempt.retry - 1
                tests[-1].append(attempt)
            else:
                tests.append([attempt])
        return tests

    def final_outcomes(self) -> Counter[str]:
        """How many tests ended how; a test that passed after failing has passed."""
        return Counter(
            "passed"
            if any(attempt.outcome == Outcome.PASSED for attempt in attempts)
            else attempts[0].outcome.name.lower()
            for attempts in self.tests()
        )


class Trickle(io.RawIOBase):
    """A stream that cannot be rewound and gives a few bytes at a time, like a pipe."""

    def __init__(self, data: bytes, size: int = 7) -> None:
        self._rest = data
        self._size = size

    def readable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most a few bytes."""
        size = self._size if size < 0 else min(size, self._size)
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def collect(
    read: FormatReader | Callable[[BinaryIO, Limits, CollectingSink], None], data: bytes | str
) -> CollectingSink:
    """What a reader hands over."""
    sink = CollectingSink()
    read(io.BytesIO(data.encode() if isinstance(data, str) else data), Limits(), sink)
    return sink


def read_junit(data: bytes | str) -> CollectingSink:
    """What the JUnit reader hands over."""
    return collect(junit.read, data)


def read_ctrf(data: bytes | str) -> CollectingSink:
    """What the CTRF reader hands over."""
    return collect(ctrf.read, data)
