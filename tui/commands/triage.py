"""`crywolf triage`: acting on incidents and tests without the dashboard, and the log of what was done."""

from __future__ import annotations

import time

import click

from analysis.handling import FOR_GOOD, UNTIL_FIXED, Action
from tui.answers.acting import VERDICTS, Done, Wish, act, find_subject, parse_expiry
from tui.answers.merging import find_members, merge, split
from tui.answers.query import Moment
from tui.answers.sessions import Session, end_session, list_sessions, start_session
from tui.answers.triage_log import LoggedDeed, answer_log
from tui.answers.undoing import events_of_deed, undo
from tui.commands.completing import complete_subject
from tui.commands.opening import place_of, reader
from tui.commands.options import json_option, moment
from tui.output import print_table, write_json
from tui.times import iso, iso_or_none, minute

_subjects = click.argument("subjects", metavar="SUBJECT...", nargs=-1, required=True, shell_complete=complete_subject)
_expect = click.option(
    "--expect", type=int, metavar="EVENT", help="Only if this is the last event on it (`triage log --json`)."
)


@click.group("triage")
def triage_command() -> None:
    """Acknowledge, claim, assign, note, quarantine, merge, split: everything is kept with who and when.

    SUBJECT is an incident's id or a test, each by any unambiguous part. Nothing is written where somebody else acted
    meanwhile.
    """


def _simple(action: Action, summary: str) -> None:
    """A command that takes nothing but its subjects."""

    @triage_command.command(str(action), help=summary, short_help=summary)
    @_subjects
    @_expect
    @click.pass_context
    def command(ctx: click.Context, subjects: tuple[str, ...], expect: int | None) -> None:
        _do(ctx, subjects, Wish(action), expect)


def _with_value(action: Action, metavar: str, summary: str) -> None:
    """A command that takes a value before its subjects."""

    @triage_command.command(str(action), help=summary, short_help=summary)
    @click.argument("value", metavar=metavar)
    @_subjects
    @_expect
    @click.pass_context
    def command(ctx: click.Context, value: str, subjects: tuple[str, ...], expect: int | None) -> None:
        _do(ctx, subjects, Wish(action, value), expect)


_simple(Action.ACK, "Say that somebody has seen it.")
_simple(Action.UNACK, "Take an acknowledgement back.")


@triage_command.command("claim")
@_subjects
@click.option("--until-fixed", is_flag=True, help="Only until it is green; else until it is released.")
@click.option("--take", is_flag=True, help="Also where somebody else has claimed it.")
@_expect
@click.pass_context
def claim_command(
    ctx: click.Context, subjects: tuple[str, ...], until_fixed: bool, take: bool, expect: int | None
) -> None:
    """Say that you look after it."""
    wish = Wish(Action.CLAIM, UNTIL_FIXED if until_fixed else FOR_GOOD, takes_over=take)
    _do(ctx, subjects, wish, expect)


_simple(Action.RELEASE, "Take a claim back, whoever made it.")
_with_value(Action.ASSIGN, "TEAM", "Say whose it is, such as @acme/payments.")
_with_value(Action.NOTE, "TEXT", "Leave a note on it.")
_with_value(
    Action.CONFIRM, "CHANGE", "Say that a change was the cause. CHANGE is its id, or a part of its service and version."
)
_with_value(Action.REFUTE, "CHANGE", "Say that a change was not the cause.")
_with_value(Action.RECLASSIFY, "VERDICT", f"Say what it is: {', '.join(VERDICTS)}.")


@triage_command.command("quarantine")
@_subjects
@click.option("--until", required=True, metavar="DATE", help="2026-12-03 (its beginning in UTC), ISO-8601, 14d or 2w.")
@click.option("--reason", required=True, metavar="TEXT", help="Why.")
@click.option("--owner", required=True, metavar="TEAM", help="Who mends it by then.")
@click.option("--issue", default="", metavar="URL", help="Where that is tracked.")
@_expect
@click.pass_context
def quarantine_command(
    ctx: click.Context,
    subjects: tuple[str, ...],
    until: str,
    reason: str,
    owner: str,
    issue: str,
    expect: int | None,
) -> None:
    """Have failures not count until a date. Of an incident those of all its tests; there is none for ever."""
    until_ms = parse_expiry(until, _now_ms(), place_of(click.get_current_context()).settings)
    _do(ctx, subjects, Wish(Action.QUARANTINE, until_ms=until_ms, reason=reason, owner=owner, issue=issue), expect)


_simple(Action.UNQUARANTINE, "Have its failures count again.")


@triage_command.command("resolve")
@_subjects
@click.option("--as", "verdict", type=click.Choice(VERDICTS), help="What it was.")
@_expect
@click.pass_context
def resolve_command(ctx: click.Context, subjects: tuple[str, ...], verdict: str | None, expect: int | None) -> None:
    """Say that it is fixed. When a later run is red again it comes back by itself."""
    _do(ctx, subjects, Wish(Action.RESOLVE, verdict or ""), expect)


