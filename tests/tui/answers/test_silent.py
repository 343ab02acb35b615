"""Silent losses of a store: skipped, vanished, never run in one environment; and how its flows are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.silent import LossKind
from ingest.settings import parse_settings
from store.connect import Connection, open_reader, open_writer
from tests.store.making import run_note, write
from tests.story.stores import Asked, ingest
from tui.answers.flows import answer_flows
from tui.answers.query import Query
from tui.answers.silent import SilentAnswer, answer_silent
from tui.exports.flows_document import flows_document
from tui.exports.silent_document import silent_document
from tui.times import iso, parse_moment

DAYS = 14
SETTINGS = parse_settings(
    b"""
[project]
baseline_branch = "main"

[[flow]]
name = "sign in"
tests = ["*LogIn*"]
criticality = "critical"
owner = "@acme/accounts"

[[flow]]
name = "none"
tests = ["*NoSuchThing*"]
""",
    Path("/project/crywolf.toml"),
)


def _report(day: int, environment: str) -> str:
    """`always` runs; `waits` is skipped from day 5 on; `gone` ends after day 10; `local` runs in staging only."""
    cases = ['<testcase classname="AlwaysIT" name="always" time="1"/>']
    skipped = '<skipped message="waits for ACC-12"/>' if day >= 5 else ""
    cases.append(f'<testcase classname="LogInIT" name="waits" time="1">{skipped}</testcase>')
    if day <= 10:
        cases.append('<testcase classname="MailIT" name="gone" time="1"/>')
    if environment == "staging":
        cases.append('<testcase classname="LogInIT" name="local" time="1"/>')
    return f'<testsuite name="s" tests="{len(cases)}">{"".join(cases)}</testsuite>'


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run a day in two environments, for two weeks."""
    folder = tmp_path_factory.mktemp("silent")
    for day in range(1, DAYS + 1):
        for environment in ("staging", "preprod"):
            run = folder / "data" / environment / f"{day:02d}"
            write(run / "a.xml", _report(day, environment))
            note = run_note(
                f"{environment}-{day:02d}",
                start_time=f"2026-03-{day:02d}T10:00:00Z",
                end_time=f"2026-03-{day:02d}T10:05:00Z",
                deployment__environment__name=environment,
                vcs__ref__head__name="main",
                cicd__pipeline__name="journey",
            )
            write(run / "run.json", note)
    ingest(folder / "crywolf.db", folder / "data")
    return folder / "crywolf.db"


@pytest.fixture
def connection(store: Path) -> Iterator[Connection]:
    """The store, to be read."""
    reader = open_reader(store)
    yield reader
    reader.close()


def _said(answer: SilentAnswer) -> list[tuple[str, str, str, str, int]]:
    return [
        (row.kind.value, row.case.name, row.scope.environment, iso(row.since_ms), row.missed) for row in answer.rows
    ]


def test_each_kind(connection: Connection) -> None:
    """Critical flows first, then the newest loss: skipped since it last ran, vanished, and never run in preprod."""
    answer = answer_silent(connection, Query(settings=SETTINGS))
    assert _said(answer) == [
        ("skipped", "waits", "preprod", "2026-03-04T10:00:00Z", 10),
        ("skipped", "waits", "staging", "2026-03-04T10:00:00Z", 10),
        ("elsewhere", "local", "preprod", "2026-03-01T10:00:00Z", 13),
        ("vanished", "gone", "preprod", "2026-03-10T10:00:00Z", 4),
        ("vanished", "gone", "staging", "2026-03-10T10:00:00Z", 4),
    ]
    assert {row.reason for row in answer.rows if row.kind is LossKind.SKIPPED} == {"waits for ACC-12"}
    assert [row.runs_in for row in answer.rows if row.kind is LossKind.ELSEWHERE] == [("staging",)]
    assert [row.flows for row in answer.rows[:3]] == [("sign in",)] * 3
    assert answer.tests == 4
    assert answer.subsets == ()


def test_filters(connection: Connection) -> None:
    """An environment is compared with the others all the same; an owner has what it owns; earlier, nothing was lost."""
    preprod = answer_silent(connection, Query(environment="Preprod", settings=SETTINGS))
    assert [row[:3] for row in _said(preprod)] == [
        ("skipped", "waits", "preprod"),
        ("elsewhere", "local", "preprod"),
        ("vanished", "gone", "preprod"),
    ]
    assert answer_silent(connection, Query(owner="@acme/none", settings=SETTINGS)).rows == ()
    assert len(answer_silent(connection, Query(owner="nobody", settings=SETTINGS)).rows) == 5
    before = answer_silent(connection, Query(at=parse_moment("2026-03-05T23:00:00Z"), settings=SETTINGS))
    assert before.rows == ()


