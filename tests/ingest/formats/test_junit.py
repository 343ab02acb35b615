"""JUnit XML in all its dialects becomes attempts, identity and warnings."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import pytest

from ingest.limits import Limits
from ingest.model import Failure, Link, Outcome
from tests.hostile_names import HOSTILE_NAMES
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, read_junit

PASSED, FAILED, ERRORED, SKIPPED = Outcome


def suite(cases: str, attributes: str = 'name="s"') -> str:
    return f"<testsuites><testsuite {attributes}>{cases}</testsuite></testsuites>"


def case(children: str = "", attributes: str = 'name="t" classname="c" time="0.5"') -> str:
    return suite(f"<testcase {attributes}>{children}</testcase>")


def test_a_plain_case_is_its_attributes() -> None:
    """Class name, name and time are handed over as written."""
    (attempt,) = read_junit(case()).cases
    assert attempt == ("c", "t", PASSED, 500, None, None, None, 0, (), ())


@pytest.mark.parametrize("root", ["<testsuite name='s'>{}</testsuite>", "<testsuites>{}</testsuites>"])
def test_suite_or_cases_may_be_the_root_s_children(root: str) -> None:
    """A lone suite and cases without a suite are read."""
    assert [attempt.name for attempt in read_junit(root.format("<testcase name='t'/>")).cases] == ["t"]


@pytest.mark.parametrize(
    ("attributes", "classname"),
    [
        ('name="t" classname="a.B"', "a.B"),
        ('name="t" class="B"', "B"),
        ('name="t" classname=""', "inner"),
        ('name="t"', "inner"),
        ('name="t" classname="  "', "inner"),
    ],
)
def test_the_innermost_suite_stands_in_for_a_missing_class_name(attributes: str, classname: str) -> None:
    """An unnamed suite inside a named one passes the name on."""
    inner = f'<testsuite name="inner"><testsuite><testcase {attributes}/></testsuite></testsuite>'
    document = f'<testsuite name="outer">{inner}</testsuite>'
    assert read_junit(document).cases[0].classname == classname


def playwright(root: str = 'id="" name=""', package: str = "") -> str:
    """One test in two projects, as Playwright's reporter writes it."""
    suites = "".join(
        f'<testsuite name="a.spec.ts" timestamp="2026-01-01T00:00:00.000Z" hostname="{project}" tests="2" failures="1"'
        f' skipped="0" time="1" errors="0"{package}><testcase name="t" classname="a.spec.ts" time="1"/>'
        '<testcase name="u" classname="a.spec.ts" time="1"><failure/></testcase></testsuite>'
        for project in ("firefox", "")
    )
    return f'<testsuites {root} tests="4" failures="2" skipped="0" errors="0" time="2">{suites}</testsuites>'


def test_playwright_s_projects_are_told_apart() -> None:
    """The host name of a suite is the project there; without a project there is nothing to tell apart."""
    names = [(attempt.classname, attempt.name) for attempt in read_junit(playwright()).cases]
    project = "[firefox] › a.spec.ts"
    assert names == [(project, "t"), (project, "u"), ("a.spec.ts", "t"), ("a.spec.ts", "u")]


@pytest.mark.parametrize(
    "document", [playwright(root='name="vitest tests"'), playwright(package=' package="x"'), playwright(root='id=""')]
)
def test_a_host_name_of_any_other_tool_says_nothing(document: str) -> None:
    """The machine that ran a test is no part of its name."""
    assert {attempt.classname for attempt in read_junit(document).cases} == {"a.spec.ts"}


def test_playwright_s_report() -> None:
    """The tries of a test are attempts only where Playwright writes them; annotations declare services."""
    sink = read_junit((FIXTURES / "playwright/junit.xml").read_bytes())
    assert sink.outcomes == "ppfpfppeepfssesefspppf"
    assert len({(attempt.classname, attempt.name) for attempt in sink.cases}) == 22
    assert [attempt.services for attempt in sink.cases].count(("payments",)) == 1
    tries = read_junit((FIXTURES / "playwright/junit-tries.xml").read_bytes())
    assert tries.outcomes == "ppffpfffppeeeepfssp"
    assert [len(test) for test in tries.tests()] == [1, 1, 2, 1, 2, 2, 1, 2, 2, 1, 1, 1, 1, 1]


