"""How fast reports of every format become attempts: results per second, against a bare parser on the same bytes.

    python -m bench.formats [--megabytes 1] [--rounds 3] [--only ctrf go]

Of each format the largest report among the fixtures, the samples and `../shared/reports`; its longest list (JSON), the
children of its root (XML) or its lines are repeated until it has that size. What cannot be repeated so, is read as it
is. Processor time, best of the rounds; the peer is `json.loads` (of every line, where a line is a
document) or `ElementTree.iterparse` with clearing.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bench.measuring import ROOT, headline, shared_folder, table
from bench.parse import CountingSink
from ingest.bytes_of import HEAD_BYTES
from ingest.errors import IngestError
from ingest.formats.readers import FORMATS, reader_of
from ingest.limits import Limits
from ingest.recognise import Kind, recognise

_LARGEST = 4_000_000
"""Bytes of a file that is looked at."""
_FEWEST_SECONDS = 0.05
"""What is read faster is read again until that much is over."""


def reports() -> dict[str, list[Path]]:
    """Files that are reports by format, the largest first."""
    folders = (ROOT / "tests" / "fixtures", ROOT / "sample_reports", shared_folder("reports"))
    found: dict[str, list[Path]] = {}
    for path in (path for folder in folders if folder is not None for path in sorted(folder.rglob("*"))):
        if path.is_file() and path.stat().st_size <= _LARGEST:
            with path.open("rb") as stream:
                known = recognise(stream.read(HEAD_BYTES), path.name)
            if known.kind is Kind.REPORT and known.format in FORMATS:
                found.setdefault(known.format, []).append(path)
    return {name: sorted(paths, key=lambda path: -path.stat().st_size) for name, paths in found.items()}


def largest(name: str, paths: list[Path]) -> bytes | None:
    """The first of some reports that holds any result and can be read."""
    for path in paths:
        with suppress(IngestError):
            if count(name, data := path.read_bytes()):
                return data
    return None


def count(name: str, data: bytes) -> int:
    """Attempts in a report.

    Raises:
        IngestError: it cannot be read.
    """
    sink = CountingSink()
    reader_of(name)(io.BytesIO(data), Limits(), sink)
    return sink.count


def repeated(data: bytes, times: int) -> bytes:
    """A report with what it holds several times.

    Raises:
        ValueError: there is nothing to repeat.
    """
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        root = ElementTree.fromstring(data)
        root[:] = list(root) * times
        return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
    try:
        document = json.loads(data)
    except ValueError:
        return (data.rstrip() + b"\n") * times
    lists = sorted(_lists(document), key=lambda one: -len(json.dumps(one)))
    if not lists:
        raise ValueError("no list")
    lists[0][:] = lists[0] * times
    return json.dumps(document).encode()


def _lists(value: Any) -> Iterator[list[Any]]:
    """Lists of a document that are in no other list."""
    if isinstance(value, list):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _lists(inner)


def large(name: str, data: bytes, size_bytes: int) -> bytes:
    """A report of about that size, or as it is where repeating what it holds does not give as many attempts."""
    times = max(1, size_bytes // len(data))
    try:
        made = repeated(data, times)
        return made if count(name, made) >= count(name, data) * times // 2 else data
    except (IngestError, ValueError, ElementTree.ParseError):
        return data


def bare(data: bytes) -> None:
    """The peer."""
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        with suppress(ElementTree.ParseError):  # forbidden characters, which are salvaged
            for _, element in ElementTree.iterparse(io.BytesIO(data), ("end",)):
                element.clear()
        return
    try:
        json.loads(data)
    except ValueError:
        for line in data.splitlines():
            if line.startswith(b"{"):
                with suppress(ValueError):  # a line of the program, between those of the report
                    json.loads(line)


def seconds(action: Callable[[], object], rounds: int) -> float:
    """Processor time of an action, best of the rounds."""
    taken = []
    for _ in range(rounds):
        times, began = 0, time.process_time()
        while not times or time.process_time() - began < _FEWEST_SECONDS:
            action()
            times += 1
        taken.append((time.process_time() - began) / times)
    return min(taken)


def row(name: str, data: bytes, rounds: int) -> tuple[str, ...]:
    """One format of the table."""
    attempts = count(name, data)
    own, peer = seconds(lambda: count(name, data), rounds), seconds(lambda: bare(data), rounds)
    size = len(data) / 1e6
    return name, f"{size:.2f}", f"{attempts:,}", f"{attempts / own:,.0f}", f"{size / own:.1f}", f"{peer / own:.2f}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=sorted(FORMATS), metavar="FORMAT")
    options = parser.parse_args()
    chosen = FORMATS.intersection(options.only or FORMATS)
    headline("Readers: every format, to attempts", f"best of {options.rounds}, processor time")
    found = {name: largest(name, known) for name, known in sorted(reports().items()) if name in chosen}
    rows = [
        row(name, large(name, data, int(options.megabytes * 1e6)), options.rounds)
        for name, data in found.items()
        if data is not None
    ]
    table(("format", "MB", "results", "results/s", "MB/s", "x bare parser"), rows)
    if missing := sorted(chosen - {one[0] for one in rows}):
        print(f"no report with a result: {', '.join(missing)}\n")


if __name__ == "__main__":
    main()
