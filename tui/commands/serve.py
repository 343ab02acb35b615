"""`crywolf serve`: the dashboard in a browser."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from tui.commands.dashboard import dashboard_command
from tui.commands.opening import place_of

TOKEN_VARIABLE = "CRYWOLF_TOKEN"
DEFAULT_PORT = 8321


@click.command("serve", context_settings={"ignore_unknown_options": True})
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(1, 65535), help="Where to listen.")
@click.option(
    "--token", "with_token", is_flag=True, help="Ask for a token on this machine too; elsewhere it always is."
)
@click.option("--url", metavar="URL", default="", help="Where browsers reach it, such as behind a proxy with TLS.")
@click.argument("options", metavar="[DASHBOARD_OPTION]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def serve_command(
    ctx: click.Context, host: str, port: int, with_token: bool, url: str, options: tuple[str, ...]
) -> None:
    """Serve the dashboard to browsers.

    A DASHBOARD_OPTION is one that `crywolf dashboard` takes, such as --environment or --read-only.

    Who opens a page can acknowledge, claim and quarantine, unless it is served with --read-only. Beyond this machine a
    token is needed: the variable CRYWOLF_TOKEN, else one is made up; it is in the address that is printed.
    Keys that run commands are not there in a browser.
    """
    if find_spec("textual_serve") is None:
        raise click.UsageError("serving needs more packages: pip install 'crywolf[serve]'")
    if url and not url.startswith(("http://", "https://")):
        raise click.UsageError("--url is such as https://crywolf.example")
    place = place_of(ctx)
    dashboard_command.make_context("dashboard", list(options), parent=ctx.find_root()).close()
    from tui.browser.server import DashboardServer, command_line, is_loopback, serve

    token = _token() if with_token or url or not is_loopback(host) else ""
    command = command_line([_script(), "--db", str(place.database), "dashboard", *options])
    server = DashboardServer(command, host, port, token=token, url=url)
    click.echo(f"the dashboard is at {server.address}   ctrl+c ends it", err=True)
    try:
        serve(server)
    except OSError as problem:
        raise click.ClickException(f"{host}:{port}: {problem.strerror or problem}") from None


def _token() -> str:
    from tui.browser.server import SHORTEST_TOKEN

    given = os.environ.get(TOKEN_VARIABLE, "")
    if given and re.fullmatch(rf"[A-Za-z0-9_-]{{{SHORTEST_TOKEN},}}", given) is None:
        raise click.UsageError(f"{TOKEN_VARIABLE} needs {SHORTEST_TOKEN} letters and digits or more")
    return given or secrets.token_urlsafe(24)


def _script() -> str:
    """The `crywolf` script beside this interpreter, else the one that is found."""
    beside = Path(sys.executable).with_name("crywolf")
    return str(beside) if beside.exists() else shutil.which("crywolf") or "crywolf"
