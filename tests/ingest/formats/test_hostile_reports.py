"""The hostile corpus: every XML and JSON file of it ends in the class that its manifest states."""

from __future__ import annotations

import runpy
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ingest.clean import clean, clean_line
from ingest.errors import Refused
from ingest.formats.readers import reader_of
from ingest.limits import Limits
from ingest.model import CaseAttempt
from ingest.recognise import HEAD_BYTES, Kind, recognise
from tests.hostile_names import FORBIDDEN
from tests.ingest.formats.collecting import SHARED, CollectingSink

GENERATOR = SHARED / "hostile" / "make_hostile.py"
FOLDERS = ("xml_dtd", "xml_shape", "xml_encoding", "xml_truncated", "values", "json_shape", "injection")
pytestmark = pytest.mark.skipif(not GENERATOR.exists(), reason=f"no {GENERATOR.name} beside the checkout")

BY_POLICY = {
    "xml_shape/leading_space.xml": "salvaged with a warning, as the manifest allows",
    "xml_shape/charref_esc.xml": "salvaged with a warning, as the manifest allows",
    "xml_encoding/esc_in_text.xml": "salvaged with a warning, as the manifest allows",
    "xml_encoding/esc_xml11.xml": "control characters neutralised, as the manifest allows",
    "json_shape/dup_keys.json": "the last key wins, as the manifest allows; without a warning, the decoder tells none",
    "json_shape/test_is_list.json": "refused with a JSON path, as the manifest allows",
    "json_shape/test_is_null.json": "refused with a JSON path, as the manifest allows",
    "json_shape/name_is_dict.json": "refused with a JSON path, as the manifest allows",
    "json_shape/name_is_null.json": "refused with a JSON path, as the manifest allows",
    "json_shape/name_is_number.json": "refused with a JSON path, as the manifest allows",
    "json_shape/status_is_list.json": "refused with a JSON path, as the manifest allows",
    "values/json_duration_11.json": "a number of 5,000 digits is no duration, the test goes in, as the manifest allows",
}
LATER = {
    "json_shape/jsonl_bad_middle.jsonl": "go test -json is not read yet",
    "json_shape/jsonl_no_final_newline.jsonl": "go test -json is not read yet",
}
CODES = {"xml_dtd", "xml_encoding"}
"""Folders in which the code of a refusal must be the manifest's as well."""


class Ending(NamedTuple):
    """What became of a file."""

    refused: Refused | None
    cases: list[CaseAttempt]
    warnings: list[str]
    seconds: float


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """The generated files and their manifest."""
    folder = tmp_path_factory.mktemp("hostile")
    generator = runpy.run_path(str(GENERATOR))
    generator["xml_dtd"](folder, 8931)
    for name in FOLDERS[1:]:
        generator[name](folder)
    return folder, generator["M"]


def ending(path: Path) -> Ending:
    """Recognise a file and read it."""
    sink, start = CollectingSink(), time.process_time()
    try:
        with path.open("rb") as stream:
            known = recognise(stream.read(HEAD_BYTES), path.name)
            stream.seek(0)
            if known.kind == Kind.REFUSED:
                raise known.refusal()
            assert known.kind == Kind.REPORT, (path, known)
            reader_of(known.format or "")(stream, Limits(), sink)
    except Refused as refused:
        return Ending(refused, sink.cases, sink.warnings, time.process_time() - start)
    return Ending(None, sink.cases, sink.warnings, time.process_time() - start)


def test_every_file_ends_in_its_class(corpus: tuple[Path, list[dict[str, Any]]]) -> None:
    """Refused or read, in less than a second or so each, with as many tests as stated; exceptions are listed above."""
    folder, entries = corpus
    wrong: list[tuple[Any, ...]] = []
    for entry in entries:
        name = entry["file"]
        if name in LATER:
            continue
        end = ending(folder / name)
        must_refuse = (entry["class"] == "must_reject_cleanly") != (name in BY_POLICY)
        if (end.refused is not None) != must_refuse:
            wrong.append((name, "class", end.refused, entry["code"]))
        if end.refused is None and "tests" in entry and len(end.cases) != entry["tests"]:
            wrong.append((name, "tests", len(end.cases), entry["tests"]))
        if end.refused is not None and name.split("/")[0] in CODES and end.refused.code != entry["code"]:
            wrong.append((name, "code", end.refused, entry["code"]))
        if end.seconds > 5:
            wrong.append((name, "slow", end.seconds, 5))
    assert not wrong, "\n".join(map(str, wrong))


def test_no_secret_of_another_file_is_read(corpus: tuple[Path, list[dict[str, Any]]]) -> None:
    """Entities, includes and style sheets are never followed."""
    folder, entries = corpus
    for entry in entries:
        if entry.get("canary") and entry["file"].startswith("xml_"):
            end = ending(folder / entry["file"])
            assert entry["canary"] not in repr(end.cases) + str(end.refused)


def test_cleaned_strings_hold_nothing_a_terminal_acts_on(corpus: tuple[Path, list[dict[str, Any]]]) -> None:
    """Whatever a payload stands in: name, class, message or trace; reasons and warnings are clean as they are."""
    folder, entries = corpus
    for entry in entries:
        end = ending(folder / entry["file"]) if entry["file"] not in LATER else None
        if end is None:
            continue
        said = [*end.warnings, *([end.refused.reason] if end.refused else [])]
        for text in said:
            assert clean(text) == text, (entry["file"], text)
        for attempt in end.cases:
            strings = [clean_line(attempt.name), clean_line(attempt.classname), *map(clean, attempt.failure or ())]
            for text in strings:
                assert not FORBIDDEN & set(text), (entry["file"], text)
                text.encode()


def test_odd_values_are_told(corpus: tuple[Path, list[dict[str, Any]]]) -> None:
    """Durations are known and finite or unknown with a warning."""
    folder, entries = corpus
    for entry in entries:
        if not entry["file"].startswith("values/duration"):
            continue
        end = ending(folder / entry["file"])
        assert all(case.duration_ms is None or 0 <= case.duration_ms <= 10**10 for case in end.cases)
