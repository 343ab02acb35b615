"""Test reports as Jenkins and GitLab serve them, in the shape of their documentation and sources."""

from __future__ import annotations

import pytest

from ingest.errors import Refused
from ingest.formats import gitlab, jenkins
from ingest.formats.sink import FormatReader
from ingest.recognise import recognise
from tests.ingest.formats.collecting import FIXTURES, collect

JENKINS = (FIXTURES / "jenkins/testReport.json").read_bytes()
MAVEN = (FIXTURES / "jenkins/maven.json").read_bytes()
GITLAB = (FIXTURES / "gitlab/test_report.json").read_bytes()
ALL = [(jenkins.read, JENKINS, "jenkins"), (jenkins.read, MAVEN, "jenkins"), (gitlab.read, GITLAB, "gitlab")]


def test_every_status_of_jenkins() -> None:
    """Compared with the build before or not: passed, failed and skipped."""
    sink = collect(jenkins.read, JENKINS)
    assert [(case.classname, case.name, case.outcome.name[0], case.duration_ms) for case in sink.cases] == [
        ("shop.CartTest", "adds", "P", 1250),
        ("shop.CartTest", "totals größe", "F", 500),
        ("shop.CartTest", "pays", "F", 250),
        ("shop.VaultTest", "opens", "P", 1500),
        ("shop.VaultTest", "locks", "S", 0),
    ]
    totals, pays, locks = (sink.cases[at].failure for at in (1, 2, 4))
    assert totals is not None
    assert (totals.type, totals.message) == ("java.lang.AssertionError", "expected:<2> but was:<1>")
    assert pays is not None
    assert pays.message.startswith("Connection refused")
    assert locks is not None
    assert locks.message == "issue 7"
    assert not sink.warnings


def test_the_modules_of_a_maven_build() -> None:
    """One report each, read together."""
    sink = collect(jenkins.read, MAVEN)
    assert [(case.name, case.outcome.name) for case in sink.cases] == [("adds", "PASSED"), ("opens", "FAILED")]


def test_every_status_of_gitlab() -> None:
    """Failed and error are told apart; what could not be read is red."""
    sink = collect(gitlab.read, GITLAB)
    assert [(case.classname, case.name, case.outcome.name[0], case.file) for case in sink.cases] == [
        ("shop.Vault", "opens", "E", "tests/vault_test.py"),
        ("shop.Cart", "totals größe", "F", "tests/cart_test.py"),
        ("shop.Cart", "pays", "F", None),
        ("shop.Vault", "locks", "S", None),
        ("shop.Cart", "adds", "P", "tests/cart_test.py"),
        ("unit", gitlab.UNREADABLE, "E", None),
    ]
    opens, totals, pays, locks = (sink.cases[at].failure for at in range(4))
    assert opens is not None
    assert (opens.type, opens.message) == ("ConnectionRefusedError", "[Errno 111]")
    assert totals is not None
    assert totals.message == "assert 1 == 2"
    assert pays is not None
    assert pays.text == "no answer\nTimeout\ncart.py:9"
    assert locks is not None
    assert locks.message == "issue 7"


@pytest.mark.parametrize(("read", "data", "name"), ALL)
def test_every_cut_is_refused(read: FormatReader, data: bytes, name: str) -> None:
    """A document cut anywhere is never taken for a whole one; whole, it is known by its content."""
    assert recognise(data, "x").format == name
    for at in range(0, len(data.rstrip()), 97):
        with pytest.raises(Refused):
            collect(read, data[:at])


def test_odd_reports() -> None:
    """A status of another version is errored and said."""
    for read, text in (
        (jenkins.read, '{"suites":[{"name":"s","cases":[{"status":"ODD","duration":"x"}]},{}]}'),
        (gitlab.read, '{"test_suites":[{"name":"s","test_cases":[{"status":"odd","execution_time":"x"}]},{}]}'),
    ):
        sink = collect(read, text)
        assert (sink.outcomes, sink.cases[0].classname, len(sink.warnings)) == ("e", "s", 2)
