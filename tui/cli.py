"""The entry point. Commands are loaded when called; one table maps exceptions to exit codes.

Nothing heavy is imported here: `crywolf --help` is answered before Textual, rich, numpy or the store are touched.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple, NoReturn

import click

from ingest.errors import IngestError
from store.errors import StoreError
from tui.errors import AnswerError
from tui.exit_codes import INTERRUPTED, OK, UNUSABLE, USAGE
from tui.streams import prepare_streams


class Entry(NamedTuple):
    """A command that is imported when it is called."""

    section: str
    name: str
    module: str
    attribute: str
    summary: str


LOOK, ACT, BRING, KEEP = "Questions", "Acting", "Bringing results in", "Housekeeping"
_ROWS = (
    (LOOK, "dashboard", "open the dashboard (also without a command)"),
    (LOOK, "failures", "what is red, and is it real"),
    (LOOK, "suspects", "which change most likely broke a test"),
    (LOOK, "timeline", "since when a test fails, stream by stream"),
    (LOOK, "flakes", "which tests cry wolf, and how often"),
    (LOOK, "slower", "which tests became slower or faster"),
    (LOOK, "clusters", "which failures are the same, and what they speak of"),
    (LOOK, "ledger", "which alarms were worth it, and which cried wolf"),
    (LOOK, "silent", "what is not tested any more, without anything being red"),
    (LOOK, "flows", "how the journeys are that the business lives on"),
    (LOOK, "owners", "whose files and tests are"),
    (LOOK, "changes", "what was deployed, and what failed after it"),
    (LOOK, "runs", "which runs there are, with their results"),
    (LOOK, "run", "what was red in a run, and what was deployed before it"),
    (LOOK, "service", "how a service is, what it needs, what changed, its tests"),
    (LOOK, "gate", "may a run pass: exit 1 only for red that is real"),
    (LOOK, "export", "write a summary, a hand-over or a picture"),
    (LOOK, "demo", "the dashboard on sample data"),
    (LOOK, "serve", "the dashboard in a browser"),
    (ACT, "triage", "acknowledge, claim, assign, note, quarantine; the log"),
    (BRING, "ingest", "read reports, changes, catalogs and owners"),
    (BRING, "fetch", "read results and deployments from CI servers"),
    (BRING, "watch", "follow result directories until interrupted"),
    (BRING, "record", "note a deployment, or the history of a checkout"),
    (BRING, "rejected", "which files were refused, and why"),
    (KEEP, "doctor", "health of the store"),
    (KEEP, "prune", "remove old results, keep their sums"),
    (KEEP, "sql", "read-only SQL on the store"),
    (KEEP, "tests", "renamed tests: record, list, suggest"),
    (KEEP, "config", "effective settings with their origin"),
    (KEEP, "completion", "print the completion script of a shell"),
)
COMMANDS = {
    name: Entry(section, name, f"tui.commands.{name}", f"{name}_command", summary) for section, name, summary in _ROWS
}


class ReaderGone(Exception):
    """Whoever read standard output has closed it, such as `head`."""


class OutputLost(Exception):
    """Standard output cannot be written."""


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})

EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (AnswerError, USAGE),
    (IngestError, USAGE),
    (StoreError, UNUSABLE),
    (OutputLost, UNUSABLE),
    (KeyboardInterrupt, INTERRUPTED),
    (click.Abort, INTERRUPTED),
    (ReaderGone, OK),
    (BrokenPipeError, OK),
)
"""First match wins. Codes that are no exception: 1, the answer is "problem"; 3, some input was refused."""


DASHBOARD = "dashboard"


class LazyGroup(click.Group):
    """A group that knows its commands' names and summaries, and imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(entry.module), entry.attribute)
        if cmd_name != DASHBOARD:  # that one turns it on again after its first paint
            gc.enable()
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; where there is none, the one that is spelled most like it."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as problem:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            if not near:
                raise
            raise click.UsageError(f"{problem.message} Did you mean {near[0]!r}?", ctx) from problem

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click itself would turn a broken pipe into exit code 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as problem:
            raise ReaderGone from problem

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Summaries by section, from the table and not from the commands."""
        for section in (LOOK, ACT, BRING, KEEP):
            with formatter.section(section):
                formatter.write_dl([(e.name, e.summary) for e in COMMANDS.values() if e.section == section])


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print name and version and leave."""
    if wanted and not ctx.resilient_parsing:
        from tui.version import version

        click.echo(f"crywolf {version()}")
        ctx.exit()


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--db",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="The store. Else CRYWOLF_DB, else crywolf.toml, else your data directory.",
)
@click.option(
    "--durable", is_flag=True, envvar="CRYWOLF_DURABLE", help="Commits wait for the disk; or CRYWOLF_DURABLE=1."
)
@click.option("--allow-network-fs", is_flag=True, help="Use a store on a network file system: one writer at a time.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Version.")
@click.pass_context
def cli(ctx: click.Context, db: str | None, durable: bool, allow_network_fs: bool) -> None:
    """Tells which red is real: flaky tests, outages and regressions of suites that several teams share.

    Without a command it opens the dashboard.
    """
    ctx.obj = db
    if ctx.invoked_subcommand is None:
        command = cli.get_command(ctx, DASHBOARD)
        assert command is not None
        ctx.invoke(command)


def exit_code(problem: BaseException) -> int | None:
    """Exit code of an exception; None: a defect of crywolf, shown with its traceback."""
    if isinstance(problem, click.ClickException):
        return USAGE
    return next((code for kind, code in EXIT_CODES if isinstance(problem, kind)), None)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; narration and errors go to standard error."""
    try:
        returned = cli.main(args=arguments, prog_name="crywolf", standalone_mode=False)
        sys.stdout.flush()
        return returned if isinstance(returned, int) else OK
    except BaseException as raised:
        problem = _named(raised, sys.argv[1:] if arguments is None else arguments)
        code = exit_code(problem)
        if code is None:
            raise
        _tell(problem)
        return code


def _named(problem: BaseException, arguments: Sequence[str]) -> BaseException:
    """The exception, or what it stands for: an error of no file is standard output's, one of bytes an argument's."""
    if isinstance(problem, UnicodeEncodeError):
        for text in arguments:
            if not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text):
                return click.UsageError(
                    f"not in UTF-8, as every name is: {text.encode('utf-8', 'backslashreplace').decode()}"
                )
    if isinstance(problem, OSError) and problem.filename is None and problem.errno in _NO_ROOM:
        return OutputLost(f"the answer is lost: standard output cannot be written ({problem.strerror})")
    return problem


def main() -> NoReturn:
    """The `crywolf` script. While it imports there is no garbage, but looking for it takes a tenth of the time."""
    gc.disable()
    prepare_streams()
    sys.exit(run())


def _tell(problem: BaseException) -> None:
    """Say on standard error what was wrong; after a broken pipe or an interrupt, stay silent."""
    if isinstance(problem, ReaderGone | BrokenPipeError | OutputLost):
        # Python flushes stdout once more at exit, where nobody takes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(problem, ReaderGone | BrokenPipeError):
        return
    if isinstance(problem, click.UsageError):
        problem.show()
    elif isinstance(problem, KeyboardInterrupt | click.Abort):
        click.echo("interrupted", err=True)
    else:
        text = problem.format_message() if isinstance(problem, click.ClickException) else str(problem)
        click.echo(f"crywolf: {text}", err=True)


if __name__ == "__main__":
    main()
