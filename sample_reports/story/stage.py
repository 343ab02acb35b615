"""Writes the story as the files that pipelines and deploy tools leave behind."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

from sample_reports.story import cast, plot, suites
from sample_reports.story.ctrf import ctrf
from sample_reports.story.dice import Dice
from sample_reports.story.junit import junit
from sample_reports.story.output import Output
from sample_reports.story.plot import Story
from sample_reports.story.pushes import webhook
from sample_reports.story.records import Case, Deploy, Execution, Run, Tally, identity_of, iso
from sample_reports.story.releases import cdevent, moment

Suites = list[tuple[str, int, list[Execution]]]
PLAIN_DAYS = {"journeys-hourly": 3, "journeys-nightly": 6}
"""Reports older than this many days are compressed; five days where nothing is said."""
SLOWER_SINCE = {cast.STAGING: "13 09:31", cast.PREPROD: "14 10:11"}
SLOWER = 2.4
"""How much longer searches take since `search` ranks by freshness."""


class Stage:
    """Writes all files of a story and counts what it wrote."""

    def __init__(self, story: Story, out: Output) -> None:
        self.story, self.out = story, out
        self.tally = {pipeline: Tally() for pipeline in story.runs}
        self.executed: dict[tuple[str, str, str, str], list[str]] = {}
        """(pipeline, environment, branch or `pre-merge`, test name) -> outcomes of its runs, oldest first."""
        self._described: set[tuple[str, str]] = set()
        self._first: set[str] = {runs[0].run_id for runs in story.runs.values()}
        self._end = moment(story.origin, "21 15:15")

    def write(self) -> None:
        """Everything."""
        for pipeline, runs in self.story.runs.items():
            for run in runs:
                self._run(pipeline, run)
        self._changes()
        self.out.text("catalog-info.yaml", cast.catalog())
        self.out.text("CODEOWNERS", cast.codeowners())
        self.out.text("crywolf.toml", cast.config())

    # ------------------------------------------------------------ runs
    def _run(self, pipeline: str, run: Run) -> None:
        executions = [self._execute(pipeline, run, case) for case in self._cases(pipeline, run)]
        folder = f"{pipeline}/{run.run_id}"
        packed = self._end - run.start > 86400 * PLAIN_DAYS.get(pipeline, 5)
        files = 1
        if pipeline == "journeys-hourly":
            text = junit(self._shuffled(run, executions), identity_of(run))
            self.out.text(f"{folder}/TEST-journeys.xml", text, packed=packed)
        elif pipeline == "journeys-nightly":
            files = self._nightly(folder, run, executions, packed=packed)
        elif pipeline == "web-ci":
            self.out.json(
                f"{folder}/vitest.ctrf.json", ctrf("vitest", run.start, run.end, executions), indent=None, packed=packed
            )
            self.out.json(f"{folder}/run.json", identity_of(run))
        elif pipeline == "payments-ci":
            self.out.text(f"{folder}/TEST-payments.xml", junit(_by_class(run, executions)), packed=packed)
            self.out.json(f"{folder}/run.json", identity_of(run))
        else:
            name = "pytest" if pipeline == "pricing-ci" else "jest"
            text = junit([(name, run.start, executions)], identity_of(run))
            self.out.text(f"{folder}/{name}.xml", text, packed=packed)
        self.tally[pipeline].count(run, executions, files)

    def _nightly(self, folder: str, run: Run, executions: list[Execution], *, packed: bool) -> int:
        """Two jobs: one writes JUnit XML, the other CTRF; `run.json` tells which run it was."""
        browser = [e for e in executions if e.case in suites.PLAYWRIGHT]
        rest = [e for e in executions if e.case not in suites.PLAYWRIGHT]
        self.out.text(f"{folder}/TEST-journeys.xml", junit(_by_class(run, rest)), packed=packed)
        document = ctrf("playwright", run.start + 60, run.start + 420, browser)
        self.out.json(f"{folder}/playwright.ctrf.json", document, indent=None, packed=packed)
        self.out.json(f"{folder}/run.json", identity_of(run))
        return 2

    def _cases(self, pipeline: str, run: Run) -> list[Case]:
        cases = plot.cases_of(pipeline)
        newcomer = next(p.at for p in self.story.pushes if p.files[0].endswith("ExchangeIT.java"))
        return [c for c in cases if c is not suites.NEWCOMER or run.start > newcomer]

    def _execute(self, pipeline: str, run: Run, case: Case) -> Execution:
        dice = Dice("execute", pipeline, run.run_id, case.name)
        is_new = (pipeline, case.name) not in self._described
        self._described.add((pipeline, case.name))
        seconds = case.seconds * dice.between(0.85, 1.25)
        if "search" in case.peers and run.start > self._slower_since(run.environment):
            seconds *= SLOWER
        failures, is_red = self.story.failures.get((pipeline, run.run_id, case.name), ((), False))
        out = Execution(case, round(seconds + 4 * len(failures) * dice.between(0.2, 1), 3), failures, is_red)
        out = replace(out, is_described=is_new)
        if case.name == plot.DISABLED:
            out = replace(out, seconds=0.0, skipped=plot.DISABLED_REASON)
        branch = "pre-merge" if run.trigger == "pre-merge" else run.branch
        self.executed.setdefault((pipeline, run.environment, branch, case.name), []).append(out.outcome)
        return out

    def _slower_since(self, environment: str) -> int:
        return moment(self.story.origin, SLOWER_SINCE.get(environment, "99 00:00"))

    def _shuffled(self, run: Run, executions: list[Execution]) -> Suites:
        """Suites in a random order; one class stands right behind another exactly where the script says so."""
        dice = Dice("shuffle", run.run_id)
        classes = dice.shuffled(sorted({e.case.classname for e in executions}))
        late = next(c for c in classes if c.endswith(plot.ORDER_AFTER))
        early = next(c for c in classes if c.endswith(plot.ORDER_BEFORE))
        if run.run_id in self.story.ordered:
            classes.remove(late)
            classes.insert(classes.index(early) + 1, late)
        elif classes.index(late) == classes.index(early) + 1:
            classes.remove(late)
            classes.insert(classes.index(early), late)
        return _in_order(run, executions, classes)

    # ------------------------------------------------------------ changes
    def _changes(self) -> None:
        deploys = self.story.deploys
        for environment in (cast.STAGING, cast.PREPROD):
            told = [cdevent(d) for d in deploys if d.feed == "cdevents" and d.environment == environment]
            self.out.lines(f"changes/{environment}.jsonl", told)
        for deploy in deploys:
            if deploy.feed == "github":
                name = f"{deploy.service}-{deploy.environment}-{deploy.version}"
                self.out.json(f"changes/github/{name}.json", deployment_status(deploy))
        for push in self.story.pushes:
            self.out.json(f"changes/github/push-{push.sha[:10]}.json", webhook(push))
        self.out.text("changes/first-day.csv", _table([d for d in deploys if d.feed == "csv"]))


def _by_class(run: Run, executions: Sequence[Execution]) -> Suites:
    return _in_order(run, executions, sorted({e.case.classname for e in executions}))


def _in_order(run: Run, executions: Sequence[Execution], classes: Sequence[str]) -> Suites:
    """One suite a class, one after the other."""
    out: Suites = []
    start = float(run.start)
    for name in classes:
        members = [e for e in executions if e.case.classname == name]
        out.append((name, int(start), members))
        start += sum(e.seconds for e in members)
    return out


def _table(deploys: Sequence[Deploy]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("service", "version", "environment", "time"))
    rows.writerows((d.service, d.version, d.environment, iso(d.at)) for d in deploys)
    return text.getvalue()


def deployment_status(d: Deploy) -> dict[str, object]:
    """GitHub's webhook for a deployment that succeeded."""
    number = int(d.change_id.rsplit(":", 1)[-1])
    api = f"https://api.github.com/repos/acme/{d.service}/deployments/{number}"
    person = {"login": d.author.replace(".", "-"), "type": "User"}
    deployment = {
        "url": api,
        "id": number,
        "sha": d.commit,
        "ref": "main",
        "task": "deploy",
        "payload": {"service": d.service, "version": d.version},
        "original_environment": d.environment,
        "environment": d.environment,
        "description": d.title,
        "creator": person,
        "created_at": iso(d.started or d.at),
        "updated_at": iso(d.at),
    }
    status = {
        "url": f"{api}/statuses/{number + 1}",
        "id": number + 1,
        "state": "success",
        "creator": person,
        "description": "",
        "environment": d.environment,
        "target_url": f"https://github.com/acme/{d.service}/actions/runs/{number - 7}",
        "created_at": iso(d.at),
        "updated_at": iso(d.at),
    }
    return {
        "action": "created",
        "deployment_status": status,
        "deployment": deployment,
        "repository": {
            "name": d.service,
            "full_name": f"acme/{d.service}",
            "html_url": f"https://github.com/acme/{d.service}",
        },
        "sender": person,
    }
