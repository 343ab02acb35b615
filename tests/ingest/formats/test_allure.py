"""Allure 2 result folders of allure-pytest 2.16.2 and allure-mocha 3.12.2, and Allure 1 suites (by hand)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.errors import Refused
from ingest.formats import allure1, allure2
from ingest.formats.allure_names import CaseName, Written, name_of
from ingest.model import CaseAttempt, Failure, Link, Outcome
from ingest.recognise import Kind, recognise
from tests.ingest.formats.collecting import FIXTURES, SHARED, CollectingSink, collect

SUITE = """<ns2:test-suite xmlns:ns2="urn:model.allure.qatools.yandex.ru" start="1767225600000" stop="1767225603000">
  <name>shop.CartTest</name><title>Cart</title>
  <test-cases>
    <test-case start="1767225600500" stop="1767225601000" status="passed"><name>adds</name><title>Adds</title>
      <labels><label name="service.peer.name" value="stock"/></labels>
      <parameters><parameter name="n" value="2" kind="argument"/>
        <parameter name="PATH" value="/bin" kind="environment-variable"/></parameters></test-case>
    <test-case start="1767225601000" stop="1767225602000" status="failed"><name>totals</name>
      <failure><message>AssertionError: no</message>
        <stack-trace>java.lang.AssertionError: no\tat x</stack-trace></failure>
      <steps><step start="1" stop="2" status="failed"><name>pay</name>
        <attachments><attachment source="a.png" type="image/png"/></attachments></step></steps></test-case>
    <test-case start="1767225602000" stop="1767225602001" status="broken"><name>shop.CartTest</name></test-case>
    <test-case start="1767225602000" stop="1767225602001" status="canceled"><name>later</name>
      <failure><message>not now</message></failure></test-case>
    <test-case start="1767225602000" stop="1767225602001" status="pending"><name>shop.CartTest</name>
      <title>ignored</title></test-case>
  </test-cases>
