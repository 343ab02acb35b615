"""What is true of the week, in the words of crywolf's JSON documents."""

from __future__ import annotations

from typing import Any

from sample_reports.story.records import Deploy, Run, iso
from sample_reports.story.releases import moment
from tests.awkward_week import cast, scenes
from tests.awkward_week.ledger import Ledger, RunRow, Stream, identity, stream_of
from tests.awkward_week.scenes import Trouble

RED = ("failed", "errored")


def tell_truth(ledger: Ledger) -> dict[str, Any]:
    """The truth as a JSON document."""
    runs = [row.run for row in ledger.runs]
    now = iso(max(r.end for r in runs))
    asked = [entry for entry in ledger.troubles.values() if entry[0].verdicts and entry[0].kind != "flake"]
    return {
        "schema_version": 1,
        "start": iso(min(r.start for r in runs)),
        "now": now,
        "exit_code": 3,
        "repository": cast.REPOSITORY,
        "services": [{"name": s, "owner": t, "depends_on": list(c)} for s, (t, c) in cast.SERVICES.items()],
        "not_in_catalog": [cast.NOT_IN_CATALOG],
        "without_feed": [cast.WITHOUT_FEED],
        "rejected": [
            {"path": path, "pipeline": run.pipeline, "run_id": run.run_id, "states": ["no report", "incomplete"]}
            for run, path in ledger.refused
        ],
        "late": [_late(run, path, before) for run, path, before in ledger.lates],
        "runs": [_run(row) for row in ledger.runs],
        "totals": _totals(ledger),
        "changes": _changes(ledger),
        "streams": [_stream(ledger, stream, test) for stream, test in sorted(ledger.results)],
        "unknown": [{"test": t, "scope": scope(stream_of(r)), "run": r.run_id} for r, t in ledger.unknowns],
        "suspects": [_suspects(ledger, trouble, tests, now) for trouble, tests in asked],
        "second_attempts": [_second(run, case.name, is_same) for run, case, is_same in ledger.seconds],
        "renamed": _renamed(ledger),
        "volatile": sorted({t for _, t in ledger.results if t.endswith("[")}),
    }


def scope(stream: Stream) -> dict[str, str]:
    """A stream as JSON spells it."""
    return dict(zip(("pipeline", "environment", "branch", "variant"), stream, strict=True))


def _run(row: RunRow) -> dict[str, Any]:
    run = row.run
    return {
        "pipeline": run.pipeline,
        "run_id": run.run_id,
        "attempt": run.attempt,
        "environment": run.environment,
        "branch": run.branch,
        "state": row.state,
        "start": iso(run.start),
        "end": iso(run.end) if row.has_end else None,
        "outcomes": dict(sorted(row.counts.items())),
    }


def _late(run: Run, path: str, before: dict[str, str]) -> dict[str, Any]:
    after = {"pipeline": run.pipeline, "run_id": run.run_id, "environment": run.environment, "start": iso(run.start)}
    return {"path": path, "before": before, "after": after}


def _totals(ledger: Ledger) -> dict[str, Any]:
    outcomes: dict[str, int] = {}
    for row in ledger.runs:
        for name, count in row.counts.items():
            outcomes[name] = outcomes.get(name, 0) + count
    return {"runs": len(ledger.runs), "results": sum(outcomes.values()), "outcomes": dict(sorted(outcomes.items()))}


def _changes(ledger: Ledger) -> dict[str, Any]:
    deploys, pushes = ledger.scenery.deploys, ledger.scenery.pushes
    together = next(p for p in pushes if p.files[0].startswith("services/"))
    same = [d for d in deploys if d.commit == together.sha]
    return {
        "cdevents": len(deploys),
        "pushes": len(pushes),
        "target_test": [f"git:{p.sha}" for p in pushes if p is not together],
        "monorepo": {
            "commit": together.sha,
            "not_a_suspect": f"git:{together.sha}",
            "change_ids": [d.change_id for d in same],
            "services": [d.service for d in same],
        },
    }


