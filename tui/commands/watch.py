"""`crywolf watch DIR...`: scan, then follow, until interrupted."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.sources.inputs import Input
from ingest.sources.live import TailStatus
from tui.answers.query import Query
from tui.commands.identity import identity_options
from tui.commands.ingest import RANKING_S
from tui.commands.opening import place_of
from tui.exports.ingested import file_row
from tui.streams import drawing
from tui.version import version

if TYPE_CHECKING:
    from ingest.pipeline import Ingestion

Tell = Callable[[FileOutcome], None]
_EVERY_S = 10.0
"""Off a terminal, while files are waited for."""


@click.command("watch")
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(exists=True, file_okay=False))
@identity_options
@click.option("--poll", is_flag=True, help="Look by listing only: for network and container file systems.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, one a line.")
@click.option("--parent", type=int, hidden=True, help="End when this process is gone.")
@click.option("--status", "status_file", type=click.Path(path_type=Path), hidden=True, help="Keep the status here.")
@click.pass_context
def watch_command(
    ctx: click.Context,
    folders: tuple[str, ...],
    identity: RunIdentity,
    poll: bool,
    as_json: bool,
    parent: int | None,
    status_file: Path | None,
) -> None:
    """Read what is in the folders, then what is written there, until interrupted.

    A file that is still being written is waited for; one that stays cut for 30 seconds is refused. The status line on
    standard error counts files: seen, in, waiting, refused; lag is how long the last one took from found to committed.
    """
    from ingest.pipeline import Ingestion
    from ingest.sources.live import Follower
    from tui.answers.keeping import keep_triage

    place = place_of(ctx)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if parent is not None:
        _stop_with(parent, stop)
    line = _StatusLine(sys.stderr.isatty(), status_file, is_quiet=as_json or status_file is not None)
    tell = line.around(_tell_json if as_json else _tell_text)
    limits = place.settings.limits
    with Ingestion(place.database, place.settings, identity, limits, os.environ, version=version()) as ingestion:
        query = Query(settings=place.settings)
        follower = Follower(
            folders,
            lambda inputs: _take(ingestion, inputs),
            tell,
            rest=lambda: keep_triage(place.database, query, most_s=RANKING_S),
            report=line.report,
            use_polling=poll,
        )
        if not as_json:
            click.echo(f"watching {', '.join(folders)}; ctrl+c ends it", err=True)
        try:
            follower.follow(stop)
        finally:
            line.close(follower.status)


class _StatusLine:
    """Says how the tail is: on a terminal one line that stays below all others, else a line now and then."""

    def __init__(self, is_terminal: bool, file: Path | None, *, is_quiet: bool) -> None:
        self._is_terminal = is_terminal
        self._file = file
        self._is_quiet = is_quiet and not is_terminal
        self._due = 0.0
        self._shown = ""

    def around(self, tell: Tell) -> Tell:
        """Tell of a file above the line."""

        def told(outcome: FileOutcome) -> None:
            self._wipe()
            tell(outcome)

        return told

    def report(self, status: TailStatus) -> None:
        """Show a status; off a terminal only when nothing is waited for, and every ten seconds."""
        if self._file is not None:
            _replace(self._file, status.sentence())
        if self._is_terminal:
            self._wipe()
            self._shown = status.sentence()
            click.echo(self._shown, err=True, nl=False)
        elif status.waiting == 0 or time.monotonic() >= self._due:
            self._print(status)

    def close(self, status: TailStatus) -> None:
        """The last status, for good."""
        self._wipe()
        self._print(status)

    def _print(self, status: TailStatus) -> None:
        if not self._is_quiet and self._shown != status.sentence():
            self._due = time.monotonic() + _EVERY_S
            self._shown = status.sentence()
            click.echo(self._shown, err=True)

    def _wipe(self) -> None:
        if self._is_terminal and self._shown:
            drawing(sys.stderr).write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = ""


def _replace(path: Path, text: str) -> None:
    """Put a text into a file at once; it is only a hint, so a full disk is no reason to stop."""
    fresh = path.with_name(path.name + ".part")
    with suppress(OSError):
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, path)


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