@triage_command.command("merge")
@_subjects
@click.option("--into", required=True, metavar="INCIDENT", help="The one that they become a part of; it keeps its id.")
@click.pass_context
def merge_command(ctx: click.Context, subjects: tuple[str, ...], into: str) -> None:
    """Say that incidents are one. Their ids lead to it; `undo` takes it back."""
    place = place_of(ctx)
    with reader(ctx) as connection:
        target = find_subject(connection, into)
        found = [find_subject(connection, text) for text in subjects]
    for subject in dict.fromkeys(found):
        click.echo(merge(place.database, place.settings, subject, target, clock_ms=_now_ms()).words)


@triage_command.command("split")
@click.argument("incident", metavar="INCIDENT", shell_complete=complete_subject)
@click.argument("tests", metavar="TEST...", nargs=-1, required=True, shell_complete=complete_subject)
@_expect
@click.pass_context
def split_command(ctx: click.Context, incident: str, tests: tuple[str, ...], expect: int | None) -> None:
    """Say that some tests of it are another one. That one has an id of its own."""
    place = place_of(ctx)
    with reader(ctx) as connection:
        subject = find_subject(connection, incident)
        members = find_members(connection, place.settings, subject, tests)
    click.echo(split(place.database, place.settings, subject, members, clock_ms=_now_ms(), seen=expect).words)


@triage_command.command("undo")
@click.argument("event", type=int)
@click.pass_context
def undo_command(ctx: click.Context, event: int) -> None:
    """Take back what was done; EVENT is from `triage log`."""
    place = place_of(ctx)
    with reader(ctx) as connection:
        events = events_of_deed(connection, event)
    click.echo(undo(place.database, place.settings, events, clock_ms=_now_ms()).words)


@triage_command.command("start")
@click.argument("name", required=False)
@click.option(
    "--since", type=moment, metavar="TIME", help="It began then: 2h before the end of the newest run, ISO-8601."
)
@click.pass_context
def start_command(ctx: click.Context, name: str | None, since: Moment | None) -> None:
    """Begin a session on call. What is handled from now on is in its report."""
    place = place_of(ctx)
    click.echo(start_session(place.database, place.settings, name or "", clock_ms=_now_ms(), since=since).words)


@triage_command.command("end")
@click.argument("name", required=False)
@click.pass_context
def end_command(ctx: click.Context, name: str | None) -> None:
    """End a session. It is your own by default; `crywolf export handover` writes its report."""
    place = place_of(ctx)
    click.echo(end_session(place.database, place.settings, name, clock_ms=_now_ms()).words)


@triage_command.command("sessions")
@json_option
@click.pass_context
def sessions_command(ctx: click.Context, as_json: bool) -> None:
    """Sessions, oldest first, and who began them."""
    with reader(ctx) as connection:
        rows = list_sessions(connection)
    if as_json:
        write_json({"sessions": [_session_json(row) for row in rows]})
    elif rows:
        cells = [(row.name, row.actor, minute(row.since_ms), minute(row.until_ms)) for row in rows]
        print_table(("session", "who", "since", "until"), cells)
    else:
        click.echo("there is no session yet; `crywolf triage start` begins one", err=True)


def _session_json(row: Session) -> dict[str, object]:
    return {"name": row.name, "actor": row.actor, "since": iso(row.since_ms), "until": iso_or_none(row.until_ms)}


@triage_command.command("log")
@click.argument("subject", required=False, shell_complete=complete_subject)
@json_option
@click.pass_context
def log_command(ctx: click.Context, subject: str | None, as_json: bool) -> None:
    """What was done, oldest first. All of it, or what was done with SUBJECT."""
    with reader(ctx) as connection:
        chosen = None if subject is None else find_subject(connection, subject)
        rows = answer_log(connection, chosen)
    if as_json:
        write_json({"events": [_json(row) for row in rows]})
    elif rows:
        headers = ("event", "when", "who", "what", "subject")
        cells = [(str(row.event_id), minute(row.at_ms), row.actor, row.words, row.label) for row in rows]
        print_table(headers, cells, numeric=(0,))
    else:
        click.echo("nobody has done anything yet", err=True)


def _json(row: LoggedDeed) -> dict[str, object]:
    """One event; `event` is what `--expect` takes."""
    return {
        "event": row.event_id,
        "at": iso(row.at_ms),
        "actor": row.actor,
        "subject": {"kind": row.kind, "id": row.key, "name": row.label},
        "action": row.action,
        "old": row.old_value,
        "new": row.new_value,
        "undone": row.is_undone,
    }


def _do(ctx: click.Context, subjects: tuple[str, ...], wish: Wish, expect: int | None) -> None:
    """Find all subjects first, so that a misspelt one leaves the others as they are; then act on each."""
    place = place_of(ctx)
    with reader(ctx) as connection:
        found = [find_subject(connection, text) for text in subjects]
    for subject in dict.fromkeys(found):
        done: Done = act(place.database, place.settings, subject, wish, clock_ms=_now_ms(), seen=expect)
        click.echo(done.words)


def _now_ms() -> int:
    """The wall clock: a deed is done when it is done."""
    return int(time.time() * 1000)
