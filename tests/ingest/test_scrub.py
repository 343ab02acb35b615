"""What is cut is marked where it stands and counted in the file's warnings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ingest.limits import Limits
from ingest.model import Failure, FileOutcome, RunIdentity
from ingest.pipeline import Ingestion
from ingest.scrub import scrub_failure, scrub_line, warnings_of
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input

LIMITS = Limits(name_chars=20, message_chars=100, text_chars=200)


def test_each_limit_counts_what_it_cut() -> None:
    """Type, message and text of a failure by the settings of their limits; what fits is not counted."""
    found = Counter[str]()
    fits = scrub_failure(Failure("t" * 20, "m" * 100, "x" * 200), LIMITS, found)
    assert (len(fits.type), len(fits.message), len(fits.text), found) == (20, 100, 200, {})
    cut = scrub_failure(Failure("t" * 21, "m" * 101, "x" * 201), LIMITS, found)
    assert len(cut.type) == 20
    assert len(cut.message) <= 100
    assert len(cut.text) <= 200
    assert "characters left out" in cut.message
    assert "characters left out" in cut.text
    assert found == {"limits.name_chars=20": 1, "limits.message_chars=100": 1, "limits.text_chars=200": 1}


def test_a_text_that_is_short_without_its_secrets_is_not_cut() -> None:
    """The limit is that of what is stored."""
    found = Counter[str]()
    assert scrub_line(f"password={'hunter2' * 9}", 40, found) == "password=[redacted credential]"
    assert found == {"credential": 1}


def test_the_warnings_name_setting_and_limit() -> None:
    """One sentence a limit, the secrets last; none without any."""
    found = Counter({"limits.text_chars=64000": 3, "limits.name_chars=2000": 1, "jwt": 2})
    assert warnings_of(found) == (
        "1 name cut: longer than the 2,000 characters of limits.name_chars",
        "3 failure texts cut: longer than the 64,000 characters of limits.text_chars",
        "2 secrets redacted: jwt 2",
    )
    assert warnings_of(Counter()) == ()


def test_a_file_tells_what_was_cut_in_it(tmp_path: Path) -> None:
    """Each attempt with a cut name counts, also one whose name was met before."""
    limits = Limits(name_chars=100, text_chars=1_000)
    case = f'<testcase classname="c" name="{"n" * 101}"><failure message="m">{"trace " * 2_000}</failure></testcase>'
    report = f"<testsuite>{case}<testcase classname='c' name='x'/></testsuite>"
    outcomes: list[FileOutcome] = []
    with Ingestion(tmp_path / "s.db", Settings(), RunIdentity(), limits, {}) as ingestion:
        for name in ("one", "two"):
            (tmp_path / f"{name}.xml").write_text(f"<!-- {name} -->{report}")
            found = list_inputs([str(tmp_path / f"{name}.xml")])
            ingestion.ingest_all([item for item in found if isinstance(item, Input)], outcomes.append)
    told = (
        "1 name cut: longer than the 100 characters of limits.name_chars",
        "1 failure text cut: longer than the 1,000 characters of limits.text_chars",
    )
    assert [outcome.warnings for outcome in outcomes] == [told, told]
