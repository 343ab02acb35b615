"""What is true of the story, in the words of crywolf's JSON documents."""

from __future__ import annotations

from typing import Any

from sample_reports.story import cast, plot, suites
from sample_reports.story.plot import Happening, Story
from sample_reports.story.records import Deploy, Run, iso
from sample_reports.story.stage import SLOWER, SLOWER_SINCE, Stage

OPEN = {
    "three-hops": ("regression", ["regression"]),
    "rounding": ("regression", ["regression"]),
    "order": ("flaky", ["flaky"]),
    "legacy": ("undecided", ["undecided", "test", "unrecorded"]),
    "newcomer": ("undecided", ["undecided"]),
}
"""What is red in the end: the verdict, and all verdicts that a reader would accept."""
CULPRIT = {"three-hops": ("vault", "4.9.0"), "rolled-back": ("inventory", "2.31.0"), "rounding": ("pricing", "1.19.1")}


def identity(name: str) -> str:
    """A test case as crywolf writes it."""
    case = suites.case_named(name)
    return f"{cast.REPOSITORY}::{case.classname}::{case.name}"


def tell_truth(story: Story, stage: Stage) -> dict[str, Any]:
    """The truth as a JSON document."""
    everything = [run for runs in story.runs.values() for run in runs]
    incidents = [h for h in story.happenings if h.kind in ("regression", "environment", "long-standing", "undecided")]
    flakes = [h for h in story.happenings if h.kind == "flake"]
    return {
        "schema_version": 1,
        "start": iso(min(r.start for r in everything)),
        "now": iso(max(r.end for r in everything)),
        "repository": cast.REPOSITORY,
        "baseline_branch": cast.BRANCH,
        "environments": [cast.STAGING, cast.PREPROD],
        "teams": {team: list(people) for team, people in cast.TEAMS.items()},
        "services": [{"name": p.name, "owner": p.team, "depends_on": list(p.calls)} for p in cast.SERVICES],
        "pipelines": [_pipeline(story, stage, p) for p in story.runs],
        "changes": _changes(story),
        "incidents": [_incident(story, stage, h) for h in incidents],
        "flakes": [row for h in flakes for row in _flake(stage, story, h)],
        "red_now": _red_now(story),
        "owners": _owners(),
        "slower": [_slower(n) for n in ("finds_by_title", "finds_by_brand_and_colour", "corrects_a_typo")],
    }


def _pipeline(story: Story, stage: Stage, pipeline: str) -> dict[str, Any]:
    tally, runs = stage.tally[pipeline], story.runs[pipeline]
    return {
        "name": pipeline,
        "environment": next(r.environment for r in runs if r.is_baseline),
        "runs": tally.runs,
        "baseline_runs": sum(r.is_baseline for r in runs),
        "triggers": tally.triggers,
        "reports": tally.files,
        "tests": len(plot.cases_of(pipeline)),
        "results": tally.results,
        "attempts": tally.attempts,
        "outcomes": tally.outcomes,
        "first_run": runs[0].run_id,
        "last_run": runs[-1].run_id,
    }


def _changes(story: Story) -> dict[str, Any]:
    def count(feed: str) -> int:
        return sum(d.feed == feed for d in story.deploys)

    in_story = [d for d in story.deploys if d.feed != "csv" and d.service]
    by_feed = {"cdevents": count("cdevents"), "github": count("github"), "csv": count("csv"), "push": len(story.pushes)}
    return {
        "by_feed": by_feed,
        "total": sum(by_feed.values()),
        "target_test": len(story.pushes),
        "deploys_in_three_weeks": len(in_story),
        "by_environment": {e: sum(d.environment == e for d in in_story) for e in (cast.STAGING, cast.PREPROD)},
    }


def scope_of(run: Run) -> dict[str, str]:
    """The stream that a run belongs to."""
    branch = "pre-merge" if run.trigger == "pre-merge" else run.branch
    return {"pipeline": run.pipeline, "environment": run.environment, "branch": branch, "variant": ""}