def test_read_from_rows_it_is_the_same(store: Path, connection: Connection, tmp_path: Path) -> None:
    """Parts that are not packed say what packed ones do."""
    copy = tmp_path / "store.db"
    copy.write_bytes(store.read_bytes())
    writer = open_writer(copy)
    writer.execute("DELETE FROM packed_part WHERE part_id % 2")
    writer.commit() if writer.in_transaction else None
    expected = answer_silent(connection, Query(settings=SETTINGS))
    assert answer_silent(writer, Query(settings=SETTINGS)) == expected
    writer.close()


def test_a_recorded_rename_is_no_loss(store: Path, tmp_path: Path) -> None:
    """`gone` goes on as `always`: it did not vanish."""
    copy = tmp_path / "store.db"
    copy.write_bytes(store.read_bytes())
    writer = open_writer(copy)
    writer.execute(
        "INSERT INTO alias SELECT o.test_id, n.test_id FROM test_case o, test_case n"
        " WHERE o.name = 'gone' AND n.name = 'always'"
    )
    found = answer_silent(writer, Query(settings=SETTINGS))
    writer.close()
    assert {row.kind for row in found.rows} == {LossKind.SKIPPED, LossKind.ELSEWHERE}


def test_an_environment_that_runs_a_choice_is_counted(tmp_path: Path) -> None:
    """One of four tests in preprod: taken as meant, so no list of three."""
    for day in range(1, 9):
        for environment, names in (("staging", "abcd"), ("preprod", "a")):
            run = tmp_path / "data" / environment / str(day)
            cases = "".join(f'<testcase classname="C" name="{name}" time="1"/>' for name in names)
            write(run / "a.xml", f'<testsuite name="s">{cases}</testsuite>')
            note = run_note(
                f"{environment}{day}",
                start_time=f"2026-03-0{day}T10:00:00Z",
                deployment__environment__name=environment,
                vcs__ref__head__name="main",
                cicd__pipeline__name="journey",
            )
            write(run / "run.json", note)
    ingest(tmp_path / "crywolf.db", tmp_path / "data")
    reader = open_reader(tmp_path / "crywolf.db")
    answer = answer_silent(reader, Query())
    reader.close()
    assert answer.rows == ()
    assert [(one.scope.environment, one.tests, one.of) for one in answer.subsets] == [("preprod", 1, 4)]


def test_document(connection: Connection) -> None:
    """Keys that other tools rely on."""
    document = silent_document(answer_silent(connection, Query(settings=SETTINGS)))
    tests = document["tests"]
    assert isinstance(tests, list)
    assert tests[0].keys() == {
        *("kind", "test", "test_id", "scope", "owners", "since", "last_run", "missed", "reason", "runs_in", "flows"),
        "criticality",
    }
    assert tests[0]["last_run"]["run_id"] == "preprod-04"
    assert document["looked_at"] == {"since": "2025-12-14T10:05:00Z", "tests": 4}


def test_empty(empty: Connection) -> None:
    """A store without runs has lost nothing."""
    assert answer_silent(empty, Query()).window is None
    assert answer_flows(empty, Query()).flows == ()


def test_flows_of_the_store(connection: Connection) -> None:
    """`sign in` has two tests, both healthy where they run; patterns that fit nothing are told."""
    answer = answer_flows(connection, Query(settings=SETTINGS))
    assert [(row.name, row.state.value, row.tests, row.owners) for row in answer.flows] == [
        ("none", "empty", 0, ()),
        ("sign in", "healthy", 2, ("@acme/accounts",)),
    ]
    executed = [day.executed if day else 0 for day in answer.flows[1].days]
    assert executed[-13:] == [3, 3, 3, *[1] * 10]


def test_flows_of_the_sample_agree_with_what_is_red(sample: Asked) -> None:
    """What is red in a flow is what `failures` lists of its tests; sums by day are cut where the window is."""
    settings = sample.query().settings
    answer = answer_flows(sample.connection, sample.query())
    assert [row.name for row in answer.flows] == ["checkout", "returns", "sign-up", "discovery"]
    red = {(row.case, row.scope): row.verdict for row in sample.failures()}
    for row in answer.flows:
        found = {(one.case, one.scope): one.verdict for one in row.red}
        flow = next(one for one in settings.flows if one.name == row.name)
        assert found == {key: verdict for key, verdict in red.items() if flow in settings.flows_of(key[0].identity)}
    assert answer.window is not None
    whole = answer_flows(sample.connection, sample.query(iso(answer.window.now_ms)))
    assert [row.days for row in whole.flows] == [row.days for row in answer.flows]
    document = flows_document(answer)["flows"]
    assert isinstance(document, list)
    assert document[0]["state"] == "broken"
