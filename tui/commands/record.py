"""`crywolf record`: note a deployment by hand, for teams that have no feed, or the history of a checkout."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from ingest.model import Change, Commit, Failure
from tui.answers.query import Moment
from tui.commands.completing import complete_service
from tui.commands.opening import place_of
from tui.commands.options import moment
from tui.locations import Place
from tui.present import count
from tui.times import iso


@click.group("record")
def record_command() -> None:
    """Note something by hand that no feed tells."""


@record_command.command("deploy")
@click.option("--service", required=True, metavar="NAME", shell_complete=complete_service, help="What was deployed.")
@click.option("--version", required=True, metavar="VERSION", help="Version that is deployed now.")
@click.option("--environment", required=True, metavar="NAME", help="Where.")
@click.option(
    "--at", type=moment, metavar="TIME", help="When it was done: ISO-8601, or 10m back from now. Default: now."
)
@click.option("--title", default="", metavar="TEXT", help="What it contains, such as the commit's title.")
@click.option("--author", default="", metavar="NAME", help="Who made it.")
@click.option("--url", default="", metavar="URL", help="Where it can be looked at.")
@click.option("--commit", default="", metavar="SHA", help="Commit that was deployed.")
@click.option(
    "--id", "change_id", default="", metavar="ID", help="Its id in your own system; the same id is one change."
)
@click.pass_context
def deploy_command(ctx: click.Context, /, at: Moment | None, **given: str) -> None:
    """Note a deployment. Noting the same service, version, environment and time again changes nothing."""
    place = place_of(ctx)
    change = _change(place, given, _at_ms(at))
    _write(place, (change,))
    click.echo(f"recorded {change.service} {change.to_version} in {change.environment} at {iso(change.at_ms)}")
    click.echo(change.change_id)


@record_command.command("git")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--repository", metavar="NAME", help="Whose history it is, as other feeds name it.")
@click.option(
    "--revision", default="HEAD", show_default=True, metavar="REV", help="Branch, tag or commit to read from."
)
@click.option(
    "--since", default="", metavar="TIME", help="Only commits since then, as git has it: 30.days, 2026-03-01."
)
@click.pass_context
def git_command(ctx: click.Context, folder: Path, repository: str | None, revision: str, since: str) -> None:
    """Note the history of a checkout.

    Its commits are attached to deploys, and are changes of the tests. Again changes nothing.

    Runs `git log` in FOLDER, and nothing that the repository's own settings name.
    """
    from ingest.changes.gitlog import read_repository
    from ingest.scrub import scrub

    place = place_of(ctx)
    batch = read_repository(folder, limits=place.settings.limits, repository=repository, revision=revision, since=since)
    batch = scrub(batch, Counter())
    for warning in batch.warnings:
        click.echo(f"warning: {warning}", err=True)
    _write(place, batch.changes, tuple(merged.commit for merged in batch.merged))
    commits, changes = count(len(batch.merged), "commit"), count(len(batch.changes), "change")
    click.echo(f"recorded {commits}, {changes} of the tests")


def _at_ms(at: Moment | None) -> int:
    """When it was done; this is where the wall clock counts, for the person says "now"."""
    now_ms = int(time.time()) * 1000
    if at is None:
        return now_ms
    return at.at_ms if at.at_ms is not None else now_ms - (at.back_ms or 0)


def _change(place: Place, given: dict[str, str], at_ms: int) -> Change:
    """The change, cleaned and without secrets, under the service's and environment's usual names."""
    from ingest.changes.record import record_deploy
    from ingest.clean import clean_line
    from ingest.redact import redact

    text = {name: redact(clean_line(value)) for name, value in given.items()}
    for name in ("service", "version", "environment"):
        if not text[name]:
            raise click.UsageError(f"--{name} is empty")
    service = place.settings.service_name(text["service"])
    environment = place.settings.environment_name(text["environment"])
    return record_deploy(
        service,
        text["version"],
        environment,
        at_ms,
        change_id=text["change_id"],
        title=text["title"],
        author=text["author"],
        url=text["url"],
        commit=text["commit"],
    )


def _write(place: Place, changes: Sequence[Change], commits: Sequence[Commit] = ()) -> None:
    """Write them; what is known of them already is completed."""
    from ingest.changes.merge import merge_change, merge_commits
    from store.write import Writer

    writer = Writer(place.database, _no_signature)
    try:
        with writer.transaction():
            writer.feed.record_changes(changes, merge_change)
            writer.feed.record_commits(commits, lambda old, new: merge_commits((old, new))[0])
    finally:
        writer.close()


def _no_signature(_: Failure) -> tuple[int, str, str]:
    """A change has no failures to sign."""
    raise AssertionError("a change carries no failure")
