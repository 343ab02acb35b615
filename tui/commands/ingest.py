"""`crywolf ingest PATH...`: reports, changes, catalogs and owners into the store; from files, archives and URLs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import click

from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import STDIN, Input, Skip, raw_text
from ingest.sources.url import Header, is_url, url_input
from store.errors import StoreError
from tui.answers.query import Query
from tui.commands.identity import identity_options
from tui.commands.opening import place_of
from tui.commands.options import json_option
from tui.exit_codes import REFUSED
from tui.exports.ingested import Tally, file_row
from tui.locations import Place
from tui.version import version

LISTED = 20
"""Refused files that are printed; `crywolf rejected` has them all."""
_TOLD = 10
"""Different warnings that are printed; `--json` has them all."""


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
@json_option
@click.pass_context
def ingest_command(
    ctx: click.Context, paths: tuple[str, ...], identity: RunIdentity, headers: tuple[str, ...], as_json: bool
) -> None:
    """Read reports, changes, catalogs, CODEOWNERS, archives and folders of them; `-` is standard input.

    A PATH may be an http or https URL of a report or an archive.

    Everything is recognised by its content. What was read before is not read twice. The options say of which run the
    reports are, before what run.json and the reports themselves say. Exit code 3: some input was refused, the rest is
    in; `crywolf rejected` lists it.
    """
    refuse_missing(paths)
    place = place_of(ctx)
    outcomes, tally = ingest_paths(place, paths, identity, headers=_headers(headers))
    if as_json:
        from tui.output import write_json

        write_json({"files": [file_row(outcome) for outcome in outcomes], "totals": tally.document()})
    else:
        tell_refused(outcomes)
        _tell_skipped(paths, outcomes)
        _tell_warnings(outcomes)
        _tell_pruned(outcomes)
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
        raise click.UsageError("no such file or folder: " + ", ".join(missing))


def ingest_paths(
    place: Place,
    paths: Sequence[str],
    identity: RunIdentity,
    environ: Mapping[str, str] = os.environ,
    headers: Sequence[Header] = (),
) -> tuple[tuple[FileOutcome, ...], Tally]:
    """Ingest everything below some paths, with a progress bar where a person watches.

    Raises:
        StoreError: the store cannot be written any more; with how many files are in.
    """
    from ingest.pipeline import Ingestion
    from tui.commands.progress import progress_over

    outcomes: list[FileOutcome] = []
    tally = Tally()
    with (
        Ingestion(
            place.database, place.settings, identity, place.settings.limits, environ, version=version()
        ) as ingestion,
        progress_over(_listed(paths, headers, place)) as (found, advance),
    ):

        def take(outcome: FileOutcome) -> None:
            outcomes.append(outcome)
            tally.add(outcome)
            advance(outcome)

        try:
            ingestion.ingest_all(_inputs_of(found, take), take)
        except StoreError as problem:
            done = len(outcomes)
            waiting = sum(1 for _ in list_inputs(paths)) - done
            raise type(problem)(f"{problem}; {done:,} files are stored, {waiting:,} wait") from problem
    if tally.files[FileStatus.INGESTED]:
        from tui.answers.keeping import keep_triage

        keep_triage(place.database, Query(settings=place.settings))
    return tuple(outcomes), tally


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


def _inputs_of(found: Iterable[Input | Skip], take: Callable[[FileOutcome], None]) -> Iterable[Input]:
    """The inputs among what was found; what is only listed is reported as it comes."""
    for item in found:
        if isinstance(item, Skip):
            take(FileOutcome(item.path, item.status, reason=item.reason))
        else:
            yield item


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
        is_told = (outcome.reason or "").startswith("pruned:")  # by `_tell_pruned`
        if outcome.status is FileStatus.SKIPPED and outcome.path in asked and not is_told:
            click.echo(f"skipped {clean(outcome.path)}: {outcome.reason}", err=True)


def _tell_warnings(outcomes: Sequence[FileOutcome]) -> None:
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


def _tell_pruned(outcomes: Sequence[FileOutcome]) -> None:
    """Say of reports that belong to pruned days that nothing of them is counted, on standard error."""
    reasons = Counter(outcome.reason for outcome in outcomes if outcome.status is FileStatus.SKIPPED and outcome.reason)
    for reason, files in reasons.items():
        if reason.startswith("pruned:"):
            click.echo(f"note: {files:,} {'report' if files == 1 else 'reports'} skipped, {reason}", err=True)
