"""May a run pass: what is red for real gates, what is shown to be noise does not, what cannot be told is said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.model import Verdict
from ingest.settings import PipelineSettings, Settings
from store.connect import Connection
from tests.store.making import ingest, reading, run_note, write, xml
from tui.answers.gate import GateAnswer, GateRow, answer_gate
from tui.answers.health import answer_health
from tui.answers.query import Query
from tui.answers.triage import REAL
from tui.errors import NoMatch

FIRST = datetime(2026, 3, 1, 2, tzinfo=UTC)
GREEN = [f"t{n}" for n in range(12)]
BROKEN_FROM, RUNS = 12, 15
FLAPS = (2, 5, 8, 14)
"""Runs in which `flaps` fails and passes again in the next one."""


def _run(folder: Path, day: int, outcomes: Mapping[str, str], name: str = "", **more: object) -> None:
    """A run of the nightly suite; what is not named passes."""
    start = FIRST + timedelta(days=day)
    run = name or str(day)
    place = folder / "nightly" / f"{run}-{more.get('crywolf__run__attempt', 1)}"
    said = {"vcs__ref__head__name": "main", "deployment__environment__name": "staging"} | more
    write(place / "run.json", run_note(run, "nightly", start_time=f"{start:%Y-%m-%dT%H:%M:%S}Z", **said))
    cases = [(test, outcomes.get(test, "pass")) for test in outcomes.get("only", " ".join(GREEN)).split()]
    cases += [(test, outcome) for test, outcome in outcomes.items() if test not in (*GREEN, "only")]
    write(place / "a.xml", xml(cases, f"{start:%Y-%m-%dT%H:%M:%S}", "pay"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifteen nights; `breaks` fails after a deploy from the twelfth on; then odd runs."""
    folder = tmp_path_factory.mktemp("gate")
    for day in range(RUNS):
        breaks = "fail" if day >= BROKEN_FROM else "pass"
        _run(folder, day, {"breaks": breaks, "flaps": "error" if day in FLAPS else "pass", "retried": "flaky"})
    rest = {"breaks": "fail", "flaps": "pass"}
    pre_merge = {"crywolf__run__trigger": "pre-merge", "vcs__ref__head__name": "feature"}
    _run(folder, 15, rest | {"t1": "error"}, "proposal", **pre_merge)
    _run(folder, 16, rest, "cut", crywolf__run__state="incomplete")
    _run(folder, 17, {"breaks": "pass", "flaps": "pass", "t2": "fail"}, "again")
    _run(folder, 17, {"only": "t2"}, "again", crywolf__run__attempt=2)
    _run(folder, 18, {"only": "", "t3": "skip"}, "idle")
    write(folder / "other" / "14" / "a.xml", xml([("x", "pass")]))
    deployed = FIRST + timedelta(days=BROKEN_FROM, hours=-2)
    row = f"pay,2.0,staging,{deployed:%Y-%m-%dT%H:%M:%SZ}"
    write(folder / "deploys.csv", f"service,version,environment,time\n{row}\n")
    ingest(folder / "store.db", folder)
    return folder


def _answer(store: Path, name: str, query: Query | None = None) -> GateAnswer:
    with reading(store / "store.db") as connection:
        return _asked(connection, name, query)


def _asked(connection: Connection, name: str, query: Query | None = None) -> GateAnswer:
    return answer_gate(connection, query or Query(), name)


def _rows(answer: GateAnswer) -> dict[str, GateRow]:
    (one,) = answer.runs
    return {row.case.name: row for row in one.rows}


def test_a_green_run_passes(store: Path) -> None:
    """Also with a case that passed on a retry."""
    answer = _answer(store, "nightly/10")
    assert (answer.passes, _rows(answer)) == (True, {})


def test_what_broke_gates(store: Path) -> None:
    """From the first red run on, judged as of the end of that run."""
    for run in ("nightly/13", "nightly/14"):
        answer = _answer(store, run)
        row = _rows(answer)["breaks"]
        assert not answer.passes
        assert row.gates
        assert row.verdict in REAL
        assert row.message == "expected 3 but was 4"


def test_a_flake_does_not_gate(store: Path) -> None:
    """Its failure alone lets the run pass."""
    row = _rows(_answer(store, "nightly/14"))["flaps"]
    assert (row.verdict, row.gates) == (Verdict.FLAKY, False)
    answer = _answer(store, "nightly/8")
    assert set(_rows(answer)) == {"flaps"}
    assert answer.passes is not _rows(answer)["flaps"].gates


