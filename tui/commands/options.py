"""Options that all reading commands share, and the types they are parsed with."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from tui.answers.query import Moment, Query
from tui.commands.opening import place_of, reader
from tui.times import parse_moment

Function = TypeVar("Function", bound=Callable[..., Any])


def moment(text: str) -> Moment:
    """The moment that an option's text means; a usage error that says what is accepted."""
    try:
        return parse_moment(text)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


_FILTERS = ("pipeline", "environment", "branch", "service", "owner")
_TIMES = ("since", "until", "at")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def query_options(command: Function) -> Function:
    """Give a command the filters and the time window; it is called with `query` in their place."""

    @wraps(command)
    def with_query(*args: Any, **given: Any) -> Any:
        chosen = {name: given.pop(name) for name in (*_TIMES, *_FILTERS)}
        context = click.get_current_context()
        query = Query(**chosen, settings=place_of(context).settings)
        if any(chosen[name] for name in _FILTERS) and not given.get("as_json"):
            _name_unknown(context, query)
        return command(*args, query=query, **given)

    decorated: Any = with_query
    for decorator in reversed(_decorators()):
        decorated = decorator(decorated)
    return decorated  # type: ignore[no-any-return]


def _name_unknown(context: click.Context, query: Query) -> None:
    """Tell a person which filters name nothing that the store holds: that is why the answer is empty."""
    from tui.answers.unknown_names import unknown_names

    with reader(context) as connection:
        for one in unknown_names(connection, query):
            click.echo(f"note: {one}", err=True)


def reading(command: Function) -> Function:
    """Filters, time window and `--json`: what every reading command takes."""
    return query_options(json_option(command))


def _decorators() -> list[Callable[[Any], Any]]:
    """One click option each, in the order of the help text."""
    return [
        click.option(
            "--since",
            type=moment,
            metavar="TIME",
            help="From here on: 14d (the default) or 36h before the end of the newest run, or ISO-8601.",
        ),
        click.option("--until", type=moment, metavar="TIME", help="Up to here."),
        click.option(
            "--at", type=moment, metavar="TIME", help="As if asked then: later runs and changes are not seen."
        ),
        click.option("--pipeline", metavar="NAME", help="Only this pipeline."),
        click.option("--environment", metavar="NAME", help="Only this environment."),
        click.option("--branch", metavar="NAME", help="Only this branch."),
        click.option("--service", metavar="NAME", help="Only tests that exercise it."),
        click.option("--owner", metavar="NAME", help="Only what it owns."),
    ]
