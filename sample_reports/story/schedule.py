"""When each pipeline ran, on what revision and where."""

from __future__ import annotations

from dataclasses import replace

from sample_reports.story.cast import BRANCH, PREPROD, REPOSITORY, STAGING
from sample_reports.story.dice import Dice
from sample_reports.story.pushes import Push, revision_at
from sample_reports.story.records import Deploy, Run
from sample_reports.story.releases import moment

DAYS = 21
HOURLY_RUNS = 504
MANUAL_RUNS = 20
URL = "https://ci.acme.example/shop/{}/runs/{}"
OUTAGE = ("18 03:00", "18 04:40")


def hourly(origin: int, known: list[Push]) -> list[Run]:
    """The hourly journeys in staging, without the manual ones."""
    out = []
    for k in range(HOURLY_RUNS):
        dice = Dice("hourly", k)
        start = moment(origin, "0 16:05") + k * 3600 + dice.below(40)
        out.append(_journey("journeys-hourly", start, 460 + dice.below(150), STAGING, known))
    return out


def nightly(origin: int, known: list[Push]) -> list[Run]:
    """The nightly journeys in preprod."""
    out = []
    for day in range(1, DAYS + 1):
        dice = Dice("nightly", day)
        start = moment(origin, f"{day} 01:30") + dice.below(90)
        out.append(_journey("journeys-nightly", start, 2300 + dice.below(700), PREPROD, known))
    return _numbered(out, 211)


def _journey(pipeline: str, start: int, seconds: int, environment: str, known: list[Push]) -> Run:
    revision = revision_at(known, start)
    return Run(pipeline, "", start, start + seconds, environment, BRANCH, revision=revision, repository=REPOSITORY)


def quiet(runs: list[Run], deploys: list[Deploy], origin: int) -> list[bool]:
    """Whether a run and both its neighbours saw one state: no change around them, one revision, no outage."""
    times = [d.at for d in deploys if d.environment == STAGING]
    times += [moment(origin, OUTAGE[0]), moment(origin, OUTAGE[1])]
    out = [False]
    for before, run, after in zip(runs, runs[1:], runs[2:], strict=False):
        low, high = before.start - 1800, after.end + 1800
        is_same = before.revision == run.revision == after.revision
        out.append(is_same and not any(low <= t <= high for t in times))
    return [*out, False]


def with_manual(runs: list[Run], calm: list[bool], origin: int) -> tuple[list[Run], list[int]]:
    """Hourly and manual runs together, numbered; and where the runs right after a manual one stand."""
    slots = []
    for k, run in enumerate(runs):
        hour = (run.start - origin) // 3600 % 24
        day = (run.start - origin) // 86400
        if calm[k] and 8 <= hour <= 17 and day < DAYS:
            slots.append(k)
    chosen = spread(Dice("manual").shuffled(slots), MANUAL_RUNS, 5)
    out: list[Run] = []
    for k, run in enumerate(runs):
        if k in chosen:
            start = run.start - 1700 + Dice("manual", k).below(200)
            out.append(replace(run, start=start, end=start + 500, trigger="manual"))
        out.append(run)
    numbered = _numbered(out, 5738)
    return numbered, [k + 1 for k, r in enumerate(numbered) if r.trigger == "manual"]


def spread(candidates: list[int], count: int, apart: int) -> set[int]:
    """The first `count` candidates that keep a distance from one another."""
    chosen: list[int] = []
    for k in candidates:
        if len(chosen) < count and all(abs(k - other) >= apart for other in chosen):
            chosen.append(k)
    if len(chosen) < count:
        raise ValueError(f"only {len(chosen)} of {count} places found")
    return set(chosen)


def _numbered(runs: list[Run], first: int) -> list[Run]:
    return [
        replace(r, run_id=str(first + k), url=URL.format(r.pipeline, first + k))
        for k, r in enumerate(sorted(runs, key=lambda r: r.start))
    ]


def service(origin: int, pipeline: str, name: str, environment: str, seconds: int, first: int) -> list[Run]:
    """A service's pipeline: twice a working day before a merge, twice after one; pricing also morning and evening."""
    runs = []
    for day in range(1, DAYS + 1):
        dice = Dice(pipeline, day)
        if day % 7 not in (2, 3):
            for k, clock in enumerate(_clocks(name, day)):
                runs.append(_service_run(origin, pipeline, name, f"{day} {clock}", dice, seconds, is_merged=k % 2 == 1))
        if name == "pricing":
            for clock in ("06:20", "18:20"):
                runs.append(_service_run(origin, pipeline, name, f"{day} {clock}", dice, seconds, is_merged=True))
    runs = [replace(r, environment=environment) if r.trigger != "pre-merge" else r for r in runs]
    last = moment(origin, f"{DAYS} 15:00")
    return _numbered([r for r in runs if r.start < last], first)


def _clocks(name: str, day: int) -> tuple[str, ...]:
    """When a service is built on a working day; on the last one most builds are still to come."""
    if day < DAYS:
        return ("08:20", "11:40", "13:30", "15:10")
    return ("08:20", "09:40", "10:30", "12:50") if name == "pricing" else ("08:20", "09:40")


def _service_run(origin: int, pipeline: str, name: str, when: str, dice: Dice, seconds: int, *, is_merged: bool) -> Run:
    start = moment(origin, when) + dice.below(1500)
    revision, base = dice.sha(), dice.sha()
    took = int(seconds * dice.between(0.8, 1.3))
    run = Run(
        pipeline, "", start, start + took, "", BRANCH, "post-merge", revision, service=name, repository=REPOSITORY
    )
    if is_merged:
        return replace(run, trigger="schedule") if when.endswith(":20") else run
    number = str(1800 + dice.below(900))
    branch = f"{dice.pick(('feat', 'fix', 'chore'))}/{name}-{number}"
    return replace(run, trigger="pre-merge", branch=branch, base_revision=base, merge_request=number)
