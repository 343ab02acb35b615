"""The awkward week is what its truth says, counted from the files alone."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.awkward_week.cast import names
from tests.awkward_week.generate import generate
from tests.story.counting import contents, files_below, left_over, moved, outcomes_of

SHIFT_S = -90 * 86400 + 1234

Written = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The week as it is written now."""
    out = tmp_path_factory.mktemp("week")
    return out, generate(out)


def test_two_runs_write_the_same_bytes(week: Written, tmp_path: Path) -> None:
    """Nothing depends on the clock or the hash seed."""
    generate(tmp_path)
    assert [p.relative_to(tmp_path) for p in files_below(tmp_path)] == [
        p.relative_to(week[0]) for p in files_below(week[0])
    ]
    assert all((week[0] / p.relative_to(tmp_path)).read_bytes() == p.read_bytes() for p in files_below(tmp_path))


def test_counts_are_those_of_the_files(week: Written) -> None:
    """Outcomes in total; only the aborted report cannot be read."""
    out, truth = week
    found: Counter[str] = Counter()
    broken = []
    for path in files_below(out / "data"):
        if path.suffix == ".xml":
            try:
                found.update(outcome for outcome, _ in outcomes_of(path))
            except ET.ParseError:
                broken.append(str(path.relative_to(out / "data")))
    assert dict(found) == truth["totals"]["outcomes"]
    assert broken == [r["path"] for r in truth["rejected"]]


def test_streams_add_up_to_the_runs(week: Written) -> None:
    """Every result is in one stream; second attempts are in none."""
    truth = week[1]
    first = [r for r in truth["runs"] if r["attempt"] == 1]
    assert sum(s["runs"] for s in truth["streams"]) == sum(sum(r["outcomes"].values()) for r in first)
    assert len({(r["pipeline"], r["run_id"], r["attempt"]) for r in truth["runs"]}) == len(truth["runs"])


def test_each_awkward_thing_is_there_once(week: Written) -> None:
    """The list of the issue, by key."""
    truth = week[1]
    assert {s["key"] for s in truth["suspects"]} == {
        "one-variant",
        "shard-missing",
        "unrecorded",
        "not-in-catalog",
        "monorepo",
        "test-code",
        "deploy-in-run-late",
        "deploy-in-run-early",
        "environments-disagree",
        "all-red",
        "zone-less",
    }
    assert Counter(r["state"] for r in truth["runs"])["incomplete"] == 2
    assert [s["is_evidence"] for s in truth["second_attempts"]] == [True, False]
    assert len(truth["volatile"]) == 3
    assert len(truth["unknown"]) == 4


def test_culprits_came_between_good_and_bad(week: Written) -> None:
    """Each culprit was recorded after the last good run began and before the first bad one ended."""
    truth = week[1]
    runs = {(r["pipeline"], r["run_id"]): r for r in truth["runs"] if r["attempt"] == 1}
    for s in truth["suspects"]:
        good, bad = (runs[(s["scope"]["pipeline"], s["onset"][k])] for k in ("last_good", "first_bad"))
        assert good["start"] < bad["start"] <= s["at"]
        if s["culprit"] and not s["is_deployed_in_run"] and s["key"] != "deploy-in-run-early":
            assert good["end"] is None or good["end"] < s["culprit"]["at"] < bad["start"]
        elif s["culprit"]:
            assert good["start"] < s["culprit"]["at"] < bad["end"]


def test_late_files_exist(week: Written) -> None:
    """And are the only thing that names their run."""
    out, truth = week
    for late in truth["late"]:
        said = json.loads((out / "data" / late["path"]).read_text(encoding="utf-8"))
        assert said["cicd.pipeline.run.id"] == late["after"]["run_id"]


def test_permuted_week_keeps_no_old_name(week: Written, tmp_path: Path) -> None:
    """Same shape in other words."""
    truth = generate(tmp_path, permute=11)
    texts = contents(tmp_path / "data")
    assert not left_over("\n".join((*texts, *texts.values())).replace("catalog-info.yaml", ""), names())
    assert truth["totals"] == week[1]["totals"]
    assert len(truth["streams"]) == len(week[1]["streams"])
    assert {s["test"] for s in truth["streams"]}.isdisjoint(s["test"] for s in week[1]["streams"])


def test_shifted_week_moves_every_time(week: Written, tmp_path: Path) -> None:
    """Times without a zone move too."""
    truth = generate(tmp_path, shift_s=SHIFT_S)
    after = contents(tmp_path / "data")
    assert {path: moved(text, SHIFT_S) for path, text in contents(week[0] / "data").items()} == after
    assert json.loads(moved(json.dumps(week[1]), SHIFT_S)) == truth
