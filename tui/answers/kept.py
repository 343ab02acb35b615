"""The Triage answer as it was kept at the end of an ingest. Imports next to nothing: the first paint waits for it."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace

import msgspec

from ingest.settings_dashboard import TABLES as DASHBOARD_TABLES
from ingest.settings_dashboard import DashboardSettings
from store.connect import Connection
from store.read.kept import load_answer
from tui.answers.query import Query
from tui.answers.triage import TriageAnswer, lay_over
from tui.version import VERSION

NAME = "triage"


def load_kept(connection: Connection, query: Query) -> TriageAnswer | None:
    """The answer as it was kept, if it still holds for this query, with what people did since and before."""
    body = load_answer(connection, NAME, key_of(query))
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
