"""`crywolf demo`: the dashboard on sample data, in a temporary store; without a terminal the five answers as text."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from ingest.model import RunIdentity
from ingest.settings import Settings, load_settings
from tui.answers.query import Query
from tui.locations import Place
from tui.output import has_screen


@click.command("demo")
@click.option("--text", "as_text", is_flag=True, help="Print the five answers; the default without a terminal.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
@click.pass_context
def demo_command(ctx: click.Context, as_text: bool, ascii_only: bool) -> None:
    """Three weeks of a web shop's test suites: a regression, an outage, flaky tests, a store thrown away after."""
    samples = sample_folder()
    if samples is None:
        raise click.UsageError(
            "the sample reports are not here: they are in crywolf's source, in sample_reports/data; "
            "get the source and run `make demo` there"
        )
    with tempfile.TemporaryDirectory(prefix="crywolf-demo-") as folder:
        database = Path(folder) / "demo.db"
        query = Query(settings=_ingest(database, samples))
        if as_text or not has_screen():
            _print_answers(database, query)
            return
        from tui.start import run_dashboard

        code = run_dashboard(database, query, watch=(), ascii_only=ascii_only, theme=None, is_kept_in_mind=False)
    if code:
        ctx.exit(code)


def sample_folder() -> Path | None:
    """The sample reports beside the package; None in an installation without them."""
    import tui

    folder = Path(tui.__file__).parent.parent / "sample_reports" / "data"
    return folder if folder.is_dir() else None


def _ingest(database: Path, samples: Path) -> Settings:
    """Fill the temporary store; nothing of the person's own settings or CI environment counts."""
    from tui.commands.ingest import ingest_paths

    file = samples / "crywolf.toml"
    place = Place(database, "demo", load_settings(file) if file.is_file() else Settings())
    _, tally = ingest_paths(place, (str(samples),), RunIdentity(), environ={})
    click.echo(tally.sentence(), err=True)
    return place.settings


def _print_answers(database: Path, query: Query) -> None:
    """The five answers as text on standard output."""
    from store.connect import open_reader
    from tui.answers.triage import answer_triage
    from tui.exports.five_answers import five_answers
    from tui.output import print_rich, styled

    connection = open_reader(database)
    try:
        answer = answer_triage(connection, query)
    finally:
        connection.close()
    print_rich(*(styled(*pieces) for pieces in five_answers(answer)))
