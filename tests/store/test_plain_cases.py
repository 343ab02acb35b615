"""Columns of plain cases and attempts one by one are two ways to the same facts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ingest import reports
from ingest.formats.plain_cases import Attempts
from tests.store.canonical import differing
from tests.store.making import assert_sound, ingest, reading, write

_CHILDREN = (
    "",
    "<skipped/>",
    '<skipped message="not here"/>',
    '<failure message="expected 200">at Pay.java:7</failure>',
    '<error type="E" message="no db password=hunter2hunter2">at Db.java:9</error>',
    '<error message="failed on teardown with &quot;x&quot;">at Db.java:9</error>',
    '<flakyFailure message="first">at A</flakyFailure>',
    '<failure message="a">x</failure><rerunFailure message="b">y</rerunFailure>',
    '<properties><property name="service.peer.name" value="stock"/></properties>',
    "<system-out>[[ATTACHMENT|/tmp/a.png]]</system-out>",
    "<system-out>words</system-out>",
)
_NAMES = ("test_{}", "test_port[127.0.0.1:{}0]", "ünï {}", "test_{}[token=ghp_CANARY0123456789abcdefghijABCDEFGHIJ]")
_SUITES = (
    '<testsuite name="shop">',
    '<testsuite name="shop" file="/builds/1/shop/src/test/a.py">',
    '<testsuite name="pytest" errors="0" failures="0" skipped="0" tests="9" time="1" timestamp="2026-03-01T10:00:00"'
    ' hostname="h">',
    '<testsuite name="go"><properties><property name="go.version" value="1"/></properties>',
    '<testsuite name="shop"><properties><property name="peer.service" value="pay"/></properties>',
)


def _case(rng: random.Random, number: int) -> str:
    name = rng.choice(_NAMES if rng.random() < 0.1 else _NAMES[:1]).format(number)
    more = rng.choice(['file="src/b.py"', 'status="notrun"', 'timestamp="2026-03-01T10:00:01"']) * (rng.random() < 0.1)
    child = rng.choice(_CHILDREN) if rng.random() < 0.3 else ""
    return f'<testcase classname="C{number % 3}" name="{name}" time="0.{number % 7}" {more}>{child}</testcase>'


def _report(rng: random.Random) -> str:
    suites = []
    for _ in range(rng.randint(1, 3)):
        numbers = list(range(rng.choice([3, 40, 150])))
        if rng.random() < 0.6:
            numbers += rng.choices(numbers, k=rng.randint(1, 9))
        if rng.random() < 0.5:
            rng.shuffle(numbers)
        suites.append(rng.choice(_SUITES) + "".join(_case(rng, number) for number in numbers) + "</testsuite>")
    return f"<testsuites>{''.join(suites)}</testsuites>"


@pytest.mark.parametrize("seed", range(12))
def test_same_as_one_by_one(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats, retries, links, starts, secrets and names with volatile parts among plain cases."""
    rng = random.Random(seed)
    files = [write(tmp_path / f"nightly/{run}/report.xml", _report(rng)) for run in range(4)]
    ingest(tmp_path / "columns.db", *files)
    by_columns = reports._PartSink.attempts

    def one_by_one(sink: reports._PartSink, batch: Attempts) -> None:
        by_columns(sink, list(batch))

    monkeypatch.setattr(reports._PartSink, "attempts", one_by_one)
    ingest(tmp_path / "list.db", *files)
    with reading(tmp_path / "columns.db") as one, reading(tmp_path / "list.db") as other:
        assert differing(one, other) == {}
    assert_sound(tmp_path / "columns.db")
