"""Runs of plain cases are read without the parser: nothing that a report can hold may show it."""

from __future__ import annotations

import random

import pytest

from ingest.errors import Refused
from ingest.formats import junit_runs, xml_reader
from ingest.formats.junit_runs import run_of
from ingest.model import Failure
from tests.ingest.formats.collecting import CollectingSink, read_junit

RUN = "".join(f'<testcase classname="shop.Pay" name="test_{n}" time="0.0{n}"/>\n' for n in range(60))
RED = RUN
for number, body in enumerate(
    (
        '<failure message="no" type="E">at pay</failure>',
        '<failure message="no" type="E">at pay</failure>',
        "<error>boom &amp; more</error>",
        '<skipped message="later" />',
        "<system-out>said</system-out>",
        " ",
        '<failure message="no">at <b>pay</b></failure>',
        "<failure/><system-out>said</system-out>",
        "<system-out>[[ATTACHMENT|a.png]]</system-out>",
        '<failure message="failed on teardown with x">late</failure>',
        "<failure>\u00e9</failure>",
        "<testcase/>",
    )
):
    for case in (number, number + 20, number + 40):
        RED = RED.replace(f'time="0.0{case}"/>', f'time="0.0{case}">{body}</testcase>')
MIXED = RUN
for case in range(0, 60, 4):
    MIXED = MIXED.replace(f'time="0.0{case}"/>', f'time="0.0{case}"><failure message="no">at</failure></testcase>')
OTHERS = (
    RUN,
    RED,
    MIXED,
    MIXED.replace("/>", " />"),
    MIXED.replace('message="no"', 'x:message="no" xmlns:x="urn:x"'),
    f"<testsuite xmlns='urn:x'>{MIXED}</testsuite>",
    f'<testsuite name="pytest">{RED}{MIXED}</testsuite>',
    f'<testsuite><properties><property name="go.version" value="1"/></properties>{MIXED}</testsuite>',
    f'<testsuite xmlns:x="urn:x">{MIXED.replace("message", "x:message")}</testsuite>',
    MIXED.replace("message", "x:message"),
    RUN.replace('name="test_7"', 'name="a &amp; b"'),
    RUN.replace('name="test_7"', 'name="é"'),
    RUN.replace('name="test_7"', "name='it is \"7\"'"),
    RUN.replace('name="test_7"', 'name="a\tb"'),
    RUN.replace('name="test_7"', 'name=""'),
    RUN.replace('time="0.07"', 'time="soon"'),
    RUN.replace('time="0.07"', 'time="1,234.5"'),
    RUN.replace('time="0.07"', 'file="x.py" time="0.07"'),
    RUN.replace('time="0.07"/>', 'time="0.07"></testcase>'),
    RUN.replace("/>", "></testcase>"),
    RUN.replace('classname="shop.Pay" name', 'name="n" classname'),
    RUN.replace("\n", "\r\n"),
    RUN.replace("\n", ""),
    f"<!-- {RUN} -->",
    f"<system-out><![CDATA[{RUN}]]></system-out>",
    f"<![CDATA[{RUN}]]>",
    f"<?tool {RUN} ?>",
    f'<testcase classname="a" name="outer" time="1">{RUN}</testcase>',
    '<testcase classname="a" name="b" time="1"><failure>' + RUN.replace("<", "&lt;") + "</failure></testcase>",
    f'<x:suite xmlns:x="urn:x">{RUN}</x:suite>',
    f"<testsuite xmlns='urn:x'>{RUN}</testsuite>",
    f'<testsuite name="pytest">{RUN}{RUN}</testsuite>',
    '<testcase classname="a" name="b" time="1"><skipped message="no"/></testcase>',
    '<testcase classname="a" name="b" time="1"><error>boom</error></testcase>',
    '<testcase classname="a" name="b" time="1"/><![CDATA[ ' + RUN + "]]>",
    "<!-- > --> <testcase/> text ]",
)


def _read(text: str) -> tuple[object, ...]:
    """What comes of a report, whichever way it is read."""
    try:
        sink: CollectingSink = read_junit(text)
    except Refused as refused:
        return refused.code, refused.reason, refused.line, refused.column
    return tuple(sink.cases), sink.known, tuple(sink.warnings)


def _by_parser_alone(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    with monkeypatch.context() as patch:
        patch.setattr(junit_runs, "_FEWEST_BYTES", 10**9)
        return _read(text)


def test_most_cases_are_read_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser is not told of the cases of a run, and they are all there."""
    found: list[int] = []

    def noted(region: bytes) -> junit_runs.Run | None:
        run = run_of(region)
        found.append(len(run.names) if run else 0)
        return run

    monkeypatch.setattr(junit_runs, "run_of", noted)
    sink = read_junit(f"<testsuite>{RUN}</testsuite>")
    assert found == [58]
    assert [case.name for case in sink.cases] == [f"test_{n}" for n in range(60)]
    assert [case.duration_ms for case in sink.cases[:11]] == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 10]


def test_what_failed_alike_before_is_read_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser reads a failure once; cases that failed with the same bytes are in the run, in their places."""
    monkeypatch.setattr(junit_runs, "BODIES", junit_runs.Bodies())
    found: list[list[int]] = []

    def noted(region: bytes) -> junit_runs.Run | None:
        found.append([region.count(b"<testcase"), region.count(b"<failure")])
        return run_of(region)

    monkeypatch.setattr(junit_runs, "run_of", noted)
    sink = read_junit(f"<testsuite>{MIXED}</testsuite>")
    assert found == [[54, 0]]  # behind the second of them, up to the last case
    assert [case.name for case in sink.cases if case.failure] == [f"test_{n}" for n in range(0, 60, 4)]
    assert {case.failure for case in sink.cases} == {None, Failure("", "no", "at")}


def test_bodies_are_remembered_while_they_come() -> None:
    """Of many that come once, few are kept; one that comes again and again stays."""
    bodies, said = junit_runs.Bodies(), junit_runs.Body(None, "")
    bodies.learn(b"often", said)
    for number in range(10_000):
        bodies.learn(b"%d" % number, said)
        assert bodies.get(b"often") is said
    assert bodies.get(b"0") is None


@pytest.mark.parametrize("piece", [300, 2_000, xml_reader.CHUNK])
@pytest.mark.parametrize("seed", range(40))
def test_same_as_by_the_parser_alone(seed: int, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs among anything else, cut anywhere, give the same attempts and warnings, or the same refusal and place."""
    rng = random.Random(seed)
    monkeypatch.setattr(xml_reader, "CHUNK", piece)
    text = "".join(rng.choices(OTHERS, k=rng.randint(1, 6)))
    if rng.random() < 0.5:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["<", "&", "&#27;", "\x1b", "]]>", '"', "</testcase>", "<!--"]) + text[at:]
    report = f'<testsuites>\n<testsuite name="shop">{text}</testsuite></testsuites>'
    assert _without_lines(_read(report)) == _without_lines(_by_parser_alone(report, monkeypatch))


def _without_lines(told: tuple[object, ...]) -> tuple[object, ...]:
    """Warnings name the line at which they are noticed; of cases that are read together, any one of their lines."""
    if isinstance(told[-1], tuple):
        return (*told[:-1], sorted(warning.partition(" (")[0] for warning in told[-1]))
    return told


def test_places_of_refusals() -> None:
    """Behind a run, a line and a column are those of the file."""
    text = f"<testsuite>\n{RUN}<testcase classname='a' name='b'><failure></testcase></testsuite>"
    with pytest.raises(Refused) as refused:
        read_junit(text)
    assert (refused.value.line, refused.value.column) == (62, 45)