def test_cucumber_s_report() -> None:
    """Undefined and pending steps are failures without text there: the steps say which."""
    sink = read_junit((FIXTURES / "cucumber/junit.xml").read_bytes())
    assert sink.outcomes == "ppfpppfffsfffpfp"
    undefined = sink.cases[6]
    assert undefined.name == "Nobody wrote the step"
    assert "I do what nobody defined" in (undefined.failure or Failure("", "", "")).text


def test_newman_s_reports() -> None:
    """A request without an answer and a script that threw are red, though no case of the suite is."""
    sink = read_junit((FIXTURES / "newman/junit.xml").read_bytes())
    red = [attempt.classname for attempt in sink.cases if attempt.name == "(suite)"]
    assert red == ["Takes too long", "Is dropped", "Script breaks", "Pre-request script breaks"]
    assert sink.final_outcomes() == {"passed": 4, "failed": 5, "errored": 4}
    assert (sink.cases[-1].failure or Failure("", "", "")).message == "prerequestScriptError: no token"
    full = read_junit((FIXTURES / "newman/junitfull.xml").read_bytes())
    assert full.final_outcomes() == {"passed": 5, "failed": 5, "errored": 2}


def test_suites_are_left_again() -> None:
    """A case after an inner suite belongs to the outer one."""
    document = (
        '<testsuite name="outer" file="o.py"><testsuite name="inner" file="i.py"><testcase name="a"/></testsuite>'
        '<testcase name="b"/></testsuite>'
    )
    cases = read_junit(document).cases
    assert [(attempt.classname, attempt.file) for attempt in cases] == [("inner", "i.py"), ("outer", "o.py")]


@pytest.mark.parametrize(
    "document",
    [
        '<testsuite name="s" xmlns="urn:x"><testcase name="t"><failure/></testcase></testsuite>',
        '<j:testsuite name="s" xmlns:j="urn:x"><j:testcase name="t"><j:failure/></j:testcase></j:testsuite>',
        '<testsuite name="s"><unknown><testcase name="t"><failure/></testcase></unknown></testsuite>',
    ],
)
def test_namespaces_and_unknown_wrappers_hide_nothing(document: str) -> None:
    """Only local names matter, and cases are found inside elements that mean nothing."""
    sink = read_junit(document)
    assert [(attempt.classname, attempt.name, attempt.outcome) for attempt in sink.cases] == [("s", "t", FAILED)]


@pytest.mark.parametrize(
    ("children", "outcome", "failure"),
    [
        ("<failure/>", FAILED, Failure("", "", "")),
        ('<failure message="m" type="T">text</failure>', FAILED, Failure("T", "m", "text")),
        ("<failure>\n  first\n  second\n</failure>", FAILED, Failure("", "first", "  first\n  second")),
        ('<error message="m"/>', ERRORED, Failure("", "m", "")),
        ('<failure message="a">1</failure><failure message="b">2</failure>', FAILED, Failure("", "a", "1\n\n2")),
        ('<failure message="a">1</failure><error message="b"/>', FAILED, Failure("", "a", "1\n\nb")),
        ('<error message="a">1</error><failure message="b">2</failure>', ERRORED, Failure("", "a", "1\n\n2")),
        ("<failure><![CDATA[a]]>b<![CDATA[c]]></failure>", FAILED, Failure("", "abc", "abc")),
        ("<failure>a<br/>b</failure>", FAILED, Failure("", "ab", "ab")),
        ('<failure message="#x1B[31mred#x1B[0m"/>', FAILED, Failure("", "red", "")),
        ("<skipped/>", SKIPPED, None),
        ('<skipped message="later"/>', SKIPPED, Failure("", "later", "")),
        ("<skipped>why</skipped>", SKIPPED, Failure("", "why", "")),
        ('<skipped/><failure message="m"/>', FAILED, Failure("", "m", "")),
        ("<system-out>x</system-out>", PASSED, None),
        ("<unknown/>", PASSED, None),
        ("<failure/><system-err>\nsaid\n</system-err>", FAILED, Failure("", "", "said")),
        ("<failure/><system-out>out</system-out><system-err> </system-err>", FAILED, Failure("", "", "out")),
    ],
)
def test_children_decide_the_outcome(children: str, outcome: Outcome, failure: Failure | None) -> None:
    """The first failure or error in document order gives outcome, type and message; texts are joined."""
    (attempt,) = read_junit(case(children)).cases
    assert (attempt.outcome, attempt.failure) == (outcome, failure)


