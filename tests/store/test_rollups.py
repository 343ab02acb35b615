"""Rollups equal a recount of the raw rows, whatever arrives in whatever order."""

from __future__ import annotations

import json
import random
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.limits import Limits
from ingest.model import FileOutcome, RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
from store import day_sets
from store.connect import open_reader
from tests.store.recount import packed_anew, recounted, stored, unpacked

OUTCOMES = ("pass", "fail", "error", "skip", "flaky", "broken")
CHILD = {
    "pass": "",
    "fail": '<failure message="expected 3 but was 4" type="AssertionError">at pay.py:10</failure>',
    "error": '<error message="boom" type="OSError"/>',
    "skip": '<skipped message="later"/>',
    "flaky": '<flakyFailure message="slow" type="TimeoutError">trace</flakyFailure>',
    "broken": '<failure message="slow" type="T">x</failure><rerunFailure message="slow" type="T">x</rerunFailure>',
}

report = st.fixed_dictionaries(
    {
        "run": st.integers(1, 6),
        "attempt": st.sampled_from((1, 1, 1, 2)),
        "file": st.integers(1, 3),
        "hours": st.integers(0, 60),
        "declared": st.booleans(),
        "environment": st.sampled_from(("staging", "preprod")),
        "late": st.booleans(),
        "cases": st.lists(
            st.tuples(st.integers(1, 4), st.sampled_from(OUTCOMES), st.booleans()), min_size=1, max_size=6
        ),
    }
)


def _write(folder: Path, reports: list[dict[str, object]]) -> tuple[list[Path], list[Path]]:
    """(reports and early run.json files, late run.json files)."""
    files: dict[Path, None] = {}
    late: dict[Path, None] = {}
    for spec in reports:
        place = folder / "suite" / f"run-{spec['run']}-{spec['attempt']}-{spec['environment']}"
        place.mkdir(parents=True, exist_ok=True)
        hours = int(str(spec["hours"]))
        stamp = f"2026-03-{1 + hours // 24:02d}T{hours % 24:02d}:10:00"
        path = place / f"part-{spec['file']}.xml"
        path.write_text(_xml(stamp, spec["cases"]))  # type: ignore[arg-type]
        files[path] = None
        if spec["declared"]:
            note = place / "run.json"
            note.write_text(json.dumps(_note(spec, stamp)))
            (late if spec["late"] else files)[note] = None
    return list(files), [path for path in late if path not in files]


def _note(spec: dict[str, object], stamp: str) -> dict[str, object]:
    return {
        "cicd.pipeline.name": "journeys",
        "cicd.pipeline.run.id": f"{spec['run']}",
        "crywolf.run.attempt": spec["attempt"],
        "deployment.environment.name": spec["environment"],
        "vcs.repository.name": "shop" if int(str(spec["run"])) % 2 else "other",
        "service.name": "web" if int(str(spec["run"])) % 3 == 0 else None,
        "start_time": f"{stamp}Z",
    }


def _xml(stamp: str, cases: list[tuple[int, str, bool]]) -> str:
    rows = []
    for number, outcome, declares in cases:
        peer = '<properties><property name="service.peer.name" value="pay"/></properties>' if declares else ""
        rows.append(f'<testcase classname="shop.Pay" name="t{number}" time="0.5">{peer}{CHILD[outcome]}</testcase>')
    return f'<testsuite name="s" timestamp="{stamp}">{"".join(rows)}</testsuite>'


def ingest(database: Path, paths: list[Path]) -> list[FileOutcome]:
    """Ingest some files in the order given."""
    outcomes: list[FileOutcome] = []
    with Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as ingestion:
        for path in paths:
            found = [item for item in list_inputs([str(path)]) if isinstance(item, Input)]
            ingestion.ingest_all(found, outcomes.append)
    return outcomes


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    reports=st.lists(report, min_size=1, max_size=14),
    seed=st.integers(0, 2**16),
    rewrites=st.lists(report, max_size=3),
    few=st.sampled_from((1, 2, 8)),
)
def test_rollups_equal_a_recount(
    tmp_path_factory: object, reports: list[dict[str, object]], seed: int, rewrites: list[dict[str, object]], few: int
) -> None:
    """After random reports in random order, late identities and rewritten files, rollups and packed parts are exact.

    Whether days of few sets or only of many are folded.
    """
    folder: Path = tmp_path_factory.mktemp("rollups")  # type: ignore[attr-defined]
    database = folder / "store.db"
    files, late = _write(folder / "in", reports)
    random.Random(seed).shuffle(files)
    with patch.object(day_sets, "_FEW_SETS", few):
        assert not [o for o in ingest(database, files + late) if o.status.value == "rejected"]
        with_rewrites, later = _write(folder / "in", rewrites)
        ingest(database, with_rewrites + later)
    connection = open_reader(database)
    try:
        assert stored(connection) == recounted(connection)
        assert unpacked(connection) == packed_anew(connection)
    finally:
        connection.close()


def test_a_moved_case_that_is_declared_later_is_counted_again(tmp_path_factory: object) -> None:
    """A part that moved holds cases under new names; what another part of its run declares for one counts for both."""
    first = {"run": 3, "attempt": 1, "file": 3, "hours": 3, "declared": False, "environment": "staging", "late": False}
    second = first | {"file": 1, "hours": 0, "declared": True, "cases": [(2, "pass", True)]}
    first["cases"] = [(2, "pass", False)]
    test = test_rollups_equal_a_recount.hypothesis.inner_test  # type: ignore[attr-defined]
    test(tmp_path_factory, [first], 0, [first, second], 1)
