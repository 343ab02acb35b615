"""Options that say what run the reports belong to; they outrank every other source."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from ingest.model import RunIdentity, Trigger

_FIELDS = ("pipeline", "run_id", "run_attempt", "environment", "branch", "revision", "repository", "job", "service")


def shard(text: str) -> tuple[int, int | None]:
    """(index, total) of a shard; total None where only the index is given.

    >>> shard("1/4")
    (1, 4)
    """
    index, slash, total = text.partition("/")
    if not index.isdecimal() or (slash and not total.isdecimal()):
        raise click.BadParameter(f"{text!r} is no shard; write 1/4 for the first of four")
    pair = int(index), int(total) if slash else None
    if pair[0] < 1 or (pair[1] is not None and pair[0] > pair[1]):
        raise click.BadParameter(f"{text!r} is no shard; shards count from 1 to their total")
    return pair


def variant_pair(text: str) -> tuple[str, str]:
    """(key, value) of `key=value`."""
    key, equals, value = text.partition("=")
    if not key.strip() or not equals:
        raise click.BadParameter(f"{text!r} is no variant; write key=value, such as browser=firefox")
    return key.strip(), value.strip()


def identity_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of run identity; it is called with `identity` in their place."""

    @wraps(command)
    def with_identity(*args: Any, **given: Any) -> Any:
        return command(*args, identity=_identity(given), **given)

    decorated: Callable[..., Any] = with_identity
    for decorator in reversed(_decorators()):
        decorated = decorator(decorated)
    return decorated


def _identity(given: dict[str, Any]) -> RunIdentity:
    """What the options say of the run; takes them out of `given`."""
    index, total = given.pop("shard") or (None, None)
    trigger = given.pop("trigger")
    variant: tuple[tuple[str, str], ...] = given.pop("variant")
    return RunIdentity(
        **{name: given.pop(name) for name in _FIELDS},
        trigger=Trigger(trigger) if trigger else None,
        url=given.pop("run_url"),
        shard_index=index,
        shard_total=total,
        variant=tuple(sorted(variant)) or None,
    )


def _decorators() -> list[Callable[[Any], Any]]:
    """One click option each, in the order of the help text."""
    return [
        click.option("--pipeline", metavar="NAME", help="Pipeline that ran the tests."),
        click.option("--run-id", metavar="ID", help="Id of the run."),
        click.option("--run-attempt", type=click.IntRange(min=1), metavar="N", help="Which attempt of the run."),
        click.option("--environment", metavar="NAME", help="Environment that was tested."),
        click.option("--branch", metavar="NAME", help="Branch."),
        click.option("--revision", metavar="SHA", help="Revision of the tests."),
        click.option("--repository", metavar="NAME", help="Repository of the tests."),
        click.option("--trigger", type=click.Choice([t.value for t in Trigger]), help="What started the run."),
        click.option("--run-url", metavar="URL", help="Where the run can be looked at."),
        click.option("--job", metavar="NAME", help="Job within the run."),
        click.option("--shard", type=shard, metavar="I/N", help="Shard i of n."),
        click.option(
            "--variant",
            type=variant_pair,
            multiple=True,
            metavar="K=V",
            help="How it ran: browser=firefox. Repeatable.",
        ),
        click.option("--service", metavar="NAME", help="Service whose pipeline it is."),
    ]