def test_before_a_merge_what_is_red_on_the_baseline_does_not_gate(store: Path) -> None:
    """What else is red does, unless it is noise."""
    answer = _answer(store, "proposal")
    rows = _rows(answer)
    assert (rows["breaks"].gates, rows["breaks"].why) == (False, "red on main as well")
    assert rows["t1"].gates
    assert not answer.passes


def test_what_other_merge_requests_broke_is_no_flake(tmp_path: Path) -> None:
    """Nor is it an outage when one breaks everything; a flake that the baseline knows lets it pass."""
    for day in range(8):
        _run(tmp_path, day, {"shaky": "flaky" if day % 2 else "pass"})
    pre_merge = {"crywolf__run__trigger": "pre-merge", "vcs__ref__head__name": "feature"}
    for number in range(8):
        broken = {"t1": "fail" if number in (1, 4, 7) else "pass", "shaky": "fail" if number in (2, 7) else "pass"}
        _run(tmp_path, number, broken, f"proposal{number}", **pre_merge)
    _run(tmp_path, 8, dict.fromkeys(GREEN, "error"), "proposal8", **pre_merge)
    ingest(tmp_path / "store.db", tmp_path)
    rows = _rows(_answer(tmp_path, "nightly/proposal7"))
    assert (rows["t1"].gates, rows["shaky"].gates) == (True, False)
    assert len(_answer(tmp_path, "nightly/proposal8").runs[0].gating) == len(GREEN)


def test_an_incomplete_run_cannot_be_told(store: Path) -> None:
    """Nor one in which nothing was executed."""
    assert _answer(store, "cut").runs[0].doubts == ("the run is incomplete",)
    idle = _answer(store, "idle")
    assert (idle.passes, idle.runs[0].gating, idle.runs[0].doubts) == (False, (), ("no test was executed",))


def test_missing_shards_cannot_be_told(store: Path) -> None:
    """As many as the settings expect."""
    settings = Settings(pipelines=(PipelineSettings("nightly", shards=2),))
    assert _answer(store, "nightly/10", Query(settings=settings)).runs[0].doubts == ("1 of 2 shards reported",)


def test_the_newest_attempt_counts(store: Path) -> None:
    """What failed in the first and passed in the second is not red."""
    answer = _answer(store, "again")
    assert [one.run.attempt for one in answer.runs] == [2]
    assert _rows(answer) == {}


def test_runs_by_folder_and_as_the_latest(store: Path) -> None:
    """A folder stands for the runs whose reports lie below it."""
    assert [one.run.run_id for one in _answer(store, str(store / "nightly" / "13-1")).runs] == ["13"]
    assert len(_answer(store, str(store)).runs) == RUNS + 5
    assert _answer(store, "nightly/latest").runs[0].run.run_id == "idle"
    assert _answer(store, "other/latest").runs[0].run.pipeline == "other"


def test_the_latest_of_a_stale_pipeline_cannot_be_told(store: Path) -> None:
    """A run asked for by its id is what it is."""
    settings = Settings(pipelines=(PipelineSettings("other", cadence_s=3600),))
    query = Query(settings=settings)
    latest = _answer(store, "other/latest", query)
    assert (latest.passes, latest.runs[0].gating) == (False, ())
    assert latest.runs[0].doubts == ("it is the newest run and older than its cadence allows",)
    assert _answer(store, "other/14", query).runs[0].doubts == ()


def test_who_asks_for_one_pipeline_is_told_that_it_is_stale(store: Path) -> None:
    """Late is what other pipelines ran after, also where they are not asked for."""
    settings = Settings(
        pipelines=(PipelineSettings("other", cadence_s=3600), PipelineSettings("nightly", cadence_s=3600))
    )
    with reading(store / "store.db") as connection:
        health = {
            name: answer_health(connection, Query(pipeline=name, settings=settings)) for name in ("other", "nightly")
        }
    assert {name: [one.pipeline for one in found.stale] for name, found in health.items()} == {
        "other": ["other"],
        "nightly": [],
    }
    assert not health["other"].can_tell


def test_a_name_that_says_too_little(store: Path) -> None:
    """Both pipelines have a run 14."""
    with pytest.raises(NoMatch) as told:
        _answer(store, "14")
    assert (told.value.is_ambiguous, told.value.near) == (True, ("nightly/14", "other/14"))
    assert _answer(store, "14", Query(pipeline="other")).passes
    with pytest.raises(NoMatch):
        _answer(store, "nowhere")
