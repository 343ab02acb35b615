"""The Triage answer as it was kept at the end of an ingest. Imports next to nothing: the first paint waits for it."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace

import msgspec

from ingest.model import Verdict
from ingest.settings_dashboard import TABLES as DASHBOARD_TABLES
from ingest.settings_dashboard import DashboardSettings
from store.connect import Connection
from store.read.kept import load_answer, load_last_answer
from tui.answers.query import Query
from tui.answers.triage import REAL, TriageAnswer, lay_over
from tui.version import VERSION

NAME = "triage"


def load_kept(connection: Connection, query: Query) -> TriageAnswer | None:
    """The answer as it was kept, if it still holds for this query, with what people did since and before."""
    return _laid_over(connection, query, load_answer(connection, NAME, key_of(query)))


def load_last_kept(connection: Connection, query: Query) -> TriageAnswer | None:
    """The answer as it was last kept, though more was written since; None where it would calm."""
    answer = _laid_over(connection, query, load_last_answer(connection, NAME, key_of(query)))
    return replace(answer, is_old=True) if answer is not None and is_telling(answer) else None


def is_telling(answer: TriageAnswer) -> bool:
    """Whether somebody has to act by an answer: one that may be old must not calm."""
    return any(answer.counts.get(verdict) for verdict in (*REAL, Verdict.ENVIRONMENT))


def _laid_over(connection: Connection, query: Query, body: bytes | None) -> TriageAnswer | None:
    if body is None:
        return None
    return lay_over(connection, query, msgspec.json.decode(zlib.decompress(body), type=TriageAnswer))


def key_of(query: Query) -> str:
    """Filters, settings and version: a kept answer holds for equal ones only."""
    given = sorted(key for key in query.settings.given if key.partition(".")[0] not in DASHBOARD_TABLES)
    # Where they lie, and how the dashboard looks, changes nothing.
    settings = replace(query.settings, given=frozenset(), path=None, database=None, dashboard=DashboardSettings())
    plain = msgspec.to_builtins(replace(query, settings=settings), enc_hook=str)
    text = msgspec.json.encode([plain, given, VERSION])
    return hashlib.sha256(text).hexdigest()[:32]