def test_skipped_and_failed_is_a_warning() -> None:
    """A writer that says both is worth a look."""
    assert any("both skipped and failed" in text for text in read_junit(case("<skipped/><failure/>")).warnings)


@pytest.mark.parametrize(
    ("attributes", "outcome"),
    [
        ('status="notrun"', SKIPPED),
        ('status="run" result="suppressed"', SKIPPED),
        ('status="run" result="completed"', PASSED),
        ('status="disabled"', SKIPPED),
        ('skipped="true"', SKIPPED),
        ('status="Failed"', FAILED),
        ('status="error"', ERRORED),
        ('status="passed"', PASSED),
    ],
)
def test_a_status_attribute_counts_where_no_child_says_otherwise(attributes: str, outcome: Outcome) -> None:
    """GoogleTest's disabled tests are skipped; a stated failure is never green."""
    assert read_junit(case("", f'name="t" {attributes}')).cases[0].outcome == outcome
    assert read_junit(case("<error/>", f'name="t" {attributes}')).cases[0].outcome == ERRORED


def test_surefire_s_flakes_and_reruns_are_attempts() -> None:
    """Failed attempts before a pass, or after a failure; the time belongs to the case's own attempt."""
    sink = read_junit((FIXTURES / "surefire/reruns.xml").read_bytes())
    flaky, refunds, skipped, passed = sink.tests()
    assert [(a.retry, a.outcome, a.duration_ms) for a in flaky] == [
        (0, FAILED, None), (1, ERRORED, None), (2, PASSED, 2_500)
    ]  # fmt: skip
    assert flaky[0].failure is not None
    assert flaky[0].failure.text.endswith("(CheckoutIT.java:42)")
    assert flaky[0].links == (Link("attachment", "target/first.png"),)
    assert [(a.retry, a.outcome, a.duration_ms) for a in refunds] == [
        (0, ERRORED, 1_250), (1, ERRORED, None), (2, FAILED, None)
    ]  # fmt: skip
    assert [a.failure.text for a in refunds[1:] if a.failure] == ["second", "third"]
    assert (skipped[0].outcome, passed[0].outcome) == (SKIPPED, PASSED)
    assert sink.known.run_id == "4711"
    assert sink.warnings == []


def test_googletest_s_attributes_are_understood() -> None:
    """Disabled and skipped tests, several failures, times of cases without a zone."""
    sink = read_junit((FIXTURES / "googletest/disabled.xml").read_bytes())
    assert sink.outcomes == "pssf"
    assert sink.cases[0].started_ms == 1767261600124
    assert sink.cases[0].file == "cart_test.cc"
    assert (sink.known.start_ms, sink.known.start_is_zoneless) == (1767261600123, True)
    assert sink.cases[3].failure is not None
    assert sink.cases[3].failure.text == "cart_test.cc:16\nExpected equality\n\ncart_test.cc:17\nValue of: false"
    assert sink.warnings == []


