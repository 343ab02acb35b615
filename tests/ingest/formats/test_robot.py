"""Robot Framework's output.xml, of Robot Framework 7.5 and 3.2.2, becomes attempts."""

from __future__ import annotations

from ingest.formats import robot, robot_suites
from ingest.model import CaseAttempt, Failure, Link, Outcome
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

P, F, E, S = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED


def fixture(name: str) -> CollectingSink:
    """What a fixture holds."""
    return collect(robot.read, (FIXTURES / "robot" / name).read_bytes())


def named(sink: CollectingSink, name: str) -> CaseAttempt:
    """The last attempt of a test."""
    return [case for case in sink.cases if case.name == name][-1]


def test_counts_are_those_of_robot_framework() -> None:
    """Its own statistics say 2 passed, 13 failed and 3 skipped: a suite teardown fails its tests."""
    counted = fixture("output.xml").final_outcomes()
    assert (counted["passed"], counted["failed"] + counted["errored"], counted["skipped"]) == (2, 13, 3)


def test_the_outcome_tells_preparation_from_assertion() -> None:
    """A setup, a teardown or a time limit is errored; a failure is failed."""
    sink = fixture("output.xml")
    outcomes = {case.name: case.outcome for case in sink.cases}
    assert outcomes["Refuses an empty basket"] == F
    assert outcomes["Fails twice over"] == F
    assert outcomes["Is left out"] == outcomes["Is known to be broken"] == S
    assert outcomes["Takes too long"] == outcomes["Breaks while it prepares"] == E
    assert outcomes["Breaks while it tidies up"] == outcomes["Reads"] == outcomes["Uploads"] == E
    assert outcomes["Expects a failure"] == outcomes["Pays by card"] == P


def test_messages_are_plain_and_name_the_keyword() -> None:
    """Markup goes only where the message says that it is markup."""
    sink = fixture("output.xml")
    assert named(sink, "Grüße an Ω 東京").failure == Failure(
        "", "größer <b>als</b> & 🐺", "Fail: größer <b>als</b> & 🐺"
    )
    assert named(sink, "Shows a picture").failure == Failure("", "see picture", "Fail: see picture")
    assert named(sink, "Reads").failure == Failure("", "Parent suite setup failed: the database is away", "")
    assert named(sink, "Uploads").failure == Failure("", "Parent suite teardown failed: the bucket is not empty", "")
    assert named(sink, "Is left out").failure == Failure("", "not on staging", "")


def test_place_services_links_and_identity() -> None:
    """Paths begin below the folder of the root suite; tags name services, metadata the run."""
    sink = fixture("output.xml")
    case = named(sink, "Pays by card")
    assert (case.classname, case.file) == ("Journeys.Checkout", "journeys/checkout.robot")
    assert case.services == ("stock", "payments")
    assert case.started_ms is not None
    assert case.duration_ms is not None
    assert named(sink, "Uploads").classname == "Journeys.Teardown.Broken Teardown"
    assert named(sink, "Shows a picture").links == (Link("attachment", "shot-1.png"),)
    assert (sink.known.run_id, sink.known.environment) == ("4711", "staging")
    assert (sink.known.start_is_zoneless, sink.known.start_is_estimated) == (True, None)


def test_what_rebot_wrote_has_the_teardown_in_it() -> None:
    """It is not applied twice: the same outcomes and first lines, once."""
    one, two = fixture("output.xml"), fixture("rebot.xml")
    assert [case[:3] for case in one.cases] == [case[:3] for case in two.cases]
    failure = named(two, "Uploads").failure
    assert failure is not None
    assert failure.message.count("the bucket is not empty") == 1


def test_merged_results_are_attempts() -> None:
    """`rebot --merge` twice: two former failures, then what came last."""
    sink = fixture("merged.xml")
    assert [(case.name, case.retry, case.outcome) for case in sink.cases] == [
        ("Steady", 0, P),
        ("Wobbles", 0, F), ("Wobbles", 1, F), ("Wobbles", 2, P),
        ("Stays red", 0, F), ("Stays red", 1, F), ("Stays red", 2, F),
    ]  # fmt: skip
    assert sink.cases[1].failure == Failure("", "attempt 1 < 3 & low", "")
    assert sink.cases[2].failure == Failure("", "attempt 2 < 3 & low", "")
    assert sink.cases[6].failure == Failure("", "still", "Fail: still")


