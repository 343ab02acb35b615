"""What the commands of `crywolf fetch` share: options, the token, the store, and what is told in the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from ingest.model import FileOutcome, FileStatus, RunIdentity, RunRef
from ingest.sources.inputs import Input, Skip
from ingest.sources.url import Header, is_url, shown_url
from tui.answers.query import Moment
from tui.commands.ingest import rank_suspects, tell_pruned, tell_refused, tell_warnings
from tui.commands.opening import place_of
from tui.commands.options import json_option, moment
from tui.exit_codes import REFUSED
from tui.locations import Place
from tui.version import version

if TYPE_CHECKING:
    from ingest.fetch.fetching import Fetched, FetchedRun, Fetching
    from ingest.fetch.found import Provider
    from ingest.fetch.site import Site
    from store.connect import Connection

_PARTS = ("runs", "deployments")
_TOLD = 10
"""Runs that could not be fetched and are named; `--json` has them all."""


@dataclass(frozen=True, slots=True)
class Options:
    """What all providers are asked with."""

    since: Moment
    pipeline: str | None
    environment: str | None
    only: str | None
    token_env: str | None
    is_again: bool
    is_plan: bool
    as_json: bool


def fetch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a provider's command the options that all of them have; it is called with `options` in their place."""

    @wraps(command)
    def with_options(*args: Any, **given: Any) -> Any:
        options = Options(**{field.name: given.pop(field.name) for field in fields(Options)})
        return command(*args, options=options, **given)

    decorated: Callable[..., Any] = with_options
    for decorator in reversed(_decorators()):
        decorated = decorator(decorated)
    return decorated


def _decorators() -> list[Callable[[Any], Any]]:
    """One click option each, in the order of the help text."""
    return [
        click.option("--since", type=moment, default="14d", show_default=True, metavar="TIME", help="From here on."),
        click.option("--pipeline", metavar="NAME", help="Name of the pipeline. Default: as the server has it."),
        click.option("--environment", metavar="NAME", help="Environment that the runs tested."),
        click.option("--only", type=click.Choice(_PARTS), help="Only the runs, or only the deployments."),
        click.option("--token-env", metavar="VARIABLE", help="Environment variable that holds the token."),
        click.option("--again", "is_again", is_flag=True, help="Also what was fetched before."),
        click.option("--dry-run", "is_plan", is_flag=True, help="List what would be fetched; write nothing."),
        json_option,
    ]


def name_template(ctx: click.Context, option: click.Parameter, written: str) -> str:
    """A template of names; a mistake in it is told before anything is asked for."""
    from ingest.errors import SettingsError
    from ingest.run_json import identity_from_path

    try:
        identity_from_path(written, "")
    except SettingsError as problem:
        raise click.BadParameter(str(problem)) from None
    return written


@dataclass(frozen=True, slots=True)
class Api:
    """Whom to ask, and as whom."""

    url: str
    headers: Sequence[Header]
    token_from: str


def api_of(url: str, tokens: Sequence[str], headers: Callable[[str], Sequence[Header]], options: Options) -> Api:
    """An API with the token that is in the environment; never one of the command line, where others see it."""
    if not is_url(url) or "@" in url.split("/")[2] or set("?#") & set(url):
        raise click.UsageError("must be an http or https URL, without a user; the token is read from the environment")
    names = (options.token_env,) if options.token_env else tokens
    variable = next((name for name in names if os.environ.get(name, "").strip()), "")
    token = os.environ.get(variable, "").strip()
    if options.token_env and not token:
        raise click.UsageError(f"--token-env {options.token_env}: this variable is not set")
    if not token.isascii() or not token.isprintable():
        raise click.UsageError(f"{variable} holds no token: it has characters that none has")
    return Api(url, headers(token) if token else (), variable or names[-1])


def since_ms(since: Moment) -> int:
    """From when on; a server's runs are counted back from now, by the wall clock."""
    return since.at_ms if since.at_ms is not None else int(time.time() * 1000) - (since.back_ms or 0)


