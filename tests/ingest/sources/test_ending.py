"""Whether a file looks finished, judged by its first and last bytes."""

from __future__ import annotations

import io

import pytest

from ingest.sources.ending import PEEK_BYTES, Ending, judge_ending, look_at_ending

WHOLE_XML = b"<?xml version='1.0'?>\n<!-- by x -->\n<testsuites>\n<testsuite/>\n</testsuites >\n<!-- end -->\n"


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (b"", Ending.CUT),
        (b"  \n", Ending.CUT),
        (WHOLE_XML, Ending.WHOLE),
        (b"\xef\xbb\xbf" + WHOLE_XML, Ending.WHOLE),
        (WHOLE_XML.decode().encode("utf-16"), Ending.WHOLE),
        (b"<testsuite tests='0'/>", Ending.WHOLE),
        (b"<testsuite><testcase name='a'/>", Ending.CUT),
        (b"<?xml version='1.0'?>", Ending.CUT),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x></x>", Ending.WHOLE),
        (b'{"results": {}}\n', Ending.LIKELY),
        (b'{"results": [1', Ending.CUT),
        (b"[1]", Ending.LIKELY),
        (b'{"Action":"start"}\n{"Action":"pass"}\n', Ending.LINES),
        (b'{"Action":"start"}\n{"Act', Ending.CUT),
        (b'{\n "a": {}\n}', Ending.LIKELY),
        (b"[{}", Ending.CUT),
        (b"PK\x03\x04...", Ending.CUT),
        (b"PK\x03\x04...PK\x05\x06" + bytes(18), Ending.WHOLE),
        (b"\x1f\x8b\x08...", Ending.UNKNOWN),
        (b"service,version\n", Ending.UNKNOWN),
    ],
)
def test_endings(content: bytes, ending: Ending) -> None:
    """Every kind by its end mark."""
    assert judge_ending(content, content) is ending


def test_every_cut_of_a_report_is_seen() -> None:
    """No proper prefix that lacks the closing tag passes for a whole report."""
    last_tag = WHOLE_XML.index(b"</testsuites >") + len(b"</testsuites >")
    for length in range(last_tag):
        part = WHOLE_XML[:length]
        assert judge_ending(part, part) is Ending.CUT, part


def test_a_large_file_is_judged_by_its_ends() -> None:
    """Only the first and last bytes are read."""
    body = b"<r>" + b"<c/>" * PEEK_BYTES
    assert look_at_ending(io.BytesIO(body)) is Ending.CUT
    assert look_at_ending(io.BytesIO(body + b"</r>")) is Ending.WHOLE