</ns2:test-suite>
"""


def read_folder(folder: Path) -> dict[str, list[CaseAttempt]]:
    """Attempts of each case of a result folder in the order of their starts."""
    found: list[CaseAttempt] = []
    for path in folder.iterdir():
        found.extend(collect(allure2.read, path.read_bytes()).cases)
    cases: dict[str, list[CaseAttempt]] = {}
    for case in sorted(found, key=lambda case: case.started_ms or 0):
        cases.setdefault(f"{case.classname}::{case.name}", []).append(case)
    return cases


def ends(cases: dict[str, list[CaseAttempt]]) -> dict[str, str]:
    """First letters of the outcomes of each case."""
    return {name: "".join(attempt.outcome.name[0] for attempt in attempts) for name, attempts in cases.items()}


def result(**more: object) -> CollectingSink:
    """What a result file holds."""
    return collect(allure2.read, json.dumps({"uuid": "u", "name": "adds", "status": "passed"} | more))


def test_a_folder_of_pytest() -> None:
    """Retries share a name, parametrised cases do not; hooks that pytest blames tests for are no cases."""
    assert ends(read_folder(FIXTURES / "allure-pytest/results")) == {
        "tests.api.test_cart::test_adds": "P",
        "tests.api.test_cart::test_totals": "F",
        "tests.api.test_cart::test_raises": "E",
        "tests.api.test_cart.TestCoupons::test_applies": "P",
        "tests.api.test_cart.TestCoupons::test_codes[TEN]": "P",
        "tests.api.test_cart.TestCoupons::test_codes[gr\\xf6\\xdfe \\u2713]": "F",
        "tests.api.test_cart.TestCoupons::test_codes[a/b::c]": "P",
        "tests.api.test_cart::test_broken_setup": "E",
        "tests.api.test_cart::test_broken_teardown": "E",
        "tests.api.test_cart::test_fails_and_breaks": "F",
        "tests.api.test_cart::test_skipped": "S",
        "tests.api.test_cart::test_skips_itself": "S",
        "tests.api.test_cart::test_expected_to_fail": "S",
        "tests.api.test_cart::test_unexpectedly_passes": "P",
        "tests.api.test_cart::test_strictly_unexpected": "F",
        "tests.api.test_cart::test_flaky": "FFP",
        "tests.api.test_cart::test_never_passes": "FF",
        "tests.api.test_cart::test_flaky_setup": "FP",
        "tests.api.test_cart::test_metadata": "P",
        "tests.test_allure::test_titled [n=1]": "P",
        "tests.test_allure::test_titled [n=2]": "F",
        "tests.test_allure::test_in_suites": "P",
    }


def test_a_folder_of_mocha() -> None:
    """Broken hooks are cases, one each, though allure-mocha writes the second twice; `Retry` belongs to no name."""
    cases = read_folder(FIXTURES / "allure-mocha/results")
    assert ends(cases) == {
        "test/cart.spec.js::cart > adds": "P",
        "test/cart.spec.js::cart > totals": "F",
        "test/cart.spec.js::cart > raises": "E",
        "test/cart.spec.js::cart > flaky": "FFP",
        "test/cart.spec.js::cart > skipped": "S",
        "test/cart.spec.js::cart > coupons > codes [code=TEN]": "P",
        "test/cart.spec.js::cart > coupons > codes [code=größe]": "P",
        "test/cart.spec.js::cart > coupons > titled": "P",
        'hooks::"before all" hook: database': "E",
        "test/cart.spec.js::broken after > runs": "P",
        'hooks::"after all" hook': "EE",
    }
    titled = cases["test/cart.spec.js::cart > coupons > titled"][0]
    assert titled.services == ("payments",)
    assert [link.kind for link in titled.links] == ["url", "attachment"]
    assert titled.file == "test/cart.spec.js"


def test_texts_and_times() -> None:
    """Message, trace, class of the exception; duration and start; the run's start is an estimate."""
    sink = result(
        status="broken", start=1767225600000, stop=1767225600250,
        statusDetails={"message": "ValueError: bad price", "trace": "File x\nValueError: bad price"},
    )  # fmt: skip
    failure = Failure("ValueError", "ValueError: bad price", "File x\nValueError: bad price")
    assert sink.cases == [CaseAttempt("", "adds", Outcome.ERRORED, 250, 1767225600000, failure)]
    assert (sink.known.start_ms, sink.known.start_is_estimated) == (1767225600000, True)


@pytest.mark.parametrize("status", [None, "unknown", "odd"])
def test_without_a_known_status_a_test_is_red(status: str | None) -> None:
    """Its process died before it could say more."""
    sink = result(status=status)
    assert sink.outcomes == "e"
    assert len(sink.warnings) == 1


def test_flags_decide_nothing_and_status_has_no_case() -> None:
    """`flaky`, `muted` and `known` are opinions."""
    assert result(status="Passed", statusDetails={"flaky": True, "muted": True}).outcomes == "p"


def test_masked_values_stay_masked() -> None:
    """They are secrets; excluded ones are no part of the name."""
    masked = {"name": "password", "value": "hunter2", "mode": "masked"}
    excluded = {"name": "time", "value": "now", "excluded": True}
    sink = result(parameters=[masked, excluded, {"name": "n", "value": 3}])
    assert sink.cases[0].name == "adds [password=***, n=3]"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (Written("adds", "a.B.adds", (), {}, ()), CaseName("a.B", "adds", None)),
        (Written("Odd", "a.B#adds", (), {}, ()), CaseName("a.B", "adds", None)),
        (Written("adds(int)[1]", "a.B#adds", (), {}, [("n", "1")]), CaseName("a.B", "adds(int)[1]", None)),
        (Written("adds", "", (), {"parentSuite": ["A"], "subSuite": ["B"]}, ()), CaseName("A > B", "adds", None)),
        (Written("adds", "features/a.feature:12", (), {"package": ["p"]}, ()), CaseName("p", "adds", None)),
        (Written("adds", "e2e/a.ts: cart > adds", (), {}, ()), CaseName("e2e/a.ts", "cart > adds", "e2e/a.ts")),
        (Written("x", "Cart: x", ["features", "a.feature"], {}, ()), CaseName("Cart", "x", "features/a.feature")),
        (Written("", "", (), {}, ()), CaseName("", "(no name)", None)),
    ],
)  # fmt: skip
def test_names(written: Written, expected: CaseName) -> None:
    """By what stays from run to run."""
    assert name_of(written) == expected


