"""`crywolf doctor`: health of the store, and what to do. It never deletes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from store.access import ACCESS
from store.connect import SQLITE_VERSION, WAL_RESET_FIXED, Connection
from store.errors import NotAStore, StoreDamaged, StoreError
from store.file_system import is_mounted_read_only, mount_kind, network_kind
from tui.commands.opening import place_of
from tui.commands.options import json_option
from tui.exit_codes import UNUSABLE
from tui.output import write_json

GROWN_DAYS, SHOWN_NAMES = 30, 5
WAL_WARNING_BYTES = 256 * 1024 * 1024
_DAMAGE = "integrity"
"""The check whose error `--rebuild` is for."""
_QUICK_CHECK_BEGINS = "*** in database main ***\n"
_REMEDY = "`crywolf doctor --rebuild` makes it anew from its sources and keeps this file under another name"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    state: str
    """`ok`, `warning` or `error`."""
    text: str


@click.command("doctor")
@click.option("--rebuild", is_flag=True, help="Make a damaged store anew from the files it was made of.")
@click.option(
    "--from",
    "paths",
    multiple=True,
    metavar="PATH",
    type=click.Path(exists=True),
    help="Read these too; with --rebuild.",
)
@json_option
@click.pass_context
def doctor_command(ctx: click.Context, rebuild: bool, paths: tuple[str, ...], as_json: bool) -> None:
    """Look at SQLite's version, the store's integrity, schema, permissions, log size and file system.

    It changes nothing. With --rebuild a damaged store keeps its content under another name, and a new one is made in
    its place from the files that its ledger names, with what can be read of triage, incidents, changes and renames.
    End other crywolf processes before. Exit code 4 when the store cannot be used.
    """
    place = place_of(ctx)
    findings = [_version(), *_file(place.database), *_content(place.database)]
    is_broken = any(finding.state == "error" for finding in findings)
    if rebuild:
        from tui.commands.rebuilding import rebuild_store

        _refuse_what_is_no_damage(place.database, findings)
        rebuild_store(place, paths, is_broken=is_broken, as_json=as_json)
        return
    if as_json:
        write_json({"findings": [asdict(finding) for finding in findings]})
    else:
        click.echo(f"store {place.database} ({place.database_origin})")
        for finding in findings:
            click.echo(f"{finding.state:8} {finding.check:12} {finding.text}")
    if is_broken:
        ctx.exit(UNUSABLE)


def _refuse_what_is_no_damage(path: Path, findings: Sequence[Finding]) -> None:
    """Leave a store alone that another remedy is for, such as one of a newer crywolf.

    Raises:
        StoreError: with that remedy.
    """
    for finding in findings:
        if finding.state == "error" and finding.check != _DAMAGE:
            raise StoreError(f"{path}: is not made anew: {finding.check} {finding.text}")


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
    shared = network_kind(path)
    if shared:
        allowed = "it is used without a log, by one writer at a time" if ACCESS.network else "it is refused"
        text = (
            f"{shared}: SQLite's log does not work over a network, so {allowed}; better put the store on a local disk"
        )
        yield Finding("file system", "warning" if ACCESS.network else "error", text)
    elif kind := mount_kind(path):
        is_read_only = is_mounted_read_only(path)
        yield Finding("file system", "warning" if is_read_only else "ok", f"{kind}{', read-only' * is_read_only}")
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        yield Finding("writing", "warning", "this user may only read it; ingest and triage need more")


def _content(path: Path) -> Iterator[Finding]:
    """What is inside, as far as it can be opened."""
    from store.connect import Error, open_as_is, translate

    try:
        with closing(open_as_is(path)) as connection:
            try:
                yield from _inside(connection)
            except Error as problem:
                raise translate(problem, path) from problem
    except (NotAStore, StoreDamaged) as problem:
        if not path.exists():
            raise
        what, _, _ = str(problem).partition("; ")
        yield Finding(_DAMAGE, "error", f"{what}; {_REMEDY}")
    except StoreError as problem:
        yield Finding("store", "error", str(problem))


def _inside(connection: Connection) -> Iterator[Finding]:
    """Integrity, schema and size, from the open store."""
    from store.connect import find_damage
    from store.schema import SCHEMA_VERSION, is_crywolf, schema_version
    from tui.answers.health import answer_health
    from tui.answers.query import Query

    problems = find_damage(connection)
    if not problems:
        yield Finding(_DAMAGE, "ok", "quick check passed")
    else:
        found = problems[0].removeprefix(_QUICK_CHECK_BEGINS).splitlines()[0]
        yield Finding(_DAMAGE, "error", f"{found}; {_REMEDY}")
    if not is_crywolf(connection):
        yield Finding("schema", "error", "not one of crywolf's; choose another file with --db")
        return
    version = schema_version(connection)
    yield _schema(version, SCHEMA_VERSION)
    if version == SCHEMA_VERSION:
        health = answer_health(connection, Query())
        yield Finding(
            "content",
            "ok",
            f"{health.pipelines:,} pipelines, {health.runs:,} runs, {health.tests:,} tests, {health.results:,} results",
        )
        if health.refused_files:
            files = f"{health.refused_files:,} {'file' if health.refused_files == 1 else 'files'}"
            yield Finding("refused", "warning", f"{files}; `crywolf rejected` lists them")
        yield from _names(connection)


def _schema(version: int, own: int) -> Finding:
    """Whether this version of crywolf can use a schema."""
    if version == own:
        return Finding("schema", "ok", str(version))
    if version > own:
        return Finding("schema", "error", f"{version}, made by a newer crywolf, this one knows {own}; upgrade crywolf")
    if version == 0:
        return Finding("schema", "warning", "the file is empty; fill it with `crywolf ingest PATH...`")
    return Finding("schema", "warning", f"{version}: the next command makes it {own} and keeps a copy beside the store")


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
