"""Counts report files with the standard library alone, so that the truth is not checked by the code that wrote it."""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

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
