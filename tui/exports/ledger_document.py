"""The alarm ledger as the JSON document that other tools rely on: keys may be added, none is renamed."""

from __future__ import annotations

from analysis.ledger import Alarm, LedgerCounts
from tui.answers.ledger import LedgerAnswer, LedgerRow, LedgerSum
from tui.exports.shapes import (
    Json,
    called_json,
    case_json,
    change_json,
    interval_json,
    run_json,
    run_or_null,
    window_json,
)


def ledger_document(answer: LedgerAnswer) -> Json:
    """`crywolf ledger --json`; `waivers` are the alarms called flaky or environment that a change healed."""
    return {
        "window": window_json(answer.window),
        "total": counts_json(answer.total),
        "tests": [_row_json(row) for row in answer.rows],
        "suites": [_sum_json(one) for one in answer.suites],
        "teams": [_sum_json(one) for one in answer.teams],
        "services": [_sum_json(one) for one in answer.services],
        "waivers": [
            {**case_json(row.case, row.scope), **alarm_json(alarm)}
            for row in answer.rows
            for alarm in row.alarms
            if alarm.is_waived_wrongly
        ],
    }


def counts_json(counts: LedgerCounts) -> Json:
    """What people said is the headline; what was inferred stands apart."""
    return {
        "alarms": counts.alarms,
        "confirmed": {
            "real": counts.said_real,
            "cried_wolf": counts.said_wolf,
            "environment": counts.said_environment,
            "precision": interval_json(counts.precision),
        },
        "inferred": {
            "real": counts.inferred_real,
            "cried_wolf": counts.inferred_wolf,
            "environment": counts.inferred_environment,
            "precision": interval_json(counts.inferred_precision),
        },
        "undecided": counts.undecided,
        "lost_seconds": round(counts.lost_seconds, 3),
    }


def alarm_json(alarm: Alarm) -> Json:
    """One red stretch; `called` is null where nobody said what it was."""
    said = alarm.said
    return {
        "first": run_json(alarm.first),
        "last": run_json(alarm.last),
        "recovered": run_or_null(alarm.recovered),
        "red_runs": alarm.red_runs,
        "label": alarm.label.replace(" ", "_"),
        "source": "inferred" if said is None else "confirmed",
        "called": called_json(said),
        "healed_by": change_json(alarm.healed_by) if alarm.healed_by else None,
    }


def _row_json(row: LedgerRow) -> Json:
    return {
        **case_json(row.case, row.scope),
        "owners": list(row.owners),
        "runs": row.runs,
        **counts_json(row.counts),
        "history": [alarm_json(alarm) for alarm in row.alarms],
    }


def _sum_json(one: LedgerSum) -> Json:
    return {"name": one.name, "tests": one.tests, **counts_json(one.counts)}
