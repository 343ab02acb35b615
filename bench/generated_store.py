"""A store of any size, its results written through `store.write`: 40 pipelines of 500 tests over 60 days.

A sixth of the tests flake, at rates drawn as on real suites; 40 tests break in the last day. Three quarters of the
pipelines run in staging, the others in preprod; every tenth is on a release branch. Catalog, owners and a deploy a day
and service come in as files.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ingest.model import CaseAttempt, Failure, FileStatus, Outcome, RunIdentity, TestCase, stable_id
from ingest.settings import Settings
from store.write import PartHeader, PlacedAttempt, SourceFile, Writer
from tui.commands.ingest import ingest_paths
from tui.locations import Place

PIPELINES, TESTS, DAYS = 40, 500, 60
DAY_MS = 86_400_000
EPOCH_MS = 1_780_272_000_000
"""2026-06-01."""
GROUP = 20
"""Parts of one transaction."""
MARK = 1_000_000


def sign(failure: Failure) -> tuple[int, str, str]:
    """Signature of a generated failure: its message without the digits."""
    text = "".join("#" if c.isdigit() else c for c in failure.message)
    return 1, stable_id(text), text


def service_of(pipeline: int) -> str:
    """The service whose pipeline it is."""
    return f"svc{pipeline % PIPELINES:02d}"


def environment_of(pipeline: int) -> str:
    """Where a pipeline runs."""
    return "preprod" if pipeline % 4 == 3 else "staging"


@dataclass
class Generator:
    """Draws runs and writes them."""

    writer: Writer
    runs: int
    """Of each pipeline."""
    tests: int = TESTS
    """Of each pipeline."""
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    rates: list[list[float]] = field(default_factory=list)
    cases: list[list[TestCase]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for p in range(PIPELINES):
            self.rates.append([self._rate() for _ in range(self.tests)])
            self.cases.append(
                [
                    TestCase(f"shop/svc{p:02d}", f"acme.svc{p:02d}.Suite{t // 25}", f"test_{t}")
                    for t in range(self.tests)
                ]
            )

    def _rate(self) -> float:
        return min(0.5, 10 ** self.rng.gauss(-2.15, 1.26)) if self.rng.random() < 0.16 else 0.0003

    def declare(self) -> None:
        """Every test exercises its own service and another one."""
        with self.writer.transaction():
            for p, cases in enumerate(self.cases):
                for t, case in enumerate(cases):
                    other = service_of(p + 1 + t % 3)
                    self.writer.declare_services(self.writer.test_case(case), (service_of(p), other))

    def write(self) -> Iterator[int]:
        """Write everything, a group of parts at a time; attempts of each group."""
        batch: list[tuple[int, int]] = []
        for r in range(self.runs):
            for p in range(PIPELINES):
                batch.append((p, r))
                if len(batch) == GROUP:
                    yield self._write_group(batch)
                    batch.clear()
        if batch:
            yield self._write_group(batch)

    def write_run(self, pipeline: int, number: int) -> int:
        """Write one run of a pipeline; its attempts."""
        return self._write_group([(pipeline, number)])

    def _write_group(self, batch: list[tuple[int, int]]) -> int:
        with self.writer.transaction():
            return sum(self._write_part(p, r) for p, r in batch)

    def _write_part(self, p: int, r: int) -> int:
        start = EPOCH_MS + int(r * DAYS * DAY_MS / self.runs) + p * 1000
        where = f"{service_of(p)}/{r}/report.xml"
        location = where.encode()
        source = SourceFile(location, where, location[:-10], stable_id(where).encode(), 1, None, "report", "junit")
        source_id = self.writer.ledger.add(source, FileStatus.INGESTED, start)
        nothing = RunIdentity()
        header = PartHeader(nothing, nothing, nothing, _identity(p, r, start), f"shop/svc{p:02d}", start)
        part_id, part = self.writer.open_part(source_id, location, header)
        part.add(self._attempts(p, r))
        totals, run_id = self.writer.close_part(part_id, part)
        self.writer.ledger.close(source_id, FileStatus.INGESTED, counts=totals.counts, run_id=run_id)
        return totals.counts.attempts

    def _attempts(self, p: int, r: int) -> list[PlacedAttempt]:
        rng, rates = self.rng, self.rates[p]
        rows: list[PlacedAttempt] = []
        is_last_day = r >= self.runs * (DAYS - 1) / DAYS
        for t, case in enumerate(self.cases[p]):
            test_id = self.writer.test_case(case)
            duration = rng.randint(5, 4000)
            is_broken = is_last_day and t % 100 == 7 and p % 5 == 0
            if not is_broken and rng.random() >= rates[t]:
                rows.append((test_id, case, CaseAttempt(case.classname, case.name, Outcome.PASSED, duration), None))
                continue
            failure = _failure(rng, t)
            failed = CaseAttempt(case.classname, case.name, Outcome.FAILED, duration, None, failure)
            heals = not is_broken and rng.random() < 0.7
            again = failed._replace(retry=1)
            if heals:
                again = CaseAttempt(case.classname, case.name, Outcome.PASSED, duration, None, None, retry=1)
            rows += [(test_id, case, failed, None), (test_id, case, again, None)]
        return rows


def _identity(p: int, r: int, start: int) -> RunIdentity:
    return RunIdentity(
        pipeline=service_of(p),
        run_id=str(r),
        environment=environment_of(p),
        branch="release-1" if p % 10 == 9 else "main",
        start_ms=start,
        service=service_of(p),
        revision=f"{r // 2:040x}",
    )


def _failure(rng: random.Random, t: int) -> Failure:
    message = f"expected {t} but was {rng.randint(0, 9)} in step {chr(97 + t % 26)}{chr(97 + t // 26 % 26)}"
    return Failure("AssertionError", message, f"trace of step {t % 97}\n" * 8)


def build(path: Path, results: int, tests: int = TESTS) -> None:
    """Write a store of so many results and print the write rate of every million, by the clock and by the processor.

    The second does not fall because another process is busy.
    """
    writer = Writer(path, sign)
    generator = Generator(writer, max(2, results // tests // PIPELINES), tests)
    generator.declare()
    began = last = time.perf_counter()
    spent = time.process_time()
    written = mark = 0
    for count in generator.write():
        written += count
        if written - mark >= MARK:
            now, cpu = time.perf_counter(), time.process_time()
            rates = (written - mark) / (now - last), (written - mark) / (cpu - spent)
            print(f"{written:>12,} results  {rates[0]:>9,.0f} /s  {rates[1]:>9,.0f} /processor s", flush=True)
            mark, last, spent = written, now, cpu
    writer.close()
    took = time.perf_counter() - began
    size = path.stat().st_size / written
    print(f"{written:,} results in {took:.1f} s, {written / took:,.0f} /s, {size:.1f} bytes a result")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="crywolf-bench-") as folder:
        write_documents(Path(folder))
        ingest_paths(Place(path, "bench", Settings()), (folder,), RunIdentity(), environ={})
    print(f"catalog, owners, deploys and the first Triage answer in {time.perf_counter() - began:.1f} s\n")


def write_documents(folder: Path) -> None:
    """Owners by service, a catalog in which each service calls the next two, and a deploy a day and service."""
    rules = [f"/acme/{service_of(p)}/ @acme/team-{p % 8}" for p in range(PIPELINES)]
    (folder / "CODEOWNERS").write_text("\n".join(rules) + "\n", encoding="utf-8")
    entries = []
    for p in range(PIPELINES):
        targets = f"[component:{service_of(p + 1)}, component:{service_of(p + 2)}]"
        spec = f"  type: service\n  owner: team-{p % 8}\n  dependsOn: {targets}\n"
        head = "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        entries.append(f"{head}metadata:\n  name: {service_of(p)}\nspec:\n{spec}")
    (folder / "catalog-info.yaml").write_text("---\n".join(entries), encoding="utf-8")
    rows = ["service,version,environment,time"]
    for day in range(DAYS):
        for p in range(PIPELINES):
            moment = time.gmtime(EPOCH_MS // 1000 + day * 86_400 + p * 2_000)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)
            rows.append(f"{service_of(p)},1.{day},{environment_of(p)},{stamp}")
    (folder / "deploys.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