def fetch_from(
    ctx: click.Context, api: Api, provider: Callable[[Site], Provider], options: Options, *, is_expected: bool
) -> None:
    """Fetch, and tell of it."""
    from ingest.fetch.fetching import RunStatus
    from ingest.fetch.site import Site

    place = place_of(ctx)
    limits, parts = place.settings.limits, (options.only,) if options.only else _PARTS
    with (
        Site(api.url, api.headers, api.token_from, limits) as site,
        _fetching(place, options, is_expected) as fetching,
    ):
        fetched = fetching.fetch(provider(site), parts)
    if any(outcome.status is FileStatus.INGESTED for outcome in fetched.files):
        rank_suspects(place)
    _tell(api, fetched, options)
    is_whole = not fetched.problems and all(run.status is not RunStatus.FAILED for run in fetched.runs)
    if not is_whole or any(outcome.status is FileStatus.REJECTED for outcome in fetched.files):
        ctx.exit(REFUSED)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The store, as fetching needs it."""

    place: Place
    given: RunIdentity
    connection: Connection | None
    """None: there is no store yet, and none is made."""

    def take(
        self, inputs: Sequence[Input | Skip], said: RunIdentity, of: RunIdentity | None = None
    ) -> list[FileOutcome]:
        """Take inputs in, as `crywolf ingest` would in the job that left them."""
        from ingest.pipeline import Ingestion

        outcomes: list[FileOutcome] = []
        settings, given = self.place.settings, of or self.given
        with Ingestion(self.place.database, settings, given, settings.limits, said, version=version()) as ingestion:
            ingestion.ingest_all(inputs, outcomes.append)
        return outcomes

    def digests_at(self, location: bytes) -> frozenset[bytes]:
        """Of what the ledger has there."""
        from store.read.ledger import list_digests

        return frozenset() if self.connection is None else list_digests(self.connection, location)

    def runs_below(self, location: bytes) -> list[RunRef]:
        """As the ledger has it."""
        from store.read.run_names import list_runs_below

        return [] if self.connection is None else [run for _, run in list_runs_below(self.connection, location)]


@contextmanager
def _fetching(place: Place, options: Options, is_expected: bool) -> Iterator[Fetching]:
    """A fetch into the store, or one that only looks."""
    from ingest.fetch.fetching import Fetching
    from store.connect import open_reader, open_writer

    if not options.is_plan:
        open_writer(place.database).close()  # made, or of this version, before anything is asked for
    connection = open_reader(place.database) if place.database.exists() else None
    try:
        yield Fetching(
            _Stored(place, RunIdentity(pipeline=options.pipeline, environment=options.environment), connection),
            place.settings.limits,
            is_plan=options.is_plan,
            is_expected=is_expected,
            is_again=options.is_again,
            on_run=_tell_run if sys.stderr.isatty() else lambda _: None,
        )
    except KeyboardInterrupt:
        click.echo("what was fetched is stored; the same command goes on with the rest", err=True)
        raise
    finally:
        if connection is not None:
            connection.close()


def _tell_run(run: FetchedRun) -> None:
    """Say what became of a run, while a person waits."""
    from tui.exports.fetched import run_name

    click.echo(f"{run.status.value} {run_name(run)}", err=True)


def _tell(api: Api, fetched: Fetched, options: Options) -> None:
    """All of it as one document, or what a person wants to know."""
    from tui.exports.fetched import fetched_document, fetched_sentence, tally_of

    if options.as_json:
        from tui.output import write_json

        write_json(fetched_document(shown_url(api.url), fetched))
        return
    tell_refused(fetched.files)
    tell_warnings(fetched.files)
    tell_pruned(fetched.files)
    _tell_not_fetched(fetched)
    if options.is_plan:
        _print_plan(fetched)
    click.echo(fetched_sentence(fetched, options.is_plan))
    if not options.is_plan:
        click.echo(tally_of(fetched).sentence())


def _tell_not_fetched(fetched: Fetched) -> None:
    """Name runs that failed, count those without reports, and say what could not be listed, on standard error."""
    from collections import Counter

    from ingest.clean import clean
    from ingest.fetch.fetching import RunStatus
    from tui.exports.fetched import run_name

    failing = RunStatus.FAILED
    failed = [run for run in fetched.runs if run.status is failing]
    for run in failed[:_TOLD]:
        click.echo(f"failed {run_name(run)}: {clean(run.reason)}", err=True)
    if len(failed) > _TOLD:
        click.echo(f"... and {len(failed) - _TOLD} more runs failed; `--json` has them all", err=True)
    without = Counter(
        (run.status.value, run.reason) for run in fetched.runs if run.reason and run.status is not failing
    )
    for (status, reason), runs in without.items():
        click.echo(f"note: {runs:,} {'run' if runs == 1 else 'runs'} {status}, {reason}", err=True)
    for problem in fetched.problems:
        click.echo(f"crywolf: {clean(problem)}", err=True)


def _print_plan(fetched: Fetched) -> None:
    """The runs that would be fetched, and what they left."""
    from ingest.fetch.fetching import RunStatus
    from ingest.identity import clean_identity
    from tui.exports.fetched import artifacts_text
    from tui.output import DASH, print_table
    from tui.times import minute

    planned = [run for run in fetched.runs if run.status is RunStatus.PLANNED]
    if planned:
        known = [clean_identity(run.identity) for run in planned]
        cells = (
            (
                minute(one.start_ms) if one.start_ms is not None else DASH,
                one.pipeline or DASH,
                f"{one.run_id or DASH}" + (f" #{one.run_attempt}" if (one.run_attempt or 1) > 1 else ""),
                one.branch or DASH,
                artifacts_text(run) or DASH,
            )
            for one, run in zip(known, planned, strict=True)
        )
        print_table(("start (UTC)", "pipeline", "run", "branch", "artifacts"), cells)
