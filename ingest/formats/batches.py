"""Cuts a run of attempts into batches that a sink takes; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingest.formats.sink import BATCH
from ingest.model import CaseAttempt


def batches(attempts: Iterable[CaseAttempt]) -> Iterator[list[CaseAttempt]]:
    """The attempts in their order, at most `BATCH` in a list; nothing for none."""
    batch: list[CaseAttempt] = []
    for attempt in attempts:
        batch.append(attempt)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def numbered(attempts: Iterable[CaseAttempt]) -> Iterator[CaseAttempt]:
    """The attempts of one case in their order, the second and later ones marked as retries."""
    for number, attempt in enumerate(attempts):
        yield attempt._replace(retry=number) if number else attempt
