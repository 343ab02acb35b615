"""A file is what its content says; its name only tells what it claims to be."""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.dialects import JSON_DIALECTS, XML_DIALECTS
from ingest.formats.readers import FORMATS, reader_of
from ingest.recognise import HEAD_BYTES, Kind, Recognised, recognise
from tests.ingest.formats.collecting import FIXTURES

REPORT, CHANGES, REFUSED, UNKNOWN = Kind.REPORT, Kind.CHANGES, Kind.REFUSED, Kind.UNKNOWN


def of(content: str | bytes, name: str = "x") -> Recognised:
    """What a file is."""
    return recognise(content.encode() if isinstance(content, str) else content, name)


@pytest.mark.parametrize(
    ("content", "kind", "format_name"),
    [
        ("<testsuites/>", REPORT, "junit"),
        ("<testsuite name='a'>", REPORT, "junit"),
        ("\ufeff \n<?xml version='1.0'?><!-- > <a> --><?x y?>\n<testsuites>", REPORT, "junit"),
        ("<j:testsuite xmlns:j='urn:x' name='a'/>", REPORT, "junit"),
        ("<testsuites xmlns='urn:x'/>", REPORT, "junit"),
        ('{"reportFormat":"CTRF","results":{}}', REPORT, "ctrf"),
        ('{"results":{"tool":{"name":"x"},"summary":{},"tests":[', REPORT, "ctrf"),
        ('{"context":{"id":"1","type":"dev.cdevents.service.deployed.0.1.0"},"subject":{}}', CHANGES, "cdevents"),
        ('[{"context":{"id":"1","type":"x"},"subject":{}}]', CHANGES, "cdevents"),
        ('{"context":{"id":"1","type":"x"},"subject":{}}\n{"context":{}}', CHANGES, "cdevents"),
        ('{"deployment":{"id":1},"repository":{}}', CHANGES, "github"),
        ('{"deployment_status":{},"deployment":{}}', CHANGES, "github"),
        ('{"ref":"refs/heads/main","before":"0","after":"1","commits":[]}', CHANGES, "github"),
        ("service,version,environment,time\na,1,prod,2026-01-01", CHANGES, "change-table"),
        ("\ufeffTime;Service;Version;Environment\n", CHANGES, "change-table"),
        ('{"service":"a","version":"1","environment":"prod","time":"2026-01-01"}\n', CHANGES, "change-table"),
        ("# c\napiVersion: backstage.io/v1alpha1\nkind: Component\n", Kind.CATALOG, "backstage"),
        ('{"apiVersion":"backstage.io/v1alpha1","kind":"Component","metadata":{}}', Kind.CATALOG, "backstage"),
        ('{"Time":"x","Action":"run","Package":"p"}\n', REPORT, "go"),
        ('go: downloading a v1\n# b\n{"ImportPath":"p","Action":"build-output"}\n', REPORT, "go"),
        ('{"level":"info"}\n{"level":"warn"}\n{"Action":"run","Test":"T"}\n', REPORT, "go"),
        ('{"config":{},"suites":[]}', REPORT, "playwright"),
        ('{"config":{"forbidOnly":false,"rootDir":"/t","metadata":{"gitDiff":"', REPORT, "playwright"),
        ('[{"elements":[],"keyword":"Feature","name":"x"}]', REPORT, "cucumber"),
        ('[{"description":"","elements":[{"steps":[{"embeddings":[{"data":"iVBOR', REPORT, "cucumber"),
        ('{"meta":{"protocolVersion":"32.2.0"}}\n{"source":{}}\n', REPORT, "cucumber-messages"),
        ('{"collection":{"_":{"postman_id":"1"},"item":[{"name":"a', REPORT, "newman"),
        ('{"metrics":{"data_sent":{"count":0},"data_received":{"count":0},"a":{"', REPORT, "k6"),
        ('{"numTotalTests":1,"testResults":[]}', REPORT, "jest"),
        (
            '{"numFailedTestSuites":1,"numFailedTests":1,"numTotalTests":1,"snapshot":{"uncheckedKeysByFile":["',
            REPORT,
            "jest",
        ),
        ('{"stats":{},"tests":[],"passes":[]}', REPORT, "mocha"),
        ('{"stats":{"suites":1,"passes":1},"tests":[', REPORT, "mocha"),
        ('{"stats":{"suites":1,"passes":1},"results":[', REPORT, "mochawesome"),
        ("<testsuites xmlns='http://check.sourceforge.net/ns'/>", REPORT, "check"),
        ("<TestRun><FailedTests/></TestRun>", REPORT, "cppunit"),
        ("<TestLog/>", REPORT, "boosttest"),
        ("<TestCase name='T'/>", REPORT, "qtestlib"),
        ("<valgrindoutput/>", REPORT, "valgrind"),
        (
            '<?xml version="1.0" ?>\n<?xml-stylesheet type="text/xsl" href="CUnit-Run.xsl" ?>\n'
            '<!DOCTYPE CUNIT_TEST_RUN_REPORT SYSTEM "CUnit-Run.dtd"> \n<CUNIT_TEST_RUN_REPORT>',
            REPORT,
            "cunit",
        ),
        ('{"cicd.pipeline.name":"shop"}', Kind.RUN, "run.json"),
        ('{"cicd":{"pipeline":{"name":"shop"}}}', Kind.RUN, "run.json"),
        ('{"crywolf.run.attempt":2,"start_time":"x"}', Kind.RUN, "run.json"),
        (gzip.compress(b"x", mtime=0), Kind.COMPRESSED, "gzip"),
    ],
)
def test_known_content_is_named(content: str | bytes, kind: Kind, format_name: str) -> None:
    """Whatever the file is called."""
    for name in ("x", "-", "report.xml", "a/b.json", "page.zip"):
        known = of(content, name)
        assert (known.kind, known.format) == (kind, format_name)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_other_encodings_are_seen_through(encoding: str) -> None:
    """XML and JSON with a byte order mark or two bytes a character."""
    assert of("<?xml version='1.0'?><testsuites/>".encode(encoding)).format == "junit"
    assert of('{"results":{"tests":[]}}'.encode(encoding)).format == "ctrf"


