"""What cannot be read is refused with a code, a place and a remedy; everything else of the encoding zoo is read."""

from __future__ import annotations

import gzip
import io
import time
from dataclasses import replace
from typing import BinaryIO, cast

import pytest

from ingest.clean import clean
from ingest.errors import Refused
from ingest.formats import junit
from ingest.limits import Limits
from ingest.model import Outcome
from tests.ingest.formats.collecting import CollectingSink, Trickle, read_junit

GOOD = (
    '<testsuites><testsuite name="s">\n<testcase name="prüfung" classname="c" time="0.1">'
    "<failure>é</failure></testcase></testsuite></testsuites>"
)


def refusal(data: bytes | str, limits: Limits | None = None) -> Refused:
    """What reading raises."""
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    with pytest.raises(Refused) as caught:
        junit.read(stream, limits or Limits(), CollectingSink())
    return caught.value


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty-file", "empty"),
        (b"\xef\xbb\xbf", "empty-file", "empty"),
        (b" \n ", "xml-syntax", "white space"),
        (b"\0" * 4096, "xml-syntax", ""),
        ("<coverage/>", "unknown-format", "'coverage'"),
        ("<testcase name='t'/>", "unknown-format", "'testcase'"),
        ("<!DOCTYPE testsuites><testsuites/>", "xml-doctype", "DOCTYPE"),
        ("<!doctype html><html/>", "xml-syntax", ""),
        (GOOD + GOOD, "xml-syntax", "two files"),
        ("<testsuites><testsuite></testsuites>", "xml-syntax", "mismatched"),
        ("<testsuites><testcase name='a' name='b'/></testsuites>", "xml-syntax", "duplicate"),
        ("<testsuites><testcase><x:y/></testcase></testsuites>", "xml-syntax", "prefix"),
        ("<testsuites>&nbsp;</testsuites>", "xml-syntax", "entity"),
        ("<testsuites>&#0;</testsuites>", "xml-syntax", ""),
        ("<testsuites>\0</testsuites>", "xml-syntax", ""),
        ("<testsuites>\ufffe</testsuites>", "xml-syntax", ""),
        ("<testsuites><testsuite name='shop'><testcase name='pays'><fail", "xml-truncated", "<testcase> 'pays'"),
        ("<testsuites><testsuite name='shop'>", "xml-truncated", "<testsuite> 'shop'"),
        ("<testsuites><testcase name='t'><failure><![CDATA[x", "xml-truncated", "<failure>"),
        ("<?xml version='1.0' encoding='Shift_JIS'?><testsuites/>", "xml-encoding", "'Shift_JIS'"),
        ("<?xml version='1.0' encoding='zlib_codec'?><testsuites/>", "xml-encoding", "UTF-8"),
        ("<?xml version='1.0' encoding='UTF-7'?><testsuites/>", "xml-encoding", "UTF-7"),
        ("<?xml version='1.0' encoding='UTF-16'?><testsuites/>", "xml-encoding", "not UTF-16"),
        (GOOD.encode("utf-32"), "xml-encoding", "UTF-32"),
        (GOOD.encode("latin-1"), "xml-encoding", "byte "),
        (b"<testsuites>\xc0\xbc</testsuites>", "xml-encoding", "byte 12"),
        (b"\xff\xfe<\0t\0\x00\xd8", "xml-truncated", ""),
    ],
)
def test_refusals_name_code_and_cause(data: bytes | str, code: str, words: str) -> None:
    """The reason says what is wrong in words of the file."""
    refused = refusal(data)
    assert refused.code == code
    assert words in refused.reason
    assert clean(refused.reason) == refused.reason


def test_refusals_name_the_place() -> None:
    """Line and column are 1-based, also after white space before the declaration."""
    refused = refusal("<testsuites>\n  &nbsp;</testsuites>")
    assert (refused.line, refused.column) == (2, 3)
    assert refusal("\n\n<?xml version='1.0'?>\n<testsuites>\n&x;</testsuites>").line == 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "cp1252"])
@pytest.mark.parametrize("size", [7, 1_000_000])
def test_encodings_of_the_allow_list_are_read(encoding: str, size: int) -> None:
    """Whatever the size of the pieces in which the bytes arrive."""
    names = {"utf-8-sig": "UTF-8", "cp1252": "windows-1252"}
    text = f'<?xml version="1.0" encoding="{names.get(encoding, encoding)}"?>\n{GOOD}'
    sink = CollectingSink()
    junit.read(cast(BinaryIO, Trickle(text.encode(encoding), size)), Limits(), sink)
    assert sink.cases[0].name == "prüfung"
    assert sink.cases[0].failure is not None
    assert sink.cases[0].failure.text == "é"


def test_utf16_may_declare_anything() -> None:
    """A shell that redirects UTF-8 output into UTF-16 leaves the declaration as it was; the bytes decide."""
    data = ('<?xml version="1.0" encoding="UTF-8"?>' + GOOD).encode("utf-16")
    assert read_junit(data).cases[0].name == "prüfung"


