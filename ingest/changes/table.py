"""A plain table of deployments -> changes: CSV with a header, or JSON objects with the same keys.

    time,service,version,environment,title
    2026-03-01T12:00:00Z,cart,1.4.2,staging,"feat: vouchers, at last"

Columns in any order: service, version, environment, time; and title, author, url, kind, status, target, started,
finished, commit, files (separated by semicolons), additions, deletions, from_version, repository, id. Others are
ignored. CSV is RFC 4180, separated by comma, semicolon or tab, whichever the header has most of. A row that cannot be
used becomes a warning with its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, TypeVar

from ingest.changes.batch import BatchBuilder, ChangeBatch
from ingest.changes.fields import Moment, count, first_text, mapping, moment, text, texts
from ingest.changes.json_text import as_text, read_documents
from ingest.changes.record import record_deploy
from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.model import Change, ChangeKind, ChangeStatus, ChangeTarget

_Word = TypeVar("_Word")
_DELIMITERS = (",", ";", "\t")
_ALIASES = {
    "service_name": "service",
    "app": "service",
    "application": "service",
    "component": "service",
    "to_version": "version",
    "tag": "version",
    "env": "environment",
    "stage": "environment",
    "timestamp": "time",
    "at": "time",
    "date": "time",
    "deployed_at": "time",
    "finished_at": "finished",
    "started_at": "started",
    "description": "title",
    "user": "author",
    "link": "url",
    "sha": "commit",
    "revision": "commit",
    "change_id": "id",
}
_MOST_ROWS = 500_000
_TIMES = ("time", "finished", "started")
_KINDS = {kind.value: kind for kind in ChangeKind} | {
    "deployment": ChangeKind.DEPLOY,
    "remove": ChangeKind.REMOVAL,
    "config": ChangeKind.CONFIGURATION,
}
_STATUSES = {status.value: status for status in ChangeStatus} | {
    "success": ChangeStatus.SUCCEEDED,
    "ok": ChangeStatus.SUCCEEDED,
    "failure": ChangeStatus.FAILED,
    "error": ChangeStatus.FAILED,
    "in_progress": ChangeStatus.RUNNING,
}
_TARGETS = {target.value: target for target in ChangeTarget}


class _BadRow(Exception):
    """A row that cannot be used; the text says why."""


def read(data: bytes, limits: Limits, zone: tzinfo = UTC) -> ChangeBatch:
    """The changes of a table.

    Args:
        zone: of times that name none.

    Raises:
        Refused: the text cannot be read, or no row of it can be used.
        NotKnown: it is no table of deployments.
    """
    written = as_text(data, limits)
    builder = BatchBuilder()
    rows = _json_rows(data, limits, builder) if written.lstrip()[:1] in ("{", "[") else _csv_rows(written, builder)
    total = 0
    is_zone_assumed = False
    for place, row in rows:
        total += 1
        if total > _MOST_ROWS:
            raise Refused("too-large", f"more than {_MOST_ROWS} rows in one table: split it")
        try:
            change, is_assumed = _change(row, zone)
        except _BadRow as problem:
            builder.warn(f"{place}: {problem}")
        else:
            builder.change(change)
            is_zone_assumed |= is_assumed
    if total and builder.is_empty:
        raise Refused("schema", f"no usable row: {builder.first_warning}")
    if is_zone_assumed:
        builder.warn(f"times without a zone are taken as {zone}")
    return builder.build()


def claims(value: Any) -> bool:
    """Whether a decoded JSON value is a row of such a table."""
    row = _normal(mapping(value))
    return "service" in row and any(key in row for key in _TIMES) and "context" not in row


def claims_header(line: str) -> bool:
    """Whether a line of text is the header of such a table."""
    names = next(csv.reader([line.removeprefix("\ufeff")], delimiter=_delimiter(line)), [])
    return claims(dict.fromkeys(names, ""))


def _json_rows(data: bytes, limits: Limits, builder: BatchBuilder) -> list[tuple[str, Mapping[str, Any]]]:
    documents = read_documents(data, limits)
    if not any(claims(document.value) for document in documents.items):
        raise NotKnown("no table of deployments: no object has a service and a time")
    for warning in documents.warnings:
        builder.warn(warning)
    return [(document.place or "the object", _normal(mapping(document.value))) for document in documents.items]


def _csv_rows(written: str, builder: BatchBuilder) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rows of a CSV text with the line each starts on."""
    written = written.replace("\0", "")
    header_line = next((line for line in written.splitlines() if line.strip()), "")
    if len(header_line) > csv.field_size_limit() or not claims_header(header_line):
        raise NotKnown("no table of deployments: the header has no columns service and time")
    reader = csv.reader(io.StringIO(written, newline=""), delimiter=_delimiter(header_line))
    header: Sequence[str] = ()
    line = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            builder.warn(f"line {line}: {error}; the rest of the table is not read")
            return
        if cells is None:
            return
        place, line = f"line {line}", reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = cells
        elif len(cells) > len(header):
            builder.warn(f"{place}: {len(cells)} cells under {len(header)} columns")
        else:
            yield place, _normal(dict(zip(header, cells, strict=False)))


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _normal(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row under the names that this module uses; the first of two columns of one meaning counts."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        name = str(key).strip().lower().replace(" ", "_").replace("-", "_")
        found.setdefault(_ALIASES.get(name, name), value)
    return found


def _change(row: Mapping[str, Any], zone: tzinfo) -> tuple[Change, bool]:
    """The change of a row, and whether the zone of its time was assumed."""
    times = {key: _time(row, key, zone) for key in _TIMES}
    at = times["finished"] or times["time"] or times["started"]
    if at is None:
        raise _BadRow("no time")
    kind = _member(row, "kind", _KINDS) or ChangeKind.DEPLOY
    target = _member(row, "target", _TARGETS)
    service = first_text(row, "service")
    if not service and kind is not ChangeKind.ENVIRONMENT and target is not ChangeTarget.TEST:
        raise _BadRow("no service")
    started = times["started"]
    change = record_deploy(
        service,
        first_text(row, "version"),
        first_text(row, "environment"),
        at.ms,
        source="table",
        change_id=first_text(row, "id"),
        kind=kind,
        status=_member(row, "status", _STATUSES) or ChangeStatus.SUCCEEDED,
        target=target,
        started_ms=started.ms if started else None,
        title=first_text(row, "title"),
        author=first_text(row, "author"),
        url=first_text(row, "url"),
        commit=first_text(row, "commit"),
        files=texts(row.get("files")),
        additions=count(row.get("additions")),
        deletions=count(row.get("deletions")),
        from_version=first_text(row, "from_version"),
        repository=first_text(row, "repository"),
    )
    return change, at.is_zone_assumed


def _time(row: Mapping[str, Any], key: str, zone: tzinfo) -> Moment | None:
    """A time of the row; None where the cell is empty."""
    if row.get(key) is None or row[key] == "" or not text(row[key]):
        return None
    found = moment(row[key], zone)
    if found is None:
        raise _BadRow(f"{key} {ascii(text(row[key]))[:60]} is no ISO-8601 time")
    return found


def _member(row: Mapping[str, Any], key: str, allowed: Mapping[str, _Word]) -> _Word | None:
    """One of the allowed words; None where the cell is empty."""
    written = first_text(row, key).lower().replace(" ", "_").replace("-", "_")
    if not written:
        return None
    if written not in allowed:
        raise _BadRow(f"{key} {ascii(written)[:60]} is none of {', '.join(allowed)}")
    return allowed[written]