@pytest.mark.parametrize("name", ["xunit1-with-logging.xml", "xunit2.xml"])
def test_pytest_s_report(name: str) -> None:
    """Set-up and tear-down errors, expected failures, repeats of a case, properties."""
    sink = read_junit((FIXTURES / "pytest" / name).read_bytes())
    by_name: dict[str, list[Outcome]] = {}
    for attempt in sink.cases:
        by_name.setdefault(attempt.name, []).append(attempt.outcome)
    assert by_name["test_errors_in_setup"] == [ERRORED]
    assert by_name["test_errors_in_teardown"] == [PASSED, ERRORED] or by_name["test_errors_in_teardown"] == [ERRORED]
    assert by_name["test_fails_and_errors_in_teardown"] == [FAILED]
    assert by_name["test_expected_failure"] == [SKIPPED]
    assert by_name["test_unexpected_pass"] == [FAILED]
    assert by_name["test_reaches[127.0.0.1:54321]"] == [PASSED]
    declared = next(attempt for attempt in sink.cases if attempt.name == "test_declares_services")
    assert declared.services == ("payments", "stock")
    assert Link("trace", "4bf92f3577b34da6a3ce929d0e0e4736") in declared.links
    assert (sink.known.pipeline, sink.known.run_id) == ("integration", "4711")
    assert sink.known.variant == (("browser", "firefox"),)
    assert sink.known.start_is_zoneless is False


def test_jest_s_report() -> None:
    """jest-junit: a suite that cannot be loaded is an errored case; a suite at the epoch's start has no time."""
    sink = read_junit((FIXTURES / "jest/junit.xml").read_bytes())
    assert sink.outcomes == "pfpsppef"
    assert sink.cases[5].name == "cart für Gäste zeigt 日本語 🎉"
    assert (sink.known.start_ms, sink.known.start_is_zoneless) == (1795271819000, True)
    assert not any("a time cannot" in text for text in sink.warnings)


def test_a_failure_of_a_suite_is_never_silent() -> None:
    """It becomes an errored attempt of a stand-in case."""
    sink = read_junit(suite('<error message="set-up failed">trace</error><testcase name="t"/>'))
    assert [(a.classname, a.name, a.outcome) for a in sink.cases] == [("s", "(suite)", ERRORED), ("s", "t", PASSED)]
    assert sink.cases[0].failure == Failure("", "set-up failed", "trace")


def test_services_of_a_suite_hold_for_its_cases_only() -> None:
    """A case's own services come first; the next suite starts without."""
    payments = '<properties><property name="service.peer.name" value="payments"/></properties>'
    stock = '<properties><property name="peer.service">stock</property></properties>'
    document = (
        f'<testsuites><testsuite name="a">{payments}<testcase name="1"/>'
        f'<testcase name="2">{stock}</testcase></testsuite>'
        '<testsuite name="b"><testcase name="3"/></testsuite></testsuites>'
    )
    assert [a.services for a in read_junit(document).cases] == [("payments",), ("stock", "payments"), ()]


def test_services_after_the_cases_are_a_warning() -> None:
    """They would have to be applied to what was handed over already."""
    late = '<testcase name="t"/><properties><property name="service.peer.name" value="x"/></properties>'
    assert any("after its cases" in text for text in read_junit(suite(late)).warnings)


def test_links_come_from_properties_and_output() -> None:
    """Log addresses, traces and attachments, at most as many as the limit."""
    many = "".join(f"[[ATTACHMENT|/tmp/{number}.png]]\n" for number in range(30))
    document = case(
        '<properties><property name="log" value="https://ci.test/log"/><property name="log" value="javascript:x"/>'
        f'<property name="trace_id" value="4bf9"/></properties><system-out>{many}</system-out>'
    )
    (attempt,) = read_junit(document).cases
    assert attempt.links[:2] == (Link("log", "https://ci.test/log"), Link("trace", "4bf9"))
    assert attempt.links[2] == Link("attachment", "/tmp/0.png")
    assert len(attempt.links) == Limits().links_per_attempt