def test_white_space_before_the_declaration_is_skipped_with_a_warning() -> None:
    """A line printed into the file first is the commonest defect of CI reports."""
    sink = read_junit("\n <?xml version='1.0'?>" + GOOD)
    assert len(sink.cases) == 1
    assert any("white space" in text for text in sink.warnings)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"&#27;[31mred&#x1B;[0m", "red"),
        (b"\x1b]0;title\x07red", "0;title\ufffdred"),
        (b"a\x08b&#8;c", "a\ufffdb\ufffdc"),
        (b"<![CDATA[\x1b[1mbold\x1b[0m]]>", "bold"),
    ],
)
def test_control_characters_are_salvaged(written: bytes, text: str) -> None:
    """Terminal colours make a report ill-formed, and are no reason to lose it."""
    data = b"<testsuites><testcase name='t'><failure>%s</failure></testcase></testsuites>" % written
    sink = read_junit(data)
    assert sink.cases[0].failure is not None
    assert clean(sink.cases[0].failure.text) == text
    assert any("were replaced" in warning for warning in sink.warnings)


def test_salvage_hands_every_attempt_over_once() -> None:
    """The first reading may have handed over thousands of cases before it met the character."""
    before = "".join(f'<testcase name="{number}" classname="c" time="0.1"/>' for number in range(12_345))
    data = f"<testsuites>{before}<testcase name='bad'><failure>\x1b[31m</failure></testcase></testsuites>"
    sink = read_junit(data)
    assert [attempt.name for attempt in sink.cases] == [*map(str, range(12_345)), "bad"]


def test_salvage_needs_a_stream_that_can_be_read_twice() -> None:
    """From a pipe such a file is refused, and the reason says so."""
    data = b"<testsuites><testcase name='t'><failure>\x1b[31m</failure></testcase></testsuites>"
    with pytest.raises(Refused, match="as a file"):
        junit.read(cast(BinaryIO, Trickle(data)), Limits(), CollectingSink())


def test_limits_are_named_in_the_refusal() -> None:
    """Every limit can be raised by the setting that the reason names."""
    limits = replace(Limits(), file_bytes=1_000, token_bytes=300_000, depth=5, attributes=10)
    big = "<testsuites>" + "<testcase name='t'/>" * 100 + "</testsuites>"
    deep = "<testsuites>" + "<testsuite>" * 10 + "</testsuite>" * 10 + "</testsuites>"
    wide = "<testsuites><testcase " + " ".join(f'a{number}=""' for number in range(11)) + "/></testsuites>"
    for data, code, setting in (
        (big, "too-large", "file_bytes"),
        (deep, "xml-depth", "depth"),
        (wide, "too-large", "attributes"),
    ):
        refused = refusal(data, limits)
        assert (refused.code, f"limits.{setting}" in refused.reason) == (code, True)
    token = "<testsuites><!--" + "x" * 2_000_000 + "--></testsuites>"
    refused = refusal(token, replace(limits, file_bytes=10_000_000))
    assert (refused.code, "limits.token_bytes" in refused.reason) == ("too-large", True)


@pytest.mark.parametrize(
    "inner",
    ["<testcase name='t'><a>{}</a></testcase>", "<properties>{}</properties>", "{}", "<testcase name='t'/>{}"],
)
def test_depth_is_limited_everywhere(inner: str) -> None:
    """Inside cases, inside suites and between them."""
    refused = refusal("<testsuites>" + inner.format("<a>" * 100_000 + "</a>" * 100_000) + "</testsuites>")
    assert refused.code == "xml-depth"


def test_a_large_attribute_takes_no_quadratic_time() -> None:
    """Old expat scans an unfinished token again with every piece; the ceiling is loose for slow machines."""
    data = b'<testsuites><testcase name="' + b"N" * 7_900_000 + b'"/></testsuites>'
    start = time.process_time()
    assert len(read_junit(data).cases[0].name) == 7_900_000
    assert time.process_time() - start < 5


def test_long_text_is_kept_at_both_ends() -> None:
    """CDATA beyond any limit is read, in constant memory, with a marker where characters are missing."""
    body = "head" + "x" * 11_000_000 + "tail"
    sink = read_junit(f"<testsuites><testcase name='t'><failure><![CDATA[{body}]]></failure></testcase></testsuites>")
    assert sink.cases[0].failure is not None
    text = sink.cases[0].failure.text
    assert text.startswith("head")
    assert text.endswith("tail")
    assert len(text) < 1_000_000
    kept = text.count("x") - text[text.index("…") : text.rindex("…")].count("x")
    assert f"{11_000_000 - kept:,} characters" in text


def test_a_damaged_gzip_stream_is_refused() -> None:
    """The decompressor's errors do not leak."""
    packed = gzip.compress(GOOD.encode() * 1)
    for data in (packed[:-10], packed[:30] + b"\0\0\0" + packed[33:]):
        with pytest.raises(Refused):
            junit.read(cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(data))), Limits(), CollectingSink())


def test_ten_thousand_children_of_one_case_are_kept() -> None:
    """More are left out with a warning: memory stays constant."""
    data = "<testsuites><testcase name='t'>" + "<a>x</a>" * 20_000 + "<failure/></testcase></testsuites>"
    sink = read_junit(data)
    assert any("10,000 elements" in text for text in sink.warnings)
    assert [attempt.outcome for attempt in sink.cases] in ([Outcome.PASSED], [Outcome.FAILED])
