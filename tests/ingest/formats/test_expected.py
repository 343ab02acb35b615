"""Reports of public projects: the counts that those projects' own tests state, and no exception for any file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.formats.dialects import JSON_DIALECTS, XML_DIALECTS
from ingest.formats.readers import reader_of
from ingest.limits import Limits
from ingest.recognise import HEAD_BYTES, Kind, Recognised, recognise
from tests.ingest.formats.collecting import SHARED, CollectingSink

REPORTS = SHARED / "reports"
pytestmark = pytest.mark.skipif(not REPORTS.exists(), reason="no reports beside the checkout")

EXPECTED: dict[str, dict[str, Any]] = (
    json.loads((REPORTS / "expected.json").read_text()) if (REPORTS / "expected.json").exists() else {}
)
FILES = sorted(path for path in REPORTS.rglob("*") if path.is_file()) if REPORTS.exists() else []

NOT_READ_YET = {row.format for row in XML_DIALECTS if row.is_report and not row.is_read} | {
    row.format for row in JSON_DIALECTS if row.is_report and not row.is_read
}
"""Formats of later work: their files are refused now, by name."""

BROKEN = {
    "mikepenz/junit-web-test/expected.xml": 'a template: time="<<computed>>" is no XML',
}
ONE_KIND_OF_RED = {
    "enricomi/nunit/mstest/timewarpinc.xml": 'the source counts label="Error" as a failure, here it is errored',
}
OTHER_NAMES = {
    "dorny/dart-json.json": "the source sorts cases by file; here they come as the report has them",
    "xunit-plugin/ctest-testcase1.xml": "the source replaces - in names by _; here they stay as written",
    "enricomi/xunit/mstest/jenkinsci/testcase6.xml": "the source reads the empty method, here it is the display name",
    "dorny/nette-tester/BootstrapFormRenderer-report.xml": "the source shortens names; here they stay as written",
    "xunit-plugin/cunit-testcase5.xml": "the source puts passed cases first; here they come as the report has them",
    "xunit-plugin/valgrind-testcase1.xml": "the source names the case after the file; here it is the program's name",
    "dorny/mocha-json.json": "the source sorts cases by file and name; here they come as the report has them",
}


def known_of(path: Path) -> Recognised:
    """What a file is."""
    with path.open("rb") as stream:
        return recognise(stream.read(HEAD_BYTES), path.name)


def read(path: Path) -> CollectingSink:
    """What a file holds."""
    sink, known = CollectingSink(), known_of(path)
    if known.kind == Kind.REFUSED:
        raise known.refusal()
    with path.open("rb") as stream:
        reader_of(known.format or "")(stream, Limits(), sink)
    return sink


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_counts_are_those_of_the_source(name: str) -> None:
    """Tests after merging marked retries, and how they ended; a refused file says what it is."""
    expected, path = EXPECTED[name], REPORTS / name
    known = known_of(path)
    if expected["reject"]:
        assert known.kind == Kind.REFUSED
        return
    if known.kind == Kind.REFUSED:
        assert known.format in NOT_READ_YET
        assert "not read yet" in known.reason
        pytest.skip(f"{known.format}: not read yet")
    sink = read(path)
    counted = sink.final_outcomes()
    assert len(sink.tests()) == expected["tests"]
    found = {"passed": counted["passed"], "failed": counted["failed"], "errors": counted["errored"],
             "skipped": counted["skipped"], "failed_plus_errors": counted["failed"] + counted["errored"]}  # fmt: skip
    if name in ONE_KIND_OF_RED:
        expected = expected | {"failed_plus_errors": expected["failed"], "failed": None, "errors": None}
    stated = {key: expected[key] for key in found if expected.get(key) is not None}
    assert {key: found[key] for key in stated} == stated
    if name in OTHER_NAMES:
        return
    names = [(test[0].classname, test[0].name) for test in sink.tests()]
    for (classname, name_read), first in zip(names, expected.get("first_tests", ()), strict=False):
        wanted = first if isinstance(first, str) else first[1]
        assert wanted in (name_read, name_read.rpartition(".")[2], f"{classname}.{name_read}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPORTS)))
def test_no_file_raises_anything_but_a_refusal(path: Path) -> None:
    """Every attempt is whole; a refusal has a code and a reason."""
    known = known_of(path)
    if known.kind not in (Kind.REPORT, Kind.REFUSED):
        return
    if known.kind == Kind.REFUSED or str(path.relative_to(REPORTS)) in BROKEN:
        with pytest.raises(Refused, match=r"^[a-z-]+: ."):
            read(path)
    else:
        read(path)


def test_every_junit_file_is_recognised() -> None:
    """What lies in folders of JUnit reports is read, apart from files that are meant not to be."""
    folders = (
        "enricomi/junit-xml",
        "trr/junit",
        "junitparser",
        "nextest",
        "semaphore",
        "ctrf-junit",
        "mikepenz/python",
    )
    others = {"not-junit.xml"}
    missed = [
        path.name
        for path in FILES
        if str(path.relative_to(REPORTS)).startswith(folders) and known_of(path).format != "junit"
    ]
    assert set(missed) <= others