@pytest.mark.parametrize("name", ["CODEOWNERS", ".github/CODEOWNERS", "/a/docs/CODEOWNERS"])
def test_owners_are_known_by_their_name(name: str) -> None:
    """CODEOWNERS has no recognisable content, and its sections look like JSON."""
    assert of("[Docs]\n* @a", name).kind == Kind.OWNERS
    assert of("* @a", name + ".txt").kind == UNKNOWN


@pytest.mark.parametrize(
    ("content", "name", "code", "words"),
    [
        ("", "a.xml", "empty-file", "XML"),
        ("\ufeff", "a.json", "empty-file", "JSON"),
        ("", "a.zip", "empty-file", "archive"),
        ("hello", "a.xml", "xml-syntax", "does not start with <"),
        (" \n", "a.xml", "xml-syntax", "white space"),
        ("hello", "a.json", "json-syntax", "JSON"),
        ("null", "a.json", "unknown-format", "single JSON value"),
        ("{}", "x", "unknown-format", "without keys"),
        ("[]", "x", "unknown-format", "array"),
        ("{'results':{}}", "a.json", "json-syntax", ""),
        ('{"colour":1,"size":2}', "x", "unknown-format", "'colour', 'size'"),
        ('{"scripts":{},"name":"a","dependencies":{}}', "package.json", "unknown-format", "package.json"),
        ("[" * 70_000, "a.json", "json-depth", "the 100 levels of limits.depth"),
        ("<", "a.xml", "xml-truncated", ""),
        ("<?xml version='1.0'", "x", "xml-truncated", "first element"),
        ("<?xml version='1.0'?><!-- c", "x", "xml-truncated", "first element"),
        ("<testsui", "a.xml", "xml-truncated", ""),
        ("<project xmlns='http://maven.apache.org/POM/4.0.0'/>", "pom.xml", "unknown-format", "Maven"),
        ("<coverage line-rate='1'/>", "c.xml", "unknown-format", "coverage"),
        ("<report name='x'/>", "j.xml", "unknown-format", "JaCoCo"),
        ("<catalog><book/></catalog>", "x", "unknown-format", "'catalog'"),
        ("<!DOCTYPE testsuites SYSTEM 'x'><testsuites/>", "x", "xml-doctype", "DOCTYPE"),
        ('<!DOCTYPE report PUBLIC "-//JACOCO//DTD" "report.dtd"><report/>', "j.xml", "unknown-format", "JaCoCo"),
        ("<!DOCTYPE coverage SYSTEM 'c.dtd'><coverage/>", "c.xml", "unknown-format", "Cobertura"),
        ("<!doctype html><html><body>502</body></html>", "report.xml", "xml-syntax", "HTML"),
        ("<html><body>Log in</body></html>", "artifact.zip", "xml-syntax", "HTML"),
        ("<html><body>Log in</body></html>", "-", "xml-syntax", "HTML"),
        ("<?xml version='1.0' encoding='Shift_JIS'?><testsuites/>", "x", "xml-encoding", "Shift_JIS"),
        ("<testExecutions version='1'/>", "x", "unknown-format", "Sonar"),
        ("<assembly xmlns='urn:schemas-microsoft-com:asm.v1'/>", "x", "unknown-format", "manifest"),
        ('{"action":"completed","workflow_run":{}}', "x", "unknown-format", "GitHub"),
    ],
)
def test_what_claims_to_be_a_report_and_is_none_is_refused(content: str, name: str, code: str, words: str) -> None:
    """The reason says what the file is instead."""
    refused = of(content, name)
    assert (refused.kind, refused.code) == (REFUSED, code)
    assert words in refused.reason
    assert refused.refusal().code == code


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("", "notes.txt"),
        ("hello", "notes.txt"),
        ("<?xml version='1.0'?><Site BuildName='b'\n\t>\n\t<!-- c --><Configure/></Site>", "Configure.xml"),
        ("<?xml version='1.0'?><Done><buildId>1</buildId></Done>", "Done.xml"),
        ("[INFO] Building shop 1.0", "build.log"),
        ("[Section]\nkey=value", "setup.cfg"),
        ("{ a; b }", "x.sh"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a.png"),
        ("<p align='center'>shop</p>", "README.md"),
        ("<!doctype html><html></html>", "report.html"),
        ("<p>hello</p>", "x"),
        ("<-- arrow", "x"),
        ("service,version\na,1", "a.csv"),
        ("apiVersion: v1\nkind: Pod", "pod.yaml"),
    ],
)
def test_anything_else_is_skipped(content: str | bytes, name: str) -> None:
    """Text, pictures, pages that say they are pages."""
    assert of(content, name).kind == UNKNOWN


