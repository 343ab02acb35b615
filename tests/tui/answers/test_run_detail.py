"""A run and a service in detail, asked of a real store."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ingest.model import Result, RunRef, RunState
from store.connect import open_reader
from tests.store.making import run_note, write, xml
from tests.story.stores import ingest
from tui.answers.query import Query
from tui.answers.run_detail import RunDetail, answer_run
from tui.answers.runs import answer_runs
from tui.answers.service_detail import answer_service
from tui.errors import NoMatch

RUNS = (
    [("pays", "pass"), ("refunds", "fail"), ("ships", "pass")],
    [("pays", "fail"), ("refunds", "fail"), ("ships", "flaky"), ("adds", "fail")],
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two runs of one pipeline, a deploy between them; the second has two files, one of them in an odd state."""
    for n, cases in enumerate(RUNS):
        place = tmp_path / "data" / str(n)
        start = f"2026-03-01T{n:02}:00:00Z"
        note = run_note(str(n), start_time=start, deployment__environment__name="staging", service__name="shop")
        write(place / "run.json", note)
        write(place / "a.xml", xml(cases, peer="vault"))
    event = '{"context":{"version":"0.4.1","id":"d1","source":"cd","type":"dev.cdevents.service.deployed.0.1.1",'
    event += '"timestamp":"2026-03-01T00:30:00Z"},"subject":{"id":"vault","type":"service","content":'
    event += '{"environment":{"id":"staging"},"artifactId":"pkg:oci/vault@4.9.0"}}}'
    write(tmp_path / "data" / "deploy.json", event)
    ingest(tmp_path / "crywolf.db", tmp_path / "data")
    return tmp_path / "crywolf.db"


def detail(database: Path, run_id: str) -> RunDetail:
    """The detail of a run."""
    with closing(open_reader(database)) as connection:
        row = next(row for row in answer_runs(connection, Query()).rows if row.run.run_id == run_id)
        return answer_run(connection, Query(), row.run)


def test_what_a_run_says(database: Path) -> None:
    """New red first, then red as before, then what passed on a retry; the deploy since the run before; its file."""
    found = detail(database, "1")
    said = [(one.case.name, one.result, one.was_red, one.attempts) for one in found.failures]
    assert said == [
        ("adds", Result.FAILED, None, 1),
        ("pays", Result.FAILED, False, 1),
        ("refunds", Result.FAILED, True, 1),
        ("ships", Result.FLAKY, False, 2),
    ]
    assert found.previous is not None
    assert found.previous.run_id == "0"
    assert [change.service for change in found.changes] == ["vault"]
    (part,) = found.parts
    assert (part.path.endswith("1/a.xml"), part.format, part.counts.tests) == (True, "junit", 4)
    assert (found.row.run.state, found.is_cut) == (RunState.COMPLETE, False)


def test_the_first_run_has_none_before_it(database: Path) -> None:
    """So nothing is known of whether it was red."""
    found = detail(database, "0")
    assert (found.previous, found.changes) == (None, ())
    assert [(one.case.name, one.was_red) for one in found.failures] == [("refunds", None)]


def test_a_run_that_is_not_there(database: Path) -> None:
    """It is said."""
    with closing(open_reader(database)) as connection, pytest.raises(NoMatch, match="run"):
        answer_run(connection, Query(), RunRef(0, "journeys", "77", 1))


def test_what_a_service_says(database: Path) -> None:
    """Its tests, its changes, and itself among the others; a name in another case; filters of services do not count."""
    with closing(open_reader(database)) as connection:
        found = answer_service(connection, Query(service="nothing"), "VAULT")
        with pytest.raises(NoMatch, match="service"):
            answer_service(connection, Query(), "nowhere")
    assert (found.row.name, found.total_tests) == ("vault", 4)
    assert {row.case.name for row in found.tests} == {"pays", "refunds", "ships", "adds"}
    assert [row.change.service for row in found.changes] == ["vault"]
    assert "vault" in found.others
