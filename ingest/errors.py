"""The errors of the ingest room. One refused input never stops the others."""

from __future__ import annotations


class IngestError(Exception):
    """Base of everything the ingest room raises on purpose."""


class Refused(IngestError):
    """An input that claims to be a report, change, catalog or archive and cannot be taken.

    Args:
        code: short, stable, machine-readable, such as `xml-doctype` or `json-truncated`.
        reason: one sentence: what is wrong and what to do about it. Clean text.
        line: 1-based line of the place, where there is one.
        column: 1-based column of the place, where there is one.
    """

    def __init__(self, code: str, reason: str, *, line: int | None = None, column: int | None = None) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.line = line
        self.column = column


class NotKnown(IngestError):
    """An input that neither is nor claims to be anything crywolf reads: it is skipped, not refused."""

    code = "unknown"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooOld(NotKnown):
    """A report of a run whose results were pruned: it is skipped, since its day is never counted again."""

    code = "pruned"


class SettingsError(IngestError):
    """`crywolf.toml` cannot be used; names the file, the key and the remedy."""


class ReadersLost(IngestError):
    """The processes that read files die one after the other."""
