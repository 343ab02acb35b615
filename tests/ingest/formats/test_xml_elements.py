"""What holds for every XML dialect of small records: Robot Framework, TestNG, TRX, xUnit.net, NUnit, CTest."""

from __future__ import annotations

import contextlib
import io
import random
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import Refused
from ingest.formats.dotnet_names import split_name
from ingest.formats.readers import reader_of
from ingest.limits import Limits
from ingest.recognise import HEAD_BYTES, Kind, recognise
from tests.hostile_names import HOSTILE_NAMES
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, Trickle, collect

FORMAT_OF = {
    "robot": "robot", "testng": "testng", "trx": "trx", "xunit": "xunit", "nunit2": "nunit2", "nunit3": "nunit3",
    "ctest": "ctest",
}  # fmt: skip
FILES = sorted(
    path for folder in FORMAT_OF for path in (FIXTURES / folder).iterdir() if path.suffix in (".xml", ".trx")
)
IDS = [f"{path.parent.name}/{path.name}" for path in FILES]
EMPTY = {
    "robot": "<robot><suite name='s'><test name='{}'><status status='PASS'/></test></suite></robot>",
    "testng": "<testng-results><suite><test><class name='c'><test-method name='{}' status='PASS'/></class></test>"
    "</suite></testng-results>",
    "trx": "<TestRun><Results><UnitTestResult testName='{}' outcome='Passed'/></Results></TestRun>",
    "xunit": "<assemblies><assembly><collection><test name='{}' type='' result='Pass'/></collection></assembly>"
    "</assemblies>",
    "nunit2": "<test-results><test-suite name='s'><test-case name='{}' success='True'/></test-suite></test-results>",
    "nunit3": "<test-run><test-suite name='s'><test-case name='{}' result='Passed'/></test-suite></test-run>",
    "ctest": "<Site><Testing><Test Status='passed'><Name>{}</Name></Test></Testing></Site>",
}
SMALL = Limits(file_bytes=200_000, token_bytes=50_000, depth=20, attributes=50, text_chars=100)


def kept(name: str) -> str:
    """A name without what XML forbids."""
    return "".join(character for character in name if character >= " " and not "\ud800" <= character <= "\udfff")


def escaped(name: str) -> str:
    """A name as it can stand in an attribute."""
    return kept(name).replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")


