"""Rankings that were worked out before.

A ranking depends on nothing but its question. So the last ingest's are kept under a digest of all that was asked - the
results, runs and cases of the stretch, the graph, the changes near it, the failures - and one is worked out again only
where something of that is different. What is kept can be thrown away at any time.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from dataclasses import dataclass, field

import msgspec

from analysis.calibration import MODEL_VERSION
from analysis.records import ChangeFeed, Hypothesis, ServiceGraph, StreamHistory, SuspectQuestion, TestColumn
from analysis.suspects import rank_suspects
from analysis.weighing import LastWeighed
from ingest.model import ChangeKind
from store.connect import Connection
from store.read.kept import load_ranking
from tui.version import VERSION

_Shared = StreamHistory | ServiceGraph | ChangeFeed | tuple[TestColumn, ...]

BEFORE_MS, AFTER_MS = 2 * 86_400_000, 3_600_000
"""Changes so long before the first run of a stretch and after its last one belong to its question."""


class TooMuch(Exception):
    """More is to be ranked than there is time for; what was ranked is in `made`."""


@dataclass
class Rankings:
    """Those of one answer."""

    connection: Connection
    until_s: float = float("inf")
    """The processor time of this process after which nothing new is ranked."""
    used: set[str] = field(default_factory=set)
    """Digests of all that were asked for."""
    made: dict[str, bytes] = field(default_factory=dict)
    """Those that were not kept, packed."""
    _known: dict[str, tuple[Hypothesis, ...]] = field(default_factory=dict)
    _last: LastWeighed = field(default_factory=LastWeighed)
    _feeds: dict[int, tuple[StreamHistory, ChangeFeed]] = field(default_factory=dict)
    """Changes that belong to a history, by its `id`, with the history so that it lives."""
    _parts: dict[int, tuple[object, bytes]] = field(default_factory=dict)
    """Digests of what several questions share, by object, with the object so that it lives."""

    def rank(self, question: SuspectQuestion) -> tuple[Hypothesis, ...]:
        """`rank_suspects`, or what it said when it was asked the same.

        Raises:
            TooMuch: it was not asked before, and the time is up.
        """
        digest = self._digest(question)
        self.used.add(digest)
        found = self._known.get(digest)
        if found is None:
            found = self._known[digest] = self._load(digest) or self._work_out(digest, question)
        return found

    def feed_of(self, feed: ChangeFeed, history: StreamHistory) -> ChangeFeed:
        """`feed_of`, found once a history: all questions of an answer are asked with one feed."""
        if id(history) not in self._feeds:
            self._feeds[id(history)] = (history, feed_of(feed, history))
        return self._feeds[id(history)][1]

    def _load(self, digest: str) -> tuple[Hypothesis, ...] | None:
        body = load_ranking(self.connection, digest)
        return None if body is None else msgspec.json.decode(zlib.decompress(body), type=tuple[Hypothesis, ...])

    def _work_out(self, digest: str, question: SuspectQuestion) -> tuple[Hypothesis, ...]:
        if time.process_time() > self.until_s:
            raise TooMuch
        found = rank_suspects(question, self._last)
        self.made[digest] = zlib.compress(msgspec.json.encode(found), 1)
        return found

    def _digest(self, question: SuspectQuestion) -> str:
        learned = (question.records, question.habits, question.felt)
        asked = msgspec.json.encode((VERSION, MODEL_VERSION, question.test_id, question.samples, learned))
        parts = [_short(asked)]
        histories = (question.history, *question.elsewhere)
        shared: tuple[_Shared, ...] = (question.feed, question.graph, *histories, *(one.tests for one in histories))
        parts += [self._part(one) for one in shared]
        return hashlib.blake2b(b"".join(parts), digest_size=16).hexdigest()

    def _part(self, what: _Shared) -> bytes:
        known = self._parts.get(id(what))
        if known is None:
            known = self._parts[id(what)] = (what, _short(_bytes_of(what)))
        return known[1]


def feed_of(feed: ChangeFeed, history: StreamHistory) -> ChangeFeed:
    """The changes that a question about a stretch of a stream is asked with: of its environment, near it in time.

    Rollbacks count however late. What is left out is no candidate, ends none, and begins or ends no outage.
    """
    runs, environment = history.runs, history.scope.environment
    since_ms = runs[0].started_ms - BEFORE_MS
    until_ms = max(run.ended_ms or run.started_ms for run in runs) + AFTER_MS
    return ChangeFeed(
        tuple(
            change
            for change in feed.changes
            if change.at_ms >= since_ms
            and change.environment in ("", environment)
            and (change.at_ms <= until_ms or change.kind is ChangeKind.ROLLBACK)
        ),
        frozenset(pair for pair in feed.covered if pair[1] in ("", environment)),
    )


def _bytes_of(what: _Shared) -> bytes:
    """Everything of it; of a history all but its test cases."""
    if isinstance(what, StreamHistory):
        arrays = (what.results, what.failed_attempts, what.attempts)
        return msgspec.json.encode((what.scope, what.runs)) + b"".join(array.tobytes() for array in arrays)
    if isinstance(what, ServiceGraph):
        return msgspec.json.encode((what.calls, what.owners, sorted(what.uncatalogued)))
    return msgspec.json.encode((what.changes, sorted(what.covered)) if isinstance(what, ChangeFeed) else what)


def _short(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
