"""JUnit reports of tools that have a format of their own beside it: CTest, Robot Framework and Go with gotestsum."""

from __future__ import annotations

from ingest.model import CaseAttempt, Outcome
from tests.ingest.formats.collecting import FIXTURES, read_junit

PASSED, FAILED, ERRORED, SKIPPED = Outcome


def cases(name: str) -> dict[str, CaseAttempt]:
    """Attempts of a report by name; nothing odd is found in it."""
    sink = read_junit((FIXTURES / "junit" / name).read_bytes())
    assert sink.warnings == []
    return {case.name: case for case in sink.cases}


def test_ctest_s_output_stands_in_for_its_one_word() -> None:
    """A failure says no more than "Failed"; what the test wrote tells why."""
    found = cases("ctest.xml")
    assert {name: case.outcome for name, case in found.items()} == {
        "passes": PASSED, "fails": FAILED, "not_found": SKIPPED, "times_out": FAILED, "known": PASSED,
        "left_out": SKIPPED, "skips": SKIPPED, "says_wrong": FAILED, "second_try": PASSED, "set_up": FAILED,
        "never": SKIPPED, "crashes": FAILED,
    }  # fmt: skip
    wrong, missing = found["says_wrong"].failure, found["not_found"].failure
    assert wrong is not None
    assert (wrong.message, wrong.text) == ("Failed", "ERROR: grün <&> \\; 5 of 7")
    assert missing is not None
    assert missing.message == "Unable to find executable"


def test_robot_s_suites_are_part_of_the_class_name() -> None:
    """Set-up, tear-down and a suite's set-up are told as failures of the tests."""
    found = cases("robot.xml")
    assert {name: case.outcome for name, case in found.items()} == {
        "Passes": PASSED, "Fails": FAILED, "Throws": FAILED, "Is Left Out": SKIPPED, "Times Out": FAILED,
        "Has A Broken Set-up": FAILED, "Has A Broken Tear-down": FAILED, "日本 🎉": PASSED, "Never": FAILED,
    }  # fmt: skip
    assert found["Never"].classname == "Shop & Broken.Broken.Never"
    failure = found["Never"].failure
    assert failure is not None
    assert failure.message == "Parent suite setup failed:\nfixture is broken"


def test_gotestsum_s_package_that_does_not_build_is_red() -> None:
    """Only the root's number of errors tells of it; set-up in `TestMain` is told as a case without a class."""
    sink = read_junit((FIXTURES / "junit" / "gotestsum.xml").read_bytes())
    found = {(case.classname.rpartition("/")[2], case.name): case.outcome for case in sink.cases}
    assert found == {
        ("crash", "TestCrashes"): FAILED, ("crash", "TestBefore"): PASSED, ("setup", "TestMain"): FAILED,
        ("pay", "TestTotals"): FAILED, ("pay", "TestCards/with_space"): FAILED, ("pay", "TestCards"): FAILED,
        ("pay", "TestSkipped"): SKIPPED, ("pay", "TestAdds"): PASSED, ("pay", "TestCards/visa"): PASSED,
        ("pay", "TestCards/größe_✓_日本"): PASSED, ("pay", "TestSecondTry"): PASSED, ("", "(suite)"): ERRORED,
    }  # fmt: skip
    assert [case.failure.message for case in sink.cases if case.name == "(suite)" and case.failure] == [
        "the report states errors (1) outside of tests, such as a package that does not build"
    ]


def test_gotestsum_s_reruns_are_attempts() -> None:
    """Failed tests come again before all others; the pass of one stands among the passes."""
    sink = read_junit((FIXTURES / "junit" / "gotestsum-reruns.xml").read_bytes())
    red = [case for case in sink.cases if case.outcome is FAILED]
    assert [case.name for case in red].count("TestTotals") == 3
    assert {case.retry for case in red} == {-2}
    assert {case.retry for case in sink.cases if case.outcome is not FAILED} == {0}