def test_identity_comes_from_suite_and_root_properties() -> None:
    """The keys of `properties.py`; unreadable values are named; other keys are ignored."""
    properties = "".join(
        f'<property name="{key}" value="{value}"/>'
        for key, value in {
            "cicd.pipeline.name": "shop", "vcs.ref.head.name": "main", "deployment.environment.name": "staging",
            "crywolf.run.attempt": "2", "crywolf.shard.index": "1", "crywolf.shard.total": "many",
            "crywolf.run.trigger": "schedule", "start_time": "2026-01-01T00:00:00Z", "java.version": "21",
        }.items()
    )  # fmt: skip
    sink = read_junit(suite(f"<properties>{properties}</properties>", 'name="s" timestamp="2025-01-01T00:00:00"'))
    known = sink.known
    assert (known.pipeline, known.branch, known.environment, known.run_attempt) == ("shop", "main", "staging", 2)
    assert (known.shard_index, known.shard_total, known.trigger) == (1, None, "schedule")
    assert (known.start_ms, known.start_is_zoneless) == (1767225600000, False)
    assert any("crywolf.shard.total" in text for text in sink.warnings)


def test_the_earliest_timestamp_is_the_start() -> None:
    """Zone-less times are given as if in UTC and marked."""
    document = (
        '<testsuites timestamp="2026-01-01T10:00:00"><testsuite timestamp="2026-01-01T09:00:00"/>'
        '<testsuite timestamp="0001-01-01T00:00:00Z"/></testsuites>'
    )
    known = read_junit(document).known
    assert (known.start_ms, known.start_is_zoneless) == (1767258000000, True)


def test_counts_come_from_the_cases() -> None:
    """Numbers that a suite states are compared and never believed."""
    lying = suite('<testcase name="t"><failure/></testcase>', 'name="s" tests="3" failures="0"')
    sink = read_junit(lying)
    assert len(sink.cases) == 1
    assert any("another number of tests" in text for text in sink.warnings)
    assert any("another number of failures" in text for text in sink.warnings)
    assert read_junit(suite('<testcase name="t"/>', 'name="s" tests="abc" failures="x"')).warnings


@pytest.mark.parametrize("attributes", ["", 'name=""', 'name="  " classname=""'])
def test_a_case_without_a_name_gets_a_stand_in(attributes: str) -> None:
    """It is counted, with a warning."""
    sink = read_junit(suite(f"<testcase {attributes}/>"))
    assert [(a.classname, a.name) for a in sink.cases] == [("s", "(no name)")]
    assert any("no name" in text for text in sink.warnings)


def test_one_odd_kind_is_one_warning() -> None:
    """A thousand unreadable durations are told once, with their number and the first place."""
    cases = "\n".join(f'<testcase name="{number}" time="1_000"/>' for number in range(1_000))
    warnings = [text for text in read_junit(suite(cases)).warnings if "duration" in text]
    assert warnings == ["a duration cannot be read (1,000 times; first: '1_000' in line 1)"]


@pytest.mark.parametrize("name", [name for name in HOSTILE_NAMES if name.strip()])
def test_hostile_names_are_handed_over_as_written(name: str) -> None:
    """Cleaning is the pipeline's; what XML cannot hold is left out of this test."""
    legal = "".join(c for c in name if c in "\t\n" or c >= " ").encode("utf-8", "replace").decode()
    attribute = quoteattr(legal, {"\n": "&#10;", "\t": "&#9;"})
    (attempt,) = read_junit(
        suite(f"<testcase classname={attribute} name={attribute}><failure message={attribute}/></testcase>")
    ).cases
    assert attempt.name == legal


def test_batches_hold_a_thousand_and_keep_the_order() -> None:
    """Memory stays constant: attempts are handed over while the file is read."""
    cases = "".join(f'<testcase name="{number}" classname="c" time="0.1"/>' for number in range(25_000))
    sink = CollectingSink()
    sink = read_junit(suite(cases))
    assert [attempt.name for attempt in sink.cases] == [str(number) for number in range(25_000)]
