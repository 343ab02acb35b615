"""Writes the awkward week: a small history in which everything that can be misread is there once, and its truth.

    python -m tests.awkward_week.generate OUT

`generate(out)` writes out/data and out/truth.json. `truth["late"]` lists the files that arrive last: hold them back,
ingest the rest, then ingest them.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from sample_reports.story.dice import Dice
from sample_reports.story.junit import junit
from sample_reports.story.output import Output
from sample_reports.story.pushes import webhook
from sample_reports.story.records import Case, Execution, Run, identity_of, iso
from sample_reports.story.releases import cdevent, moment
from sample_reports.story.rename import Renamer
from tests.awkward_week import cast, scenes
from tests.awkward_week.ledger import Ledger
from tests.awkward_week.scenes import Suite
from tests.awkward_week.truth import tell_truth

ORIGIN = 1_776_038_400
"""Midnight of Monday, 13 April 2026, UTC."""
ZONE_S = 19_800
"""Asia/Kolkata is five and a half hours ahead of UTC, all year."""
Suites = list[tuple[str, int, list[Execution]]]


class Week:
    """Writes all files and remembers what is true of them."""

    def __init__(self, origin: int, out: Output) -> None:
        self.origin, self.out = origin, out
        self.scenery = cast.scenery(origin)
        self.ledger = Ledger(origin, self.scenery)
        self._described: set[tuple[str, str]] = set()

    def write(self) -> None:
        """Everything."""
        for suite in scenes.SUITES:
            for k in range(suite.count):
                self._run(suite, k)
        self._labels_ci()
        for environment in (cast.STAGING, cast.PREPROD):
            told = [cdevent(d) for d in self.scenery.deploys if d.environment == environment]
            self.out.lines(f"changes/{environment}.jsonl", told)
        for push in self.scenery.pushes:
            self.out.json(f"changes/push-{push.sha[:10]}.json", webhook(push))
        self.out.text("catalog-info.yaml", cast.catalog())
        self.out.text("CODEOWNERS", cast.codeowners())
        self.out.text("crywolf.toml", cast.config())

    # ------------------------------------------------------------ runs
    def _run(self, suite: Suite, k: int) -> None:
        start = moment(self.origin, suite.first) + k * suite.every_h * 3600 + Dice("start", suite.pipeline, k).below(45)
        run_id = str(suite.first_id + k)
        run = Run(
            suite.pipeline, run_id, start, start + suite.seconds, suite.environment,
            revision=cast.suite_revision(self.scenery.pushes, start), repository=suite.repository,
            url=f"https://ci.acme.example/{suite.pipeline}/{run_id}",
        )  # fmt: skip
        if suite.pipeline == "night-audit":
            self._audited(suite, run, k)
        elif suite.pipeline == "border-legacy":
            self._zoneless(suite, run)
        elif suite.shards:
            self._sharded(suite, run, k)
        elif (suite.pipeline, k) == scenes.ABORTED:
            self._aborted(suite, run)
        else:
            self._plain(suite, run)
            self._again(suite, run, k)

    def _plain(self, suite: Suite, run: Run) -> None:
        """One file a variant; each carries the run's identity and its own variant."""
        for variant in suite.variants:
            part = replace(run, variant=variant, job=f"test-{variant[0][1]}" if variant else "")
            executions = self._execute(part, self._cases(suite, part))
            name = f"TEST-{variant[0][1]}.xml" if variant else "TEST-all.xml"
            self.out.text(
                f"{self._folder(suite, run)}/{name}", junit(self._suites(part, executions), identity_of(part))
            )
        self.ledger.run(run)

    def _folder(self, suite: Suite, run: Run) -> str:
        """Two environments of one pipeline share its folder; run ids differ."""
        return f"{suite.pipeline}/{run.run_id}"

    def _again(self, suite: Suite, run: Run, k: int) -> None:
        """A second attempt of the run that executes only what failed."""
        for place, name, is_same in scenes.SECOND_ATTEMPTS:
            if suite is not scenes.PRICING or place != k:
                continue
            start = run.start + scenes.SECOND_AFTER_S
            again = replace(run, attempt=2, start=start, end=start + 60, trigger="manual")
            case = next(c for c in suite.cases if c.name == name)
            executions = [Execution(case, case.seconds)]
            self.out.text(f"{suite.pipeline}/{run.run_id}-2/TEST-again.xml", junit(self._suites(again, executions)))
            self.out.json(f"{suite.pipeline}/{run.run_id}-2/run.json", identity_of(again))
            self.ledger.second_attempt(again, case, is_same=is_same)

    def _sharded(self, suite: Suite, run: Run, k: int) -> None:
        """Two tests a shard; in two runs one shard never reported."""
        is_short = k in scenes.MISSING_IN
        for shard in range(1, suite.shards + 1):
            part = replace(run, shard=(shard, suite.shards), job=f"shard-{shard}")
            members = list(suite.cases[2 * shard - 2 : 2 * shard])
            if is_short and shard == scenes.MISSING_SHARD:
                self.ledger.unknown(run, members)
                continue
            text = junit(self._suites(part, self._execute(part, members)), identity_of(part))
            self.out.text(f"{suite.pipeline}/{run.run_id}/shard-{shard}.xml", text)
        self.ledger.run(run, state="incomplete" if is_short else "complete")

    def _aborted(self, suite: Suite, run: Run) -> None:
        """The report ends inside a test case, as when the disk was full."""
        executions = [Execution(c, c.seconds) for c in self._cases(suite, run)]
        text = junit(self._suites(run, executions), identity_of(run))
        path = f"{suite.pipeline}/{run.run_id}/TEST-all.xml"
        self.out.text(path, text[: text.rindex("<testcase") + 40])
        self.out.json(f"{suite.pipeline}/{run.run_id}/run.json", identity_of(run))
        self.ledger.rejected(run, path)

    def _zoneless(self, suite: Suite, run: Run) -> None:
        """Local times without a zone, and only the folders' names to tell which run it is."""
        local = replace(run, start=run.start + ZONE_S)
        said = {"deployment.environment.name": run.environment, "vcs.ref.head.name": run.branch}
        text = junit(self._suites(local, self._execute(run, list(suite.cases))), said)
        text = re.sub(r'(timestamp="[^"]*)Z"', r'\1"', text)
        self.out.text(f"{suite.pipeline}/{run.run_id}/report.xml", text)
        self.ledger.run(run, has_end=False)

    def _audited(self, suite: Suite, run: Run, k: int) -> None:
        """Folders that say nothing, and a `run.json` that says all; some come last."""
        folder = f"inbox/b-{k:04d}"
        self.out.text(f"{folder}/report.xml", junit(self._suites(run, self._execute(run, list(suite.cases)))))
        self.out.json(f"{folder}/run.json", identity_of(run))
        self.ledger.run(run)
        if k in scenes.LATE_SIDECARS:
            self.ledger.late(run, f"{folder}/run.json", {"pipeline": "inbox", "run_id": f"b-{k:04d}"})

    def _labels_ci(self) -> None:
        """A service's pipeline: unmerged code is red, the main branch never was."""
        for k in range(24):
            is_draft = k % 5 in (1, 3)
            start = moment(self.origin, "0 06:12") + k * 7 * 3600 + k
            dice = Dice("labels-ci", k)
            run = Run("labels-ci", str(9000 + k), start, start + 80, trigger="post-merge", revision=dice.sha())
            run = replace(run, service="labels", repository=cast.REPOSITORY)
            if is_draft:
                run = replace(run, trigger="pre-merge", branch=f"feat/sheet-{k}", merge_request=str(640 + k))
                run = replace(run, base_revision=dice.sha())
            executions = self._execute(run, cast.unit_cases())
            text = junit([("labels", run.start, executions)], identity_of(run))
            self.out.text(f"labels-ci/{run.run_id}/TEST-labels.xml", text)
            self.ledger.run(run)

    # ------------------------------------------------------------ results
    def _cases(self, suite: Suite, run: Run) -> list[Case]:
        old, new, since = scenes.RENAMED
        gone = old if run.start > moment(self.origin, since) else new
        out = [c for c in suite.cases if c.name != gone]
        return out + (scenes.volatile_cases(run.run_id, iso(run.start)) if suite.pipeline == "tracking-suite" else [])

    def _execute(self, run: Run, cases: list[Case]) -> list[Execution]:
        out = []
        for case in cases:
            stem = case.name.split("[")[0]
            is_new = (run.pipeline, stem) not in self._described
            self._described.add((run.pipeline, stem))
            trouble = self._trouble(run, case)
            seconds = round(case.seconds * Dice("took", run.pipeline, run.run_id, stem).between(0.9, 1.2), 3)
            failures = (scenes.failure(case, trouble, run.run_id),) if trouble else ()
            out.append(Execution(case, seconds, failures, bool(failures), is_described=is_new))
            self.ledger.result(run, case, out[-1].outcome, trouble)
        return out

    def _trouble(self, run: Run, case: Case) -> scenes.Trouble | None:
        if run.trigger == "pre-merge" and int(run.run_id) % 2 and case.name == scenes.DRAFTED:
            return scenes.DRAFT
        for t in scenes.TROUBLES:
            is_here = (t.pipeline, t.environment) == (run.pipeline, run.environment) and case.name in t.tests
            since, until = moment(self.origin, t.since), moment(self.origin, t.until)
            wanted = ", ".join(f"{k}={v}" for k, v in run.variant)
            if is_here and t.variant == wanted and since <= run.start < until:
                return t
        for k, name, _ in scenes.SECOND_ATTEMPTS:
            if (run.pipeline, run.run_id, case.name) == (
                scenes.PRICING.pipeline,
                str(scenes.PRICING.first_id + k),
                name,
            ):
                return scenes.RERUN
        return None

    def _suites(self, run: Run, executions: list[Execution]) -> Suites:
        """One suite a class; in the yard they take the whole run, each a third of it."""
        classes = list(dict.fromkeys(e.case.classname for e in executions))
        step = (run.end - run.start) // max(1, len(classes)) if run.pipeline == "yard-suite" else 20
        return [
            (name, run.start + k * step, [e for e in executions if e.case.classname == name])
            for k, name in enumerate(classes)
        ]


def generate(out: Path, *, shift_s: int = 0, permute: int | None = None) -> dict[str, Any]:
    """Write the week below `out` and return what is true of it, as `truth.json` says it."""
    names = Renamer(cast.names(), permute)
    week = Week(ORIGIN + shift_s, Output(Path(out) / "data", names))
    week.write()
    text = names(json.dumps(tell_truth(week.ledger), indent=1, ensure_ascii=False))
    (Path(out) / "truth.json").write_text(text + "\n", encoding="utf-8")
    truth: dict[str, Any] = json.loads(text)
    return truth


if __name__ == "__main__":
    generate(Path(sys.argv[1]))
