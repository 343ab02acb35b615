"""RSpec 3.12 as it wrote its JSON report."""

from __future__ import annotations

import pytest

from ingest.errors import Refused
from ingest.formats import rspec
from ingest.recognise import recognise
from tests.ingest.formats.collecting import FIXTURES, collect

ALL = (FIXTURES / "rspec/all.json").read_bytes()


def test_every_kind_of_end() -> None:
    """Counted by hand in `make.sh`: eight examples and one error outside of them."""
    sink = collect(rspec.read, ALL)
    assert [(case.name, case.outcome.name[0]) for case in sink.cases] == [
        ("Cart adds", "P"),
        ("Cart totals größe", "F"),
        ("Cart raises", "F"),
        ("Cart waits", "S"),
        ("Cart is expected to fail", "S"),
        ("Cart passes unexpectedly", "F"),
        ("Cart broken never runs", "F"),
        ("Cart after all runs", "P"),
        ("errors outside of examples", "E"),
    ]
    assert {(case.classname, case.file) for case in sink.cases[:8]} == {("spec.cart_spec", "spec/cart_spec.rb")}
    raised = sink.cases[2].failure
    assert raised is not None
    assert (raised.type, raised.message) == ("ArgumentError", "bad price")
    outside = sink.cases[8].failure
    assert outside is not None
    assert (outside.type, outside.message) == ("RuntimeError", "cannot drop")
    assert sink.cases[4].failure is not None
    assert sink.cases[4].failure.message == "issue 7"
    assert recognise(ALL, "x").format == "rspec"


def test_a_file_that_cannot_be_loaded_is_red() -> None:
    """No example ran: no silent zero."""
    sink = collect(rspec.read, (FIXTURES / "rspec/broken.json").read_bytes())
    assert sink.outcomes == "e"
    assert sink.cases[0].failure is not None
    assert sink.cases[0].failure.message == "cannot load such file -- nowhere_to_be_found"


def test_odd_reports() -> None:
    """A status of another version is errored and said; so is a number of examples that is not the stated one."""
    sink = collect(rspec.read, '{"examples":[{"status":"odd"}],"summary":{"example_count":2}}')
    assert (sink.outcomes, sink.cases[0].name, len(sink.warnings)) == ("e", "(no name)", 2)


def test_every_cut_is_refused() -> None:
    """A document cut anywhere is never taken for a whole one."""
    for at in range(0, len(ALL.rstrip()), 97):
        with pytest.raises(Refused):
            collect(rspec.read, ALL[:at])
