"""Test.xml of CTest 3.25 becomes attempts."""

from __future__ import annotations

import pytest

from ingest.errors import Refused
from ingest.formats import ctest
from ingest.formats.ctest import unpacked
from ingest.model import CaseAttempt, Failure, Outcome
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

P, F, E, S = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED


def fixture(name: str) -> CollectingSink:
    """What a fixture holds."""
    return collect(ctest.read, (FIXTURES / "ctest" / name).read_bytes())


def named(sink: CollectingSink, name: str) -> CaseAttempt:
    """The first attempt of a test."""
    return next(case for case in sink.cases if case.name == name)


def test_counts_by_hand() -> None:
    """18 tests: 4 passed, 3 left out, 11 that CTest lists as failed."""
    assert fixture("all.xml").final_outcomes() == {"passed": 4, "failed": 6, "errored": 5, "skipped": 3}


@pytest.mark.parametrize(
    ("name", "outcome", "message"),
    [
        ("fails", F, "wolf.c:7: expected 1, got 2"),
        ("crashes", E, "SEGFAULT"),
        ("hangs", E, "Timeout"),
        ("passes_unwanted", F, "exit value 0"),
        ("says_the_wrong_thing", F, "Required regular expression not found. Regex=[right ]"),
        ("no_program", E, "Unable to find executable"),
        ("no_file", E, "Required Files Missing"),
        ("needs_database", E, "Fixture dependency failed"),
        ("Grüße/Ω <&>", F, "größer & <b> 🐺"),
        ("long", F, "assertion failed: 1 == 2"),
        ("disabled", S, "Disabled"),
        ("skips", S, "SKIP_RETURN_CODE=77"),
    ],
)
def test_outcomes_and_messages(name: str, outcome: Outcome, message: str) -> None:
    """What CTest counts as failed is red, whether it ran or not; the message says what happened."""
    case = named(fixture("all.xml"), name)
    assert case.outcome == outcome
    assert case.failure is not None
    assert case.failure.message == message


def test_expected_failures_are_passed() -> None:
    """As CTest counts them."""
    assert named(fixture("all.xml"), "fails_as_wanted").outcome == P


def test_packed_output_is_the_plain_one() -> None:
    """CTest packs what is long, unless it is told not to."""
    packed, plain = named(fixture("all.xml"), "long").failure, named(fixture("plain.xml"), "long").failure
    assert packed == plain
    assert packed is not None
    assert packed.text.startswith("line 1 of a long output")
    assert unpacked("AAAA", "gzip", 10) is None


def test_folder_labels_and_identity() -> None:
    """The folder is the class; the build's name is the variant; labels name services."""
    sink = fixture("all.xml")
    assert [(case.classname, case.name) for case in sink.cases if case.name == "passes"] == [
        (".", "passes"), ("lib", "passes"),
    ]  # fmt: skip
    assert named(sink, "labelled").services == ("payments",)
    assert sink.known.variant == (("build", "Linux-unknown"),)
    assert sink.known.start_ms is not None
    assert sink.known.end_ms is not None
    assert not sink.known.start_is_zoneless


def test_repeated_tests() -> None:
    """CTest keeps the last execution only; a test that stands there twice was executed twice."""
    assert [(case.name, case.outcome) for case in fixture("repeated.xml").cases] == [("fails", F), ("wobbles", P)]
    twice = "".join(f"<Test Status='{status}'><Name>t</Name><Path>./a</Path></Test>" for status in ("failed", "passed"))
    sink = collect(ctest.read, f"<Site><Testing>{twice}</Testing></Site>")
    assert [(case.classname, case.retry, case.outcome) for case in sink.cases] == [("a", 0, F), ("a", 1, P)]


def test_older_writers_give_no_reason_for_what_did_not_run() -> None:
    """It is skipped, without a reason; an unknown status is errored."""
    tests = "<Test Status='notrun'><Name>a</Name></Test><Test Status='odd'><Name>b</Name></Test>"
    sink = collect(ctest.read, f"<Site><Testing>{tests}</Testing></Site>")
    assert [(case.outcome, case.failure) for case in sink.cases] == [(S, None), (E, Failure("", "", ""))]


def test_files_of_other_steps_are_refused() -> None:
    """They have the same root element; those that are not told by their first child end here."""
    with pytest.raises(Refused, match="holds no test results"):
        collect(ctest.read, "<Site><DynamicAnalysis/></Site>")
