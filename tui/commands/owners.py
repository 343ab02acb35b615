"""`crywolf owners PATH...`: whose files are."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ingest.errors import Refused
from tui.commands.options import json_option
from tui.output import print_table, write_json


@click.command("owners")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--codeowners",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Use this CODEOWNERS file and no store; one in .gitlab/ follows GitLab's rules.",
)
@click.option("--repository", metavar="NAME", help="Only the CODEOWNERS files of this repository.")
@json_option
@click.pass_context
def owners_command(
    ctx: click.Context, paths: tuple[str, ...], codeowners: Path | None, repository: str | None, as_json: bool
) -> None:
    """Owners of paths as the last matching rule of CODEOWNERS names them. The files need not exist."""
    found = _from_file(codeowners, paths) if codeowners else _from_store(ctx, paths, repository)
    if as_json:
        write_json({path: list(owners) for path, owners in found.items()})
    else:
        print_table(("path", "owners"), ((path, " ".join(owners) or "unowned") for path, owners in found.items()))


def _from_file(file: Path, paths: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Owners by one CODEOWNERS file."""
    from ingest.catalog.codeowners import matcher_of, read
    from ingest.limits import Limits

    try:
        matcher = matcher_of(read(file.read_bytes(), os.path.abspath(file), Limits()))
    except (OSError, Refused) as problem:
        raise click.UsageError(f"{file} cannot be used: {problem}") from problem
    return {path: matcher.owners(path) for path in paths}


def _from_store(ctx: click.Context, paths: tuple[str, ...], repository: str | None) -> dict[str, tuple[str, ...]]:
    """Owners by the CODEOWNERS files and rules of the store."""
    from ingest.catalog.codeowners import owners_of
    from store.read.catalog import list_owner_files
    from tui.commands.opening import reader

    with reader(ctx) as connection:
        files = [known.file for known in list_owner_files(connection) if repository in (None, known.repository)]
    return {path: owners_of(path, files) for path in paths}
