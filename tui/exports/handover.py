"""The shift report as Markdown and as a document: what is open first, for it is read at a glance."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.records import Hypothesis
from tui.answers.handover import SOON_DAYS, Handled, Handover, Judged, OpenItem
from tui.answers.query import DAY_MS
from tui.answers.triage import IncidentRow
from tui.exports.documents import flake_json
from tui.exports.markdown import code, table
from tui.exports.shapes import Json, hypothesis_json, model_json, owners_json, run_json, scope_json, window_json
from tui.output import DASH
from tui.present import VERDICT_WORDS, change_label, count, interval, probability, ratio, scope_text
from tui.times import iso, iso_or_none, minute, span


def handover_markdown(report: Handover) -> str:
    """The report for a chat, an issue or a page."""
    window = report.window
    lines = [f"# Hand-over{': ' + code(report.session.name) if report.session else ''}", ""]
    if window is None:
        return "\n".join([*lines, "There is nothing in the store."]) + "\n"
    who = ", ".join(map(code, report.people)) or "nobody did anything"
    going = " (it goes on)" if report.session and report.session.until_ms is None else ""
    lines += [f"{minute(window.since_ms)} to {minute(window.until_ms)} UTC{going}: {who}", "", _glance(report), ""]
    for title, body in (
        ("Still open", _open(report)),
        ("Done", _done(report)),
        ("What was said of suspects", _suspects(report)),
        ("Came up and is green again", _past(report)),
        ("Red, and nobody has to act", _aside(report)),
        ("Quarantines", _quarantines(report)),
        ("Flakes", _flakes(report)),
        ("What could not be told", _doubts(report)),
    ):
        some = list(body)
        if some:
            lines += [f"## {title}", "", *some, ""]
    return "\n".join(lines).rstrip() + "\n"


def _glance(report: Handover) -> str:
    """The shift in one line."""
    free = sum(not one.is_taken for one in report.open)
    ending = sum(row.left_ms <= SOON_DAYS * DAY_MS for row in report.quarantines)
    parts = [f"**{len(report.open)} still open**" + (f" ({free} nobody's yet)" if free else "")]
    if not report.open:
        parts = ["**nothing open**" if report.health.can_tell else "**nothing known to be open**"]
    parts.append(f"{report.came_up} came up")
    parts.append(f"{count(len(report.past), 'is', 'are')} green again")
    parts.append(count(sum(len(one.deeds) for one in report.handled), "deed"))
    if ending:
        parts.append(f"{count(ending, 'quarantine')} to look at")
    if not report.health.can_tell:
        parts.append("not everything could be looked at")
    return " · ".join(parts)


def _verdict(row: IncidentRow) -> str:
    """The verdict; where somebody said it, who, and what the model says."""
    word = VERDICT_WORDS[row.verdict]
    if row.model is None:
        return word
    return f"{word}, says {code(row.called_by)}; the model {VERDICT_WORDS[row.model[0]]}"


def _open(report: Handover) -> Iterator[str]:
    if not report.open:
        return
    now_ms = report.health.now_ms or 0
    headers = ("", "what", "since", "whose", "state", "top suspect", "P", "tests")
    rows = [
        (
            f"{_verdict(one.row)}{' (new)' if one.is_new else ''}",
            f"{code(one.row.title)} {code(one.row.incident_id)}",
            span(now_ms - one.row.since_ms),
            _whose(one),
            code(one.row.state),
            _suspect(one.row.suspect),
            probability(one.row.hypotheses[0].probability) if one.row.hypotheses else DASH,
            str(one.row.radius.tests),
        )
        for one in report.open
    ]
    yield table(headers, rows)


def _whose(one: OpenItem) -> str:
    """Who looks after it; who has but seen it, or whose it probably is, is not who does."""
    if not one.whose:
        return "**unowned**"
    if one.is_taken:
        return code(one.whose)
    return f"nobody's yet; {'seen by' if one.is_seen else 'probably'} {code(one.whose)}"


def _suspect(suspect: Hypothesis | None) -> str:
    return code(change_label(suspect.change)) if suspect is not None and suspect.change is not None else DASH


def _done(report: Handover) -> Iterator[str]:
    for one in report.handled:
        yield f"- {_named(one)}"
        yield from (f"  - {minute(deed.at_ms)[5:]} {code(deed.actor)} {code(deed.words)}" for deed in one.deeds)


def _named(one: Handled) -> str:
    return f"{code(one.title)} {code(one.key)}" if one.title and one.kind == "incident" else code(one.title or one.key)


def _suspects(report: Handover) -> Iterator[str]:
    for one in report.judged:
        label = change_label(one.change) if one.change else one.deed.new_value or ""
        word = "confirmed" if one.is_confirmed else "refuted"
        yield f"- {code(label)} {word} by {code(one.deed.actor)} for {code(one.deed.label)}"


def _past(report: Handover) -> Iterator[str]:
    for one in report.past:
        yield f"- {code(one.title)} {code(one.incident_id)}, {minute(one.since_ms)} to {minute(one.last_red_ms)}"


def _aside(report: Handover) -> Iterator[str]:
    for one in report.set_aside:
        yield f"- {_verdict(one.row)}: {code(one.row.title)} {code(one.row.incident_id)}, {code(one.row.state)}"


def _quarantines(report: Handover) -> Iterator[str]:
    for row in report.quarantines:
        held = row.quarantine
        end = (
            f"ends {minute(held.until_ms)[:10]}" if row.left_ms > 0 else f"**over since {minute(held.until_ms)[:10]}**"
        )
        now = "still failing" if row.is_red else "not failing"
        said = ", ".join(code(part) for part in (held.reason, held.owner, held.issue) if part)
        yield f"- {code(row.case.identity)} {end}, {now}: {said}"


def _flakes(report: Handover) -> Iterator[str]:
    for row in report.flakes:
        rate = f"{ratio(row.flaky_runs, row.counted_runs)} runs, {interval(row.flake_rate)}"
        owner = ", ".join(map(code, row.owners)) or "unowned"
        yield f"- {code(row.case.identity)} in {code(scope_text(row.scope))}: {rate}, {owner}"


def _doubts(report: Handover) -> Iterator[str]:
    health = report.health
    for one in health.stale:
        yield f"- {code(one.pipeline)} has not reported for {span(one.age_ms)}; its cadence is {span(one.cadence_ms)}"
    for run in health.incomplete:
        yield f"- {code(run.pipeline)} run {code(run.run_id)} is {run.state.value}"
    for pipeline in health.unjudged:
        yield f"- {code(pipeline)} has no run of the baseline branch"
    if health.refused_files:
        yield f"- {count(health.refused_files, 'file')} refused: `crywolf rejected`"


def handover_document(report: Handover) -> Json:
    """`crywolf export handover --format json`."""
    session = report.session
    return {
        "session": session
        and {
            "name": session.name,
            "actor": session.actor,
            "since": iso(session.since_ms),
            "until": iso_or_none(session.until_ms),
        },
        "window": window_json(report.window),
        "people": list(report.people),
        "came_up": report.came_up,
        "open": [_item_json(one) for one in report.open],
        "set_aside": [_item_json(one) for one in report.set_aside],
        "past": [
            {
                "incident": one.incident_id,
                "title": one.title,
                "since": iso(one.since_ms),
                "last_red": iso(one.last_red_ms),
            }
            for one in report.past
        ],
        "handled": [
            {
                "subject": {"kind": one.kind, "id": one.key, "title": one.title},
                "deeds": [
                    {"at": iso(d.at_ms), "actor": d.actor, "action": d.action, "words": d.words} for d in one.deeds
                ],
            }
            for one in report.handled
        ],
        "suspects": [_judged_json(one) for one in report.judged],
        "quarantines": [
            {
                "test": row.case.identity,
                "until": iso(row.quarantine.until_ms),
                "over": row.left_ms <= 0,
                "failing": row.is_red,
                "reason": row.quarantine.reason,
                "owner": row.quarantine.owner,
                "issue": row.quarantine.issue or None,
                "actor": row.quarantine.actor,
            }
            for row in report.quarantines
        ],
        "flakes": [flake_json(row) for row in report.flakes],
        "cannot_tell": {
            "stale": [one.pipeline for one in report.health.stale],
            "incomplete": [run_json(run) for run in report.health.incomplete],
            "unjudged": list(report.health.unjudged),
            "refused_files": report.health.refused_files,
        },
    }


def _item_json(one: OpenItem) -> Json:
    row = one.row
    return {
        "incident": row.incident_id,
        "title": row.title,
        "verdict": row.verdict.value,
        "called_by": row.called_by or None,
        "model": model_json(row.model or (row.verdict, row.probability)),
        "since": iso(row.since_ms),
        "new": one.is_new,
        "state": row.state,
        "whose": one.whose or None,
        "taken": one.is_taken,
        "owners": owners_json(row.owners),
        "tests": [{"test": case.identity, "scope": scope_json(scope)} for case, scope in row.tests],
        "suspect": hypothesis_json(row.suspect) if row.suspect else None,
        "deeds": [{"at": iso(deed.at_ms), "actor": deed.actor, "words": deed.words} for deed in row.deeds],
    }


def _judged_json(one: Judged) -> Json:
    return {
        "change_id": one.deed.new_value,
        "change": change_label(one.change) if one.change else None,
        "confirmed": one.is_confirmed,
        "actor": one.deed.actor,
        "at": iso(one.deed.at_ms),
        "subject": one.deed.label,
    }
