"""`crywolf watch DIR...`: scan, then follow, until interrupted."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.sources.inputs import Input
from tui.answers.query import Query
from tui.commands.identity import identity_options
from tui.commands.opening import place_of
from tui.exports.ingested import file_row
from tui.version import version

if TYPE_CHECKING:
    from ingest.pipeline import Ingestion

Tell = Callable[[FileOutcome], None]


@click.command("watch")
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(exists=True, file_okay=False))
@identity_options
@click.option("--poll", is_flag=True, help="Look by listing only: for network and container file systems.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, one a line.")
@click.option("--parent", type=int, hidden=True, help="End when this process is gone.")
@click.pass_context
def watch_command(
    ctx: click.Context, folders: tuple[str, ...], identity: RunIdentity, poll: bool, as_json: bool, parent: int | None
) -> None:
    """Read what is in the folders, then what is written there, until interrupted.

    A file that is still being written is waited for; one that stays cut for 30 seconds is refused.
    """
    from ingest.pipeline import Ingestion
    from ingest.sources.live import Follower
    from tui.answers.keeping import keep_triage

    place = place_of(ctx)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if parent is not None:
        _stop_with(parent, stop)
    tell = _tell_json if as_json else _tell_text
    limits = place.settings.limits
    with Ingestion(place.database, place.settings, identity, limits, os.environ, version=version()) as ingestion:
        query = Query(settings=place.settings)
        follower = Follower(
            folders,
            lambda inputs: _take(ingestion, inputs),
            tell,
            rest=lambda: keep_triage(place.database, query),
            use_polling=poll,
        )
        if not as_json:
            click.echo(f"watching {', '.join(folders)}; ctrl+c ends it", err=True)
        follower.follow(stop)


def _take(ingestion: Ingestion, inputs: Sequence[Input]) -> list[FileOutcome]:
    """Read and commit some inputs: a single one at once, many in groups."""
    outcomes: list[FileOutcome] = []
    ingestion.ingest_all(inputs, outcomes.append)
    return outcomes


def _tell_json(outcome: FileOutcome) -> None:
    """One line of JSON, flushed."""
    click.echo(json.dumps(file_row(outcome), ensure_ascii=False))


def _tell_text(outcome: FileOutcome) -> None:
    """One line for a person; what is skipped is not news."""
    from ingest.clean import clean_line

    if outcome.status is FileStatus.SKIPPED:
        return
    place = clean_line(outcome.path) + (f":{outcome.line}" if outcome.line else "")
    click.echo(f"{outcome.status.value:9}  {place}  {outcome.reason or _counts(outcome)}".rstrip())


def _counts(outcome: FileOutcome) -> str:
    """Results of a file by outcome; empty for a file without any."""
    counts = outcome.counts
    kinds = ("passed", "failed", "errored", "flaky", "skipped")
    return ", ".join(f"{getattr(counts, kind)} {kind}" for kind in kinds if getattr(counts, kind))


def _stop_with(parent: int, stop: threading.Event) -> None:
    """Stop when the process that started this one is gone."""

    def look() -> None:
        while not stop.wait(1.0):
            if os.getppid() != parent:
                stop.set()

    threading.Thread(target=look, name="crywolf-parent", daemon=True).start()
