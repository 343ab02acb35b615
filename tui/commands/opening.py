"""Opening the store for a command: read-only, with its settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from store.access import allow
from store.connect import Connection, Error, one_state, open_reader, translate
from tui.locations import Place, locate


def place_of(ctx: click.Context) -> Place:
    """Store and settings, from `--db` of the group and everything below it; from here on it is used as they say."""
    place = locate(ctx.find_root().obj)
    settings, said = place.settings, ctx.find_root().params
    allow(
        durable=settings.durable or bool(said.get("durable")),
        group=settings.group,
        network=settings.network or bool(said.get("allow_network_fs")),
    )
    return place


@contextmanager
def reader(ctx: click.Context) -> Iterator[Connection]:
    """A read-only connection to the store as it is now, whatever others write meanwhile; closed in the end.

    Raises:
        store.errors.StoreError: there is no store, or it cannot be read.
    """
    path = place_of(ctx).database
    connection = open_reader(path)
    try:
        with one_state(connection):
            yield connection
    except Error as problem:
        raise translate(problem, path) from problem
    finally:
        connection.close()