def test_archives_are_named() -> None:
    """By their first bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", "b")
    assert of(buffer.getvalue(), "report.xml").format == "zip"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a"))
    assert of(buffer.getvalue()).format == "tar"
    assert of(bz2.compress(b"x")).format == "bzip2"


def test_places_are_those_of_the_element() -> None:
    """1-based line and column."""
    refused = of("<?xml version='1.0'?>\n  <catalog/>")
    assert (refused.line, refused.column) == (2, 3)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/*.xml")), ids=lambda path: path.name)
def test_own_fixtures_are_reports(path: Path) -> None:
    """Reports that tools wrote; CTest's file of a step before the tests holds none."""
    expected = UNKNOWN if path.name == "configure.xml" else REPORT
    assert recognise(path.read_bytes()[:HEAD_BYTES], "x").kind is expected


def test_every_format_that_is_read_has_a_reader() -> None:
    """The table of dialects and the table of readers agree."""
    xml = {row.format for row in XML_DIALECTS if row.is_read and row.is_report}
    json = {row.format for row in JSON_DIALECTS if row.is_read and row.is_report}
    assert xml | json | {"keploy"} == FORMATS  # keploy is YAML
    for name in FORMATS:
        assert callable(reader_of(name))


HEADS = st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
PIECES = st.lists(
    st.sampled_from(
        ["<", ">", "<?xml ", "?>", "<!--", "-->", "<!DOCTYPE ", "testsuite", " xmlns:a='b'", "{", "}", "[", "]",
         '"', ":", ",", '"results"', '"tests"', "\\", "\n", "\ufeff", "\0", "a", "apiVersion: backstage.io/",
         "service,version"]
    ),
    max_size=30,
).map(lambda pieces: "".join(pieces).encode())  # fmt: skip


@given(HEADS | PIECES, st.sampled_from(["x", "a.xml", "a.json", "a.zip", "a.html", "CODEOWNERS", ""]))
def test_nothing_is_raised_whatever_the_bytes(head: bytes, name: str) -> None:
    """A refusal has a code and a reason; a report has a reader."""
    known = recognise(head, name)
    assert bool(known.code) == (known.kind == REFUSED)
    assert known.reason or known.kind not in (REFUSED, UNKNOWN)
    assert known.kind != REPORT or known.format in FORMATS


def test_the_depth_of_an_unknown_document_is_a_setting() -> None:
    """What the default refuses for its depth a higher `limits.depth` refuses for what it is."""
    deep = b'{"a":' * 150 + b"1" + b"}" * 150
    assert recognise(deep, "a.json").code == "json-depth"
    assert recognise(deep, "a.json", depth=200).code == "unknown-format"
