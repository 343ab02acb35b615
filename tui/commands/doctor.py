"""`crywolf doctor`: health of the store. It changes nothing and never deletes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from store.connect import SQLITE_VERSION, WAL_RESET_FIXED, Connection
from tui.commands.opening import place_of, reader
from tui.commands.options import json_option
from tui.exit_codes import UNUSABLE
from tui.output import write_json

GROWN_DAYS, SHOWN_NAMES = 30, 5
WAL_WARNING_BYTES = 256 * 1024 * 1024
NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    state: str
    """`ok`, `warning` or `error`."""
    text: str


@click.command("doctor")
@json_option
@click.pass_context
def doctor_command(ctx: click.Context, as_json: bool) -> None:
    """Look at SQLite's version, the store's integrity, schema, permissions, log size and file system.

    Exit code 4 when the store cannot be used.
    """
    place = place_of(ctx)
    findings = [_version(), *_file(place.database)]
    with reader(ctx) as connection:
        findings += _inside(connection)
    if as_json:
        write_json({"findings": [asdict(finding) for finding in findings]})
    else:
        click.echo(f"store {place.database} ({place.database_origin})")
        for finding in findings:
            click.echo(f"{finding.state:8} {finding.check:12} {finding.text}")
    if any(finding.state == "error" for finding in findings):
        ctx.exit(UNUSABLE)


def _version() -> Finding:
    """The linked SQLite, and whether it has the WAL-reset defect."""
    if tuple(map(int, SQLITE_VERSION.split("."))) >= WAL_RESET_FIXED:
        return Finding("sqlite", "ok", SQLITE_VERSION)
    fixed = ".".join(map(str, WAL_RESET_FIXED))
    text = f"{SQLITE_VERSION} can corrupt a store when two processes checkpoint at once; {fixed} does not"
    return Finding("sqlite", "warning", f"{text}: install pysqlite3 or a newer Python")


def _file(path: Path) -> Iterator[Finding]:
    """Permissions, size of the log, and the file system."""
    if not path.exists():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o007:
        yield Finding("permissions", "warning", f"{mode:04o}: others may read it; run `chmod 600 {path}`")
    else:
        yield Finding("permissions", "ok", f"{mode:04o}")
    log = path.with_name(path.name + "-wal")
    size = log.stat().st_size if log.exists() else 0
    text = f"{size / 1_048_576:.1f} MB"
    if size > WAL_WARNING_BYTES:
        yield Finding("log", "warning", f"{text}: close long-open dashboards and run `crywolf ingest` once")
    else:
        yield Finding("log", "ok", text)
    kind = file_system_of(path)
    if kind in NETWORK_FILE_SYSTEMS:
        yield Finding("file system", "warning", f"{kind}: SQLite's log does not work over a network; move the store")
    elif kind:
        yield Finding("file system", "ok", kind)


def file_system_of(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """Kind of the file system that a path lies on; None where the system does not say."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    real = os.path.realpath(path)
    best, kind = "", None
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def _inside(connection: Connection) -> Iterator[Finding]:
    """Integrity, schema and size, from the open store."""
    from store.connect import find_damage
    from store.schema import SCHEMA_VERSION, is_crywolf, schema_version
    from tui.answers.health import answer_health
    from tui.answers.query import Query

    problems = find_damage(connection)
    if not problems:
        yield Finding("integrity", "ok", "quick check passed")
    else:
        advice = "keep the file, ingest the sources into a new store"
        yield Finding("integrity", "error", f"{problems[0]}; {advice}")
    if not is_crywolf(connection):
        yield Finding("schema", "error", "not one of crywolf's; choose another file with --db")
        return
    version = schema_version(connection)
    yield Finding(
        "schema", "ok" if version == SCHEMA_VERSION else "error", f"{version} (this crywolf: {SCHEMA_VERSION})"
    )
    if version == SCHEMA_VERSION:
        health = answer_health(connection, Query())
        yield Finding(
            "content",
            "ok",
            f"{health.pipelines:,} pipelines, {health.runs:,} runs, {health.tests:,} tests, {health.results:,} results",
        )
        if health.refused_files:
            yield Finding("refused", "warning", f"{health.refused_files:,} files; `crywolf rejected` lists them")
        yield from _names(connection)


def _names(connection: Connection) -> Iterator[Finding]:
    """Tests whose names never come back, and tests that may have been renamed."""
    from ingest.volatile import date_text, growth_warning
    from store.read.names import list_grown, newest_day
    from tui.answers.query import Query
    from tui.answers.renames import answer_renames

    newest = newest_day(connection)
    grown = () if newest is None else list_grown(connection, newest - GROWN_DAYS)
    for one in grown[:SHOWN_NAMES]:
        yield Finding("names", "warning", growth_warning(one.pattern, one.names, date_text(one.day)))
    if len(grown) > SHOWN_NAMES:
        yield Finding("names", "warning", f"{len(grown) - SHOWN_NAMES:,} more tests have as many new names in a day")
    renames = answer_renames(connection, Query()).rows
    if renames:
        first = f"{renames[0].old.identity} -> {renames[0].new.identity}"
        text = f"{len(renames):,} may have happened, such as {first}; `crywolf tests suggest` lists them"
        yield Finding("renames", "warning", text)
