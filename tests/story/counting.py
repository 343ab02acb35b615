"""Counts report files with the standard library alone, so that the truth is not checked by the code that wrote it."""

from __future__ import annotations

import gzip
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

STAMP = re.compile(r"\b(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d)(Z?)")
EPOCH_MS = re.compile(r'"(?:start|stop)":(\d{13})')
TOKEN = re.compile(r"[A-Za-z0-9_]+")
RETRIED = ("flakyFailure", "flakyError")
AGAIN = ("rerunFailure", "rerunError")


def read(path: Path) -> str:
    """Text of a file, unpacked where it ends in `.gz`."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")


def files_below(root: Path) -> list[Path]:
    """All files below a folder, sorted."""
    return sorted(p for p in root.rglob("*") if p.is_file())


def contents(root: Path) -> dict[str, str]:
    """Path below the folder -> text."""
    return {str(p.relative_to(root)): read(p) for p in files_below(root)}


def is_report(path: Path) -> bool:
    """JUnit XML or CTRF, by name: the fixtures are ours."""
    name = path.name.removesuffix(".gz")
    return name.endswith((".xml", ".ctrf.json"))


def outcomes_of(path: Path) -> Iterator[tuple[str, int]]:
    """(outcome, attempts) of each result of a report."""
    text = read(path)
    if path.name.removesuffix(".gz").endswith(".xml"):
        for case in ET.fromstring(text).iter("testcase"):
            yield _junit(case)
    else:
        for test in json.loads(text)["results"]["tests"]:
            before = len(test.get("retryAttempts", ()))
            outcome = "flaky" if test["status"] == "passed" and before else test["status"]
            yield outcome, before + 1


def _junit(case: ET.Element) -> tuple[str, int]:
    tags = Counter(child.tag for child in case)
    retried = sum(tags[t] for t in RETRIED)
    if tags["failure"] or tags["error"]:
        return ("failed" if tags["failure"] else "errored"), 1 + sum(tags[t] for t in AGAIN)
    if tags["skipped"]:
        return "skipped", 1
    return ("flaky" if retried else "passed"), 1 + retried


def names_of(path: Path) -> Iterator[tuple[str, str]]:
    """(class name, name) of each result of a report."""
    text = read(path)
    if path.name.removesuffix(".gz").endswith(".xml"):
        for case in ET.fromstring(text).iter("testcase"):
            yield case.attrib["classname"], case.attrib["name"]
    else:
        for test in json.loads(text)["results"]["tests"]:
            yield test["suite"][0], test["name"]


def peers_of(path: Path) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """((class name, name), services that it is said to exercise) of each result of a report that says so."""
    text = read(path)
    if "service.peer.name" not in text:
        return
    if path.name.removesuffix(".gz").endswith(".xml"):
        for case in ET.fromstring(text).iter("testcase"):
            named = (p.attrib["value"] for p in case.iter("property") if p.get("name") == "service.peer.name")
            yield (case.attrib["classname"], case.attrib["name"]), tuple(named)
    else:
        for test in json.loads(text)["results"]["tests"]:
            yield (test["suite"][0], test["name"]), tuple(test.get("extra", {}).get("service.peer.name", ()))


def moved(text: str, shift_s: int) -> str:
    """The text with every time that it holds moved.

    >>> moved('at="2026-04-13T23:59:59Z"', 1)
    'at="2026-04-14T00:00:00Z"'
    """
    text = EPOCH_MS.sub(lambda m: m.group().replace(m.group(1), str(int(m.group(1)) + shift_s * 1000)), text)
    return STAMP.sub(lambda m: _later(m.group(1), shift_s) + m.group(2), text)


def _later(stamp: str, shift_s: int) -> str:
    seconds = datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp() + shift_s
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def left_over(text: str, names: Iterable[str]) -> set[str]:
    """Names that still occur in a text as whole words."""
    tokens = set(TOKEN.findall(text))
    return {n for n in names if (n in tokens if TOKEN.fullmatch(n) else n in text)}
