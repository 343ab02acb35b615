"""`crywolf ingest PATH...`: reports, changes, catalogs and owners into the store; from files, archives and URLs."""

from __future__ import annotations

import gc
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain

import click

from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import STDIN, Input, Skip, raw_text
from ingest.sources.url import Header, is_url, url_input
from store.connect import open_writer
from store.errors import StoreError
from store.file_system import network_kind
from tui.answers.query import Query
from tui.commands.identity import identity_options
from tui.commands.opening import place_of
from tui.commands.options import json_option
from tui.exit_codes import REFUSED
from tui.exports.ingested import Tally, file_row
from tui.locations import Place
from tui.version import version

MOST_JOBS = 64
LISTED = 20
"""Refused files that are printed; `crywolf rejected` has them all."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_RARELY = (20_000, 20, 20)
"""Allocations until garbage is looked for: a file is read into many small objects, none of them in a ring."""
_TOLD = 10
"""Different warnings that are printed; `--json` has them all."""
RANKING_S = 15.0
"""Processor time that suspects are ranked for before the command ends; the dashboard goes on from what is kept."""


def _number_of_jobs(ctx: click.Context, option: click.Parameter, written: str) -> int | None:
    """Processes that an option asks for; None: it leaves that to crywolf."""
    if written == "auto":
        return None
    if not written.isdecimal() or not 1 <= int(written) <= MOST_JOBS:
        raise click.BadParameter(f"must be auto or a number from 1 to {MOST_JOBS}")
    return int(written)


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(allow_dash=True))
@identity_options
@click.option(
    "--header",
    "headers",
    metavar="NAME:VALUE",
    multiple=True,
    help="Sent with a URL's request, to its own host only; VALUE may be env:VARIABLE. Repeatable.",
)
@click.option(
    "--jobs",
    metavar="N",
    default="auto",
    callback=_number_of_jobs,
    help="Processes that read and write: a number, or auto (the default): several where that is faster.",
)
@json_option
@click.pass_context
def ingest_command(
    ctx: click.Context,
    paths: tuple[str, ...],
    identity: RunIdentity,
    headers: tuple[str, ...],
    jobs: int | None,
    as_json: bool,
) -> None:
    """Read reports, changes, catalogs, CODEOWNERS, archives and folders of them; `-` is standard input.

    A PATH may be an http or https URL of a report or an archive.

    Everything is recognised by its content. What was read before is not read twice. The options say of which run the
    reports are, before what run.json and the reports themselves say. Exit code 3: some input was refused, the rest is
    in; `crywolf rejected` lists it.
    """
    refuse_missing(paths)
    place = place_of(ctx)
    outcomes, tally = ingest_paths(place, paths, identity, headers=_headers(headers), jobs=jobs)
    if as_json:
        from tui.output import write_json

        write_json({"files": [file_row(outcome) for outcome in outcomes], "totals": tally.document()})
    else:
        tell_refused(outcomes)
        _tell_skipped(paths, outcomes)
        tell_warnings(outcomes)
        tell_pruned(outcomes)
        click.echo(tally.sentence())
    if tally.files[FileStatus.REJECTED]:
        ctx.exit(REFUSED)


def refuse_missing(paths: Sequence[str]) -> None:
    """A usage error that names every argument that does not exist, before anything is read."""
    from ingest.clean import clean

    missing = [
        clean(raw_text(path)) for path in paths if path != STDIN and not is_url(path) and not os.path.lexists(path)
    ]
    if missing:
        other = any(_SCHEME.match(path) for path in missing)
        hint = "; of addresses only http and https are fetched" if other else ""
        raise click.UsageError(f"no such file or folder: {', '.join(missing)}{hint}")


def ingest_paths(
    place: Place,
    paths: Sequence[str],
    identity: RunIdentity,
    environ: Mapping[str, str] = os.environ,
    headers: Sequence[Header] = (),
    jobs: int | None = None,
) -> tuple[tuple[FileOutcome, ...], Tally]:
    """Ingest everything below some paths, with a progress bar where a person watches.

    Args:
        jobs: processes to use; None: what the settings say, else as many as make it faster.

    Raises:
        StoreError: the store cannot be written any more; with how many files are in.
    """
    from tui.commands.progress import progress_over, with_sizes

    outcomes: list[FileOutcome] = []
    tally = Tally()
    found = with_sizes(_listed(paths, headers, place))
    try:
        with (
            ingester(place, found, identity, environ, _jobs(paths, place, jobs)) as ingest,
            progress_over(found) as advance,
        ):

            def take(outcome: FileOutcome) -> None:
                outcomes.append(outcome)
                tally.add(outcome)
                advance(outcome)

            ingest(take)
    except StoreError as problem:
        done = len(outcomes)
        waiting = sum(1 for _ in list_inputs(paths)) - done
        raise type(problem)(f"{problem}; {done:,} files are stored, {waiting:,} wait") from problem
    except KeyboardInterrupt:
        told = f"{len(outcomes):,} {'file is' if len(outcomes) == 1 else 'files are'} stored"
        click.echo(f"{told}; the same command goes on with the rest", err=True)
        raise
    if tally.files[FileStatus.INGESTED]:
        rank_suspects(place)
    return tuple(outcomes), tally


def rank_suspects(place: Place) -> None:
    """Work out what the next one who asks wants to know, for a while."""
    from tui.answers.keeping import keep_triage

    if not keep_triage(place.database, Query(settings=place.settings), most_s=RANKING_S):
        click.echo("suspects of many reds are left to whoever asks first; everything is stored", err=True)


@contextmanager
def ingester(
    place: Place, found: Iterable[Input | Skip], identity: RunIdentity, environ: Mapping[str, str], jobs: int | None
) -> Iterator[Callable[[Callable[[FileOutcome], None]], None]]:
    """What ingests all that was found, in this process or, where that is faster, in several."""
    from ingest.pieces import cut, jobs_worth_it
    from ingest.pipeline import Ingestion

    settings = place.settings
    jobs, pieces = jobs_worth_it(cut(found), jobs)
    if jobs == 1:
        with (
            _rare_collection(),
            Ingestion(place.database, settings, identity, settings.limits, environ, version=version()) as ingestion,
        ):
            yield lambda take: ingestion.ingest_all(chain.from_iterable(pieces), take)
        return
    from ingest.crew import Crew
    from ingest.crew_member import Task
    from ingest.run_environment import identity_from_environment
    from store.access import ACCESS

    open_writer(place.database).close()  # made, or of this version, before several open it
    said = identity_from_environment(environ)
    task = Task(place.database, settings, identity, settings.limits, said, version(), ACCESS)
    with _rare_collection(), Crew(task, jobs, lambda text: click.echo(f"note: {text}", err=True)) as crew:
        yield lambda take: crew.ingest_all(pieces, take)


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Have garbage looked for rarely, also in processes that are forked meanwhile; it took a twentieth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _jobs(paths: Sequence[str], place: Place, asked: int | None) -> int | None:
    """Processes to use at most; None: as many as make it faster. What cannot be shared out is read by one."""
    if any(path == STDIN or is_url(path) for path in paths) or network_kind(place.database):
        return 1
    return asked or place.settings.jobs


def _listed(paths: Sequence[str], headers: Sequence[Header], place: Place) -> Iterable[Input | Skip]:
    """What the arguments name, in their order."""
    for path in paths:
        if is_url(path):
            yield url_input(path, headers, place.settings.limits)
        else:
            yield from list_inputs([path])


def _headers(given: Sequence[str]) -> list[Header]:
    """Headers as given on the command line."""
    found = []
    for text in given:
        name, colon, value = (part.strip() for part in text.partition(":"))
        if value.startswith("env:"):
            value = os.environ.get(value.removeprefix("env:"), "")
        if not (name and colon and value) or not (name + value).isascii() or not (name + value).isprintable():
            raise click.UsageError("--header must be NAME:VALUE in plain characters; an env:VARIABLE must be set")
        found.append((name, value))
    return found


def tell_refused(outcomes: Sequence[FileOutcome]) -> None:
    """Name refused files with line and reason on standard error."""
    from ingest.clean import clean

    refused = [outcome for outcome in outcomes if outcome.status is FileStatus.REJECTED]
    for outcome in refused[:LISTED]:
        place = f"{clean(outcome.path)}:{outcome.line}" if outcome.line else clean(outcome.path)
        click.echo(f"refused {place}: {outcome.reason}", err=True)
    if len(refused) > LISTED:
        click.echo(f"... and {len(refused) - LISTED} more; `crywolf rejected` lists them all", err=True)


def _tell_skipped(paths: Sequence[str], outcomes: Sequence[FileOutcome]) -> None:
    """Say of arguments that were not read themselves why, on standard error."""
    from ingest.clean import clean

    asked = {raw_text(path) for path in paths}
    for outcome in outcomes:
        is_told = (outcome.reason or "").startswith("pruned:")  # by `tell_pruned`
        if outcome.status is FileStatus.SKIPPED and outcome.path in asked and not is_told:
            click.echo(f"skipped {clean(outcome.path)}: {outcome.reason}", err=True)


def tell_warnings(outcomes: Sequence[FileOutcome]) -> None:
    """Name what was odd in files that were read, each sentence once with its first file, on standard error."""
    from ingest.clean import clean

    firsts: dict[str, str] = {}
    for outcome in outcomes:
        if outcome.status is FileStatus.INGESTED:
            for warning in outcome.warnings:
                firsts.setdefault(warning, clean(outcome.path))
    for warning, path in list(firsts.items())[:_TOLD]:
        click.echo(f"warning {path}: {warning}", err=True)
    if len(firsts) > _TOLD:
        click.echo(f"... and {len(firsts) - _TOLD} other warnings; `--json` has them all", err=True)


def tell_pruned(outcomes: Sequence[FileOutcome]) -> None:
    """Say of reports that belong to pruned days that nothing of them is counted, on standard error."""
    reasons = Counter(outcome.reason for outcome in outcomes if outcome.status is FileStatus.SKIPPED and outcome.reason)
    for reason, files in reasons.items():
        if reason.startswith("pruned:"):
            click.echo(f"note: {files:,} {'report' if files == 1 else 'reports'} skipped, {reason}", err=True)