def _incident(story: Story, stage: Stage, what: Happening) -> dict[str, Any]:
    runs = [r for r in story.runs[what.pipeline] if r.is_baseline]
    red = [k for k, r in enumerate(runs) if r.run_id in what.red]
    last_good = runs[red[0] - 1] if red[0] else None
    after = runs[red[-1] + 1] if red[-1] + 1 < len(runs) else None
    out: dict[str, Any] = {
        "key": what.key,
        "kind": what.kind,
        "verdict": OPEN.get(what.key, (what.kind, []))[0],
        "verdicts": OPEN.get(what.key, ("", [what.kind]))[1],
        "is_open": after is None,
        "scope": scope_of(runs[red[0]]),
        "tests": sorted(identity(n) for n in what.tests),
        "onset": {"last_good": last_good.run_id if last_good else None, "first_bad": runs[red[0]].run_id},
        "first_bad_at": iso(runs[red[0]].start),
        "at": iso(runs[red[-1]].end) if after else iso(max(r.end for rs in story.runs.values() for r in rs)),
        "red_runs": [runs[k].run_id for k in red],
        "healed_in": after.run_id if after else None,
        "runs_of_each_test": len(stage.executed[(what.pipeline, runs[0].environment, cast.BRANCH, what.tests[0])]),
        "owners": sorted({o for n in what.tests for o in cast.owners_of(suites.case_named(n).file)}),
        "culprit": None,
    }
    if what.key in CULPRIT and last_good:
        out |= _blame(story, what.key, last_good, runs[red[0]])
    return out


def _blame(story: Story, key: str, good: Run, bad: Run) -> dict[str, Any]:
    """The culprit, and who else was deployed between the last good and the first bad run."""
    service, version = CULPRIT[key]
    here = [d for d in story.deploys if d.environment == bad.environment]
    culprit = next(d for d in here if d.service == service and d.version == version)
    others = [d for d in here if good.start < d.at < bad.start and d is not culprit]
    out: dict[str, Any] = {"culprit": _change(culprit), "also_in_gap": [_change(d) for d in others]}
    back = [d for d in here if d.kind == "rolledback" and d.service == service and d.at > culprit.at]
    out["rolled_back_by"] = _change(back[0]) if back else None
    return out


def _change(d: Deploy) -> dict[str, Any]:
    owner = cast.PLAYERS[d.service].team if d.service else None
    out = {"change_id": d.change_id, "service": d.service, "owner": owner, "version": d.version}
    return out | {"at": iso(d.at), "title": d.title, "author": d.author}


def _flake(stage: Stage, story: Story, what: Happening) -> list[dict[str, Any]]:
    """One row a stream; a red run counts as a flake when runs of the same code before and after it passed.

    `red_runs` are red for this reason alone; `failed_runs` counts those of an outage too.
    """
    name = what.tests[0]
    rows = []
    for (pipeline, environment, branch, test), outcomes in stage.executed.items():
        if (pipeline, test) != (what.pipeline, name):
            continue
        runs = [r for r in story.runs[pipeline] if scope_of(r)["branch"] == branch]
        red = [k for k, r in enumerate(runs) if r.run_id in what.red]
        healed = sum(r.run_id in what.healed_by_retry for r in runs)
        sandwiched = sum(0 < k < len(runs) - 1 for k in red)
        rows.append(
            {
                "key": what.key,
                "kind": what.key.split("-")[0],
                "test": identity(name),
                "scope": {"pipeline": pipeline, "environment": environment, "branch": branch, "variant": ""},
                "runs": len(outcomes),
                "failed_runs": outcomes.count("failed") + outcomes.count("errored"),
                "retry_pass": healed,
                "same_code": sandwiched,
                "flaky_runs": healed + sandwiched,
                "red_runs": [runs[k].run_id for k in red],
                "retried_runs": [r.run_id for r in runs if r.run_id in what.healed_by_retry],
                "owners": cast.owners_of(suites.case_named(name).file),
            }
        )
    return rows


def _red_now(story: Story) -> list[dict[str, Any]]:
    """Every test whose last baseline run is red."""
    rows = []
    for what in story.happenings:
        last = [r for r in story.runs[what.pipeline] if r.is_baseline][-1]
        if what.key in OPEN and last.run_id in what.red:
            verdict, accepted = OPEN[what.key]
            for name in sorted(what.tests):
                row = {"test": identity(name), "scope": scope_of(last), "run": last.run_id, "key": what.key}
                rows.append(row | {"verdict": verdict, "verdicts": accepted})
    return rows


def _owners() -> list[dict[str, Any]]:
    every = {c.name: c for pipeline in plot.DRAFTS for c in plot.cases_of(pipeline)}
    every |= {c.name: c for c in plot.cases_of("journeys-nightly")}
    rows = [{"test": identity(n), "file": c.file, "owners": cast.owners_of(c.file)} for n, c in every.items()]
    return sorted(rows, key=lambda r: str(r["test"]))


def _slower(name: str) -> dict[str, Any]:
    return {"test": identity(name), "factor": SLOWER, "environments": sorted(SLOWER_SINCE)}
