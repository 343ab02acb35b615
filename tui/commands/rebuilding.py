"""`crywolf doctor --rebuild`: a damaged store made anew from its sources, beside the damaged one, then in its place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import click

from ingest.model import RunIdentity
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
from store.errors import StoreError
from store.salvage import NOTHING, Salvage, Source, restore, salvage, set_aside
from tui.answers.query import Query
from tui.exports.ingested import Tally
from tui.locations import Place
from tui.output import write_json

LISTED = 20
_WORDS = {
    "triage": "triage events",
    "sources": "names of reports",
    "others": "names of other files",
    "members": "tests of incidents",
    "names": "former ids of incidents",
}
"""What is carried over, where its name in JSON is not what a person calls it."""
_OF_FILES = {"sources", "others", "everything"}


def rebuild_store(place: Place, paths: Sequence[str], *, is_broken: bool, as_json: bool) -> None:
    """Rebuild and say what came of it.

    Raises:
        click.UsageError: the store is sound, or nothing says where its files are.
    """
    database = place.database
    if not is_broken or not database.exists():
        raise click.UsageError(f"{database}: nothing is damaged; `crywolf ingest PATH...` reads files into it")
    saved = _saved(database, paths)
    new = database.with_name(database.name + ".rebuilt")
    _clear(new)
    present = [source for source in saved.sources if os.path.isfile(source.location)]
    tally = _read_again(place, new, present, paths)
    restore(new, saved)
    renames = _rename(new, saved)
    _keep(place, new)
    aside = set_aside(database)
    new.rename(database)
    gone = [os.fsdecode(source.location) for source in saved.sources if not os.path.isfile(source.location)]
    counts = {name: saved.count(name) for name in ("triage", "incidents", "changes")} | {"renames": renames}
    if as_json:
        kept = {"store": str(database), "damaged": str(aside), "carried_over": counts, "unreadable": list(saved.broken)}
        write_json({"rebuilt": {**kept, "gone": sorted(set(gone)), "totals": tally.document()}})
    else:
        _tell(database, aside, tally, gone, counts, saved)


def _saved(database: Path, paths: Sequence[str]) -> Salvage:
    """What can be read of the damaged store; nothing, where files are named instead."""
    try:
        saved = salvage(database)
    except StoreError as problem:
        if not paths:
            raise click.UsageError(
                f"{problem}, so neither can the names of the files that it was made of: give them with --from PATH"
            ) from problem
        return NOTHING
    if not saved.sources and not paths:
        raise click.UsageError(
            f"{database}: no file that it was made of can be read from it; name them with --from PATH"
        )
    return saved


def _read_again(place: Place, new: Path, sources: Sequence[Source], paths: Sequence[str]) -> Tally:
    """Read every file as it was read before, then what the person names."""
    from ingest.pipeline import Ingestion

    tally = Tally()
    settings = place.settings

    def said(source: Source) -> tuple[RunIdentity, RunIdentity]:
        return source.given, source.environ

    nobody = (RunIdentity(), RunIdentity())
    groups = [(key, list(group)) for key, group in groupby(sorted(sources, key=lambda s: repr(said(s))), key=said)]
    for (given, served), group in [*groups, (nobody, [])]:
        named = [os.fsdecode(source.location) for source in group] or list(paths)
        with Ingestion(new, settings, given, settings.limits, served) as ingestion:
            found = (item for item in list_inputs(named) if isinstance(item, Input))
            ingestion.ingest_all(found, tally.add)
    return tally


def _rename(new: Path, saved: Salvage) -> int:
    """Record renames of test cases that are both there again; how many."""
    from tui.answers.aliases import record_alias
    from tui.errors import AnswerError

    done = 0
    for old, now in saved.rows["renames"]:
        try:
            record_alias(new, old.hex(), now.hex())
            done += 1
        except (AnswerError, StoreError) as problem:
            click.echo(f"note: a rename is not carried over: {problem}", err=True)
    return done


def _keep(place: Place, new: Path) -> None:
    """Bring stored incidents up to date and leave nothing in the log."""
    from tui.answers.keeping import keep_triage

    keep_triage(new, Query(settings=place.settings))


def _clear(new: Path) -> None:
    """Remove what an earlier rebuilding left that did not come to its end."""
    for suffix in ("-wal", "-shm", ""):
        new.with_name(new.name + suffix).unlink(missing_ok=True)


def _tell(
    database: Path, aside: Path, tally: Tally, gone: Sequence[str], counts: dict[str, int], saved: Salvage
) -> None:
    from ingest.clean import clean

    click.echo(f"{database} is made anew: {tally.sentence()}")
    click.echo("carried over: " + ", ".join(f"{number} {_WORDS.get(name, name)}" for name, number in counts.items()))
    click.echo(f"the damaged file is kept as {aside}")
    if saved.broken:
        parts = ", ".join(_WORDS.get(name, name) for name in saved.broken)
        click.echo(f"note: could be read only in part: {parts}", err=True)
    if gone:
        one = len(gone) == 1
        which = "1 file is gone, and its" if one else f"{len(gone):,} files are gone, and their"
        click.echo(f"note: {which} results with {'it' if one else 'them'}:", err=True)
        for path in gone[:LISTED]:
            click.echo(f"  {clean(path)}", err=True)
    if gone or not _OF_FILES.isdisjoint(saved.broken):
        click.echo("`crywolf ingest PATH...` adds what is missing, from wherever it lies", err=True)