def read(path: Path, stream: BinaryIO | None = None) -> CollectingSink:
    """What the reader of a fixture hands over."""
    sink = CollectingSink()
    reader_of(FORMAT_OF[path.parent.name])(stream or io.BytesIO(path.read_bytes()), Limits(), sink)
    return sink


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_report_is_recognised_by_its_content(path: Path) -> None:
    """Whatever its name."""
    known = recognise(path.read_bytes()[:HEAD_BYTES], "x")
    assert (known.kind, known.format) == (Kind.REPORT, FORMAT_OF[path.parent.name])


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_every_cut_is_refused(path: Path) -> None:
    """A file cut anywhere before its end is never taken for a whole one."""
    data = path.read_bytes().rstrip()
    for at in range(1, len(data), max(1, len(data) // 120)):
        with pytest.raises(Refused) as caught:
            read(path, io.BytesIO(data[:at]))
        assert caught.value.code in ("xml-truncated", "xml-syntax"), (at, caught.value)


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_the_size_of_the_pieces_changes_nothing(path: Path) -> None:
    """A pipe that trickles gives what the file gives."""
    whole, trickled = read(path), read(path, cast(BinaryIO, Trickle(path.read_bytes(), 64)))
    assert (whole.cases, whole.known, whole.warnings) == (trickled.cases, trickled.known, trickled.warnings)


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_retry_follows_its_test(path: Path) -> None:
    """Attempts of one test stand together, numbered from 0."""
    for test in read(path).tests():
        assert [attempt.retry for attempt in test] == list(range(len(test)))
        assert len({(attempt.classname, attempt.name) for attempt in test}) == 1


@pytest.mark.parametrize("format_name", sorted(EMPTY))
def test_another_root_is_refused_with_what_was_expected(format_name: str) -> None:
    """Also one level down: a report inside another document is none."""
    with pytest.raises(Refused, match="the root element is 'other'"):
        collect(reader_of(format_name), f"<other>{EMPTY[format_name]}</other>")


@pytest.mark.parametrize("format_name", sorted(EMPTY))
def test_names_are_as_written(format_name: str) -> None:
    """Brackets, markup, other scripts, ten thousand characters."""
    for name in HOSTILE_NAMES:
        wanted = escaped(name).strip()
        if wanted:
            (case,) = collect(reader_of(format_name), EMPTY[format_name].replace("{}", wanted)).cases
            assert case.name.strip() in (kept(name).strip(), split_name(kept(name))[1].strip())


@pytest.mark.parametrize("format_name", sorted(EMPTY))
def test_a_result_without_a_name_is_kept(format_name: str) -> None:
    """Under a stand-in, with a warning."""
    sink = collect(reader_of(format_name), EMPTY[format_name].format(""))
    assert [case.name for case in sink.cases] == ["(no name)"]
    assert sink.warnings


@pytest.mark.parametrize("format_name", sorted(EMPTY))
def test_forbidden_characters_are_replaced_and_said(format_name: str) -> None:
    """Nothing is handed over twice in the second reading."""
    document = EMPTY[format_name].format("a") + "<!-- \x1b[31m -->"
    sink = collect(reader_of(format_name), document)
    assert len(sink.cases) == 1
    assert any("characters that XML forbids" in warning for warning in sink.warnings)


def test_what_an_earlier_reading_handed_over_is_left_out() -> None:
    """A control character behind thousands of results: each is handed over once."""
    results = "".join(f"<test name='t{number}' type='c' result='Pass'/>" for number in range(2_500))
    sink = collect(
        reader_of("xunit"), f"<assemblies><assembly><collection>{results}\x1b</collection></assembly></assemblies>"
    )
    assert [case.name for case in sink.cases] == [f"t{number}" for number in range(2_500)]


def test_too_deep_and_too_many_attributes_are_refused() -> None:
    """By the limits' names."""
    deep = "<robot>" + "<suite name='s'>" * 101 + "</suite>" * 101 + "</robot>"
    with pytest.raises(Refused, match=r"limits\.depth"):
        collect(reader_of("robot"), deep)
    wide = " ".join(f"a{number}='1'" for number in range(50_001))
    with pytest.raises(Refused, match=r"limits\.attributes"):
        collect(reader_of("robot"), f"<robot {wide}/>")


def test_a_long_trace_keeps_its_head_and_its_tail() -> None:
    """What is missing between them is said; memory is bounded."""
    trace = "head " + "x" * 3_000_000 + " tail"
    sink = collect(
        reader_of("nunit3"),
        "<test-run><test-suite><test-case name='t' result='Failed'><failure><stack-trace>"
        f"{trace}</stack-trace></failure></test-case></test-suite></test-run>",
    )
    failure = sink.cases[0].failure
    assert failure is not None
    assert failure.text.startswith("head xx")
    assert failure.text.endswith("xx tail")
    assert len(failure.text) < 1_000_000


@pytest.mark.parametrize(
    ("document", "format_name"),
    [
        ('<assembly xmlns="http://maven.apache.org/ASSEMBLY/2.0.0"/>', "maven-assembly"),
        ('<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0"/>', "manifest"),
    ],
)
def test_other_documents_with_the_same_root_are_no_reports(document: str, format_name: str) -> None:
    """They are refused by name."""
    known = recognise(document.encode(), "x.xml")
    assert (known.kind, known.format) == (Kind.REFUSED, format_name)


@settings(max_examples=120)
@given(st.sampled_from(range(len(FILES))), st.integers(0, 2**32))
def test_mutated_reports_raise_nothing_but_refused(which: int, number: int) -> None:
    """Bits flipped, pieces cut out and doubled."""
    rng, path = random.Random(number), FILES[which]
    data = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data))
        kind = rng.randrange(3)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(7)
        elif kind == 1:
            end = data.find(b">", at)
            del data[at : end if rng.random() < 0.5 and end > 0 else at + 1]
        else:
            start, end = data.rfind(b"<", 0, at), data.find(b">", at)
            if 0 <= start < end:
                data[start:start] = data[start : end + 1]
    sink = CollectingSink()
    with contextlib.suppress(Refused):
        reader_of(FORMAT_OF[path.parent.name])(io.BytesIO(bytes(data)), SMALL, sink)