def _stream(ledger: Ledger, stream: Stream, test: str) -> dict[str, Any]:
    """Counts of a test case in a stream. `same_code` counts red runs between passing ones of the same code."""
    rows = ledger.results[(stream, test)]
    last = rows[-1][1]
    trouble = next((t for t, red in ledger.troubles.values() if rows[-1][0] in red.get(test, ())), None)
    retried = sum(
        is_same and identity(run, case) == test and stream_of(run) == stream for run, case, is_same in ledger.seconds
    )
    is_flake = any(t.kind == "flake" and test in red and stream[3] == t.variant for t, red in ledger.troubles.values())
    sandwiched = retried + is_flake
    verdicts = list(trouble.verdicts) if trouble and last in RED else ["passing"]
    return {
        "test": test,
        "scope": scope(stream),
        "runs": len(rows),
        "failed_runs": sum(outcome in RED for _, outcome in rows),
        "retry_pass": retried,
        "same_code": sandwiched,
        "flaky_runs": sandwiched,
        "is_red": last in RED,
        "verdicts": verdicts if stream[2] != "pre-merge" else None,
        "last_run": rows[-1][0].run_id,
    }


def _suspects(ledger: Ledger, trouble: Trouble, tests: dict[str, list[Run]], now: str) -> dict[str, Any]:
    """One question a trouble; `at` is when to ask it: while its last red run is the newest."""
    name, red = next(iter(tests.items()))
    stream = stream_of(red[0])
    rows = [run for run, _ in ledger.results[(stream, name)]]
    place = rows.index(red[0])
    after = rows[rows.index(red[-1]) + 1 :]
    culprit = _culprit(ledger, trouble)
    return {
        "key": trouble.key,
        "tests": sorted(tests),
        "scope": scope(stream),
        "at": iso(red[-1].end) if after else now,
        "is_open": not after,
        "healed_in": after[0].run_id if after else None,
        "verdicts": list(trouble.verdicts),
        "onset": {"last_good": rows[place - 1].run_id, "first_bad": red[0].run_id},
        "red_runs": [r.run_id for r in red],
        "culprit": culprit,
        "is_deployed_in_run": trouble.is_deployed_in_run,
        "other_scopes": _other_scopes(ledger, name, stream),
    }


def _culprit(ledger: Ledger, trouble: Trouble) -> dict[str, Any] | None:
    for push in ledger.scenery.pushes:
        if push.title == trouble.culprit:
            return {"change_id": f"git:{push.sha}", "target": "test", "service": "", "at": iso(push.at)}
    for deploy in ledger.scenery.deploys:
        if trouble.culprit and _is(deploy, trouble.culprit):
            found = {"change_id": deploy.change_id, "target": "service", "service": deploy.service}
            team = cast.SERVICES.get(deploy.service, (None, ()))[0]
            return {**found, "at": iso(deploy.at), "owner": team}
    return None


def _is(deploy: Deploy, what: str) -> bool:
    return f"{deploy.service} {deploy.version}" == what and deploy.kind == "upgraded"


def _other_scopes(ledger: Ledger, test: str, stream: Stream) -> list[dict[str, Any]]:
    rows = []
    for (other, name), results in sorted(ledger.results.items()):
        if name == test and other != stream:
            rows.append({"scope": scope(other), "is_red": results[-1][1] in RED})
    return rows


def _second(run: Run, name: str, is_same: bool) -> dict[str, Any]:
    return {"pipeline": run.pipeline, "run_id": run.run_id, "test_name": name, "is_evidence": is_same}


def _renamed(ledger: Ledger) -> dict[str, Any]:
    old, new, since = scenes.RENAMED
    found = {name.rsplit("::", 1)[-1]: name for _, name in ledger.results}
    return {"old": found[old], "new": found[new], "at": iso(moment(ledger.origin, since))}