def test_retries_of_the_listener_are_attempts() -> None:
    """Kept as skipped tests, or dropped but for their number: the same attempts."""
    wanted = [
        ("Wobbles once", 0, F), ("Wobbles once", 1, P), ("Never passes", 0, F), ("Never passes", 1, F),
        ("Passes at once", 0, P),
    ]  # fmt: skip
    for name in ("kept.xml", "dropped.xml"):
        sink = fixture(name)
        assert [(case.name, case.retry, case.outcome) for case in sink.cases] == wanted
        assert sink.cases[3].failure == Failure("", "never", "Fail: never")
    assert fixture("kept.xml").cases[0].failure == Failure("", "not yet", "")


def test_robot_framework_3() -> None:
    """Start and end instead of a duration, tags in a list; its suite teardown fails both tests as well."""
    sink = fixture("robot3.xml")
    assert [(case.name, case.outcome) for case in sink.cases] == [("Old pass", E), ("Old failure", F)]
    assert all(case.duration_ms is not None and case.duration_ms < 1_000 for case in sink.cases)
    assert sink.known.end_ms is not None


def document(body: str, generator: str = "Robot 7.0") -> str:
    """An output.xml with one suite."""
    return f'<robot generator="{generator}"><suite name="S" source="/ci/s.robot">{body}</suite></robot>'


def test_a_red_suite_without_a_red_test_is_a_case() -> None:
    """All tests skipped, or none: the teardown's failure still shows."""
    body = '<kw name="K" type="TEARDOWN"><status status="FAIL">away</status></kw><status status="FAIL"/>'
    sink = collect(robot.read, document(f'<test name="t"><status status="SKIP"/></test>{body}'))
    assert [(case.name, case.outcome) for case in sink.cases] == [("t", S), ("(suite teardown)", E)]
    assert sink.cases[1].failure == Failure("", "away", "")
    setup = '<kw name="K" type="SETUP"><msg level="FAIL">gone</msg><status status="FAIL"/></kw><status status="FAIL"/>'
    (case,) = collect(robot.read, document(setup)).cases
    assert (case.classname, case.name, case.failure) == ("S", "(suite setup)", Failure("", "gone", ""))


def test_a_skip_in_a_suite_teardown_skips_its_tests() -> None:
    """As Robot Framework counts them."""
    body = '<kw name="K" type="TEARDOWN"><status status="SKIP">off</status></kw><status status="SKIP"/>'
    sink = collect(robot.read, document(f'<test name="t"><status status="PASS"/></test>{body}'))
    assert [(case.outcome, case.failure) for case in sink.cases] == [
        (S, Failure("", "Skipped in parent suite teardown: off", ""))
    ]


def test_odd_statuses() -> None:
    """NOT RUN is skipped; a missing or unknown status is errored, with a warning."""
    tests = ('<test name="a"><status status="NOT RUN"/></test>', '<test name="b"/>',
             '<test name="c"><status status="ODD"/></test>')  # fmt: skip
    sink = collect(robot.read, document("".join(tests)))
    assert [case.outcome for case in sink.cases] == [S, E, E]
    assert len(sink.warnings) == 2


def test_statistics_and_errors_hold_no_tests() -> None:
    """Their elements have the names of suites, tags and messages."""
    extra = '<statistics><suite><stat name="S">S</stat></suite><tag/></statistics>'
    extra += '<errors><msg level="FAIL">e</msg></errors>'
    text = document('<test name="t"><status status="PASS"/></test><status status="PASS"/>')
    sink = collect(robot.read, text.replace("</robot>", f"{extra}</robot>"))
    assert sink.outcomes == "p"
    assert sink.warnings == []


def test_more_results_than_are_held(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """They are handed over, with a warning; the rest still learns of the teardown, and no case is invented."""
    monkeypatch.setattr(robot_suites, "MOST_HELD", 3)
    tests = "".join(f'<test name="t{number}"><status status="PASS"/></test>' for number in range(4))
    body = '<kw name="K" type="TEARDOWN"><status status="FAIL">away</status></kw><status status="FAIL"/>'
    sink = collect(robot.read, document(tests + body))
    assert sink.outcomes == "pppe"
    assert any("more than 3 results" in warning for warning in sink.warnings)