def test_hooks() -> None:
    """A named container's broken hook is a case; the only test of an unnamed one carries it itself."""
    broken = {"name": "login", "status": "broken", "start": 1767225600000, "statusDetails": {"message": "no"}}
    sink = collect(allure2.read, json.dumps({"uuid": "u", "name": "CartTest", "children": ["a"], "befores": [broken]}))
    assert [(case.classname, case.name, case.outcome) for case in sink.cases] == [
        ("CartTest", "login", Outcome.ERRORED)
    ]
    for children, count in ((["a"], 0), ([], 1), (["a", "b"], 1)):
        sink = collect(allure2.read, json.dumps({"uuid": "u", "children": children, "afters": [broken]}))
        assert len(sink.cases) == count


def test_allure_1() -> None:
    """Five cases: arguments are part of the name, a case that is named like its class has its title."""
    sink = collect(allure1.read, SUITE)
    assert [(case.name, case.outcome.name) for case in sink.cases] == [
        ("adds [n=2]", "PASSED"), ("totals", "FAILED"), ("shop.CartTest", "ERRORED"), ("later", "SKIPPED"),
        ("ignored", "SKIPPED"),
    ]  # fmt: skip
    assert {case.classname for case in sink.cases} == {"shop.CartTest"}
    assert (sink.cases[0].duration_ms, sink.cases[0].services) == (500, ("stock",))
    assert sink.cases[1].failure == Failure(
        "AssertionError", "AssertionError: no", "java.lang.AssertionError: no\tat x"
    )
    assert sink.cases[1].links == (Link("attachment", "a.png"),)
    assert (sink.known.start_ms, sink.known.end_ms) == (1767225600000, 1767225603000)


def test_every_cut_is_refused() -> None:
    """Of a result, of a container and of a suite."""
    texts = [path.read_bytes() for path in sorted((FIXTURES / "allure-pytest/results").iterdir())[:4]]
    for data in texts:
        for at in range(0, len(data.rstrip()), 7):
            with pytest.raises(Refused):
                collect(allure2.read, data[:at])
    for at in range(0, len(SUITE.rstrip()), 7):
        with pytest.raises(Refused):
            collect(allure1.read, SUITE[:at])


@pytest.mark.parametrize(
    ("text", "kind", "format_name"),
    [
        ('{"uuid":"u","children":[]}', Kind.REPORT, "allure2"),
        ('{"uuid":"u","befores":[],"start":1}', Kind.REPORT, "allure2"),
        ('{"attachments":[],"errors":[]}', Kind.REPORT, "allure2"),
        ('{"name":"Jenkins","type":"jenkins","buildName":"a#1"}', Kind.RUN, "allure-executor"),
        ('[{"name":"x","matchedStatuses":["broken"]}]', Kind.UNKNOWN, "allure-categories"),
        (SUITE, Kind.REPORT, "allure1"),
    ],
)
def test_what_lies_in_a_folder_is_known(text: str, kind: Kind, format_name: str) -> None:
    """Companions of the results are read for what they know of the run, or skipped, but not refused."""
    known = recognise(text.encode(), "x.json")
    assert (known.kind, known.format) == (kind, format_name)


@pytest.mark.skipif(not SHARED.exists(), reason="no reports beside the checkout")
def test_reports_of_allure_itself() -> None:
    """Allure 1 suites of its tests: 19 cases, 9 passed, 4 failed, 4 broken, 2 skipped; counted by hand."""
    outcomes = ""
    for path in sorted((SHARED / "reports/allure/allure1data").glob("*.xml")):
        outcomes += collect(allure1.read, path.read_bytes()).outcomes
    assert {letter: outcomes.count(letter) for letter in "pfes"} == {"p": 9, "f": 4, "e": 4, "s": 2}
