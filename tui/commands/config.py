"""`crywolf config`: effective settings with their origin."""

from __future__ import annotations

import click

from tui.commands.opening import place_of
from tui.commands.options import json_option
from tui.output import print_table, write_json


@click.command("config")
@json_option
@click.pass_context
def config_command(ctx: click.Context, as_json: bool) -> None:
    """Every setting, its value, and which option, variable or file it comes from."""
    from ingest.settings_shown import describe

    place = place_of(ctx)
    rows = [("database", str(place.database), place.database_origin), *describe(place.settings)]
    if as_json:
        write_json({"settings": [{"key": key, "value": value, "origin": origin} for key, value, origin in rows]})
    else:
        print_table(("setting", "value", "origin"), ((key, value or "-", origin) for key, value, origin in rows))
