"""What is worked out of the text of a failure before the store is locked: clean text, digest and signature.

Pure, and the largest part of the work that a failure takes: done outside a transaction it leaves the write lock to
others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ingest.formats.plain_cases import Attempts, PlainCases
from ingest.limits import Limits
from ingest.model import Failure, Outcome
from ingest.scrub import scrub_failure
from ingest.signature import SIGNATURE_VERSION, sign
from store.write import PreparedFailure, digest_of

_CACHED, _SHORT_CHARS = 4_000, 1_000
"""Failures that are remembered, and how long they may be: most reports repeat a few short ones."""


def prepare_failure(
    failure: Failure, limits: Limits, found: Counter[str] | None = None, *, is_skip: bool = False
) -> PreparedFailure:
    """A failure as the store takes it: clean, without secrets, cut to its limits, with digest and signature.

    Args:
        found: counts what was taken out and cut, as `ingest.scrub` does.
        is_skip: the reason of a skipped attempt, which has no signature.

    >>> prepare_failure(Failure("E", "no answer after 31 ms", ""), Limits()).signature[2]
    'no answer after <n>'
    """
    clean = scrub_failure(failure, limits, found)
    signature = None if is_skip else (SIGNATURE_VERSION, *sign(clean))
    return PreparedFailure.of(clean, digest_of(clean, is_skip=is_skip), signature)


class FailurePreparer:
    """Prepares the failures of attempts; remembers short ones in which nothing was cut or taken out.

    Args:
        on_new: is given each that is not remembered: does what else can be done ahead.
    """

    def __init__(self, limits: Limits, on_new: Callable[[PreparedFailure], None]) -> None:
        self._limits = limits
        self._on_new = on_new
        self._known: dict[tuple[Failure, bool], PreparedFailure] = {}

    def prepare(self, batch: Attempts, found: Counter[str]) -> None:
        """Put prepared failures into the place of those of a batch; `found` as of `prepare_failure`."""
        if isinstance(batch, PlainCases):
            for at, (outcome, failure) in batch.results.items():
                if failure is not None:
                    batch.results[at] = (outcome, self._prepared(failure, outcome, found))
            return
        for at, attempt in enumerate(batch):
            if attempt.failure is not None:
                batch[at] = attempt._replace(failure=self._prepared(attempt.failure, attempt.outcome, found))

    def _prepared(self, failure: Failure, outcome: Outcome, found: Counter[str]) -> PreparedFailure:
        key = (failure, outcome is Outcome.SKIPPED)
        ready = self._known.get(key)
        if ready is None:
            inside = Counter[str]()
            ready = prepare_failure(failure, self._limits, inside, is_skip=key[1])
            self._on_new(ready)
            if inside:
                found.update(inside)
            elif len(failure.message) + len(failure.text) <= _SHORT_CHARS:
                if len(self._known) >= _CACHED:
                    self._known.clear()
                self._known[key] = ready
        return ready
