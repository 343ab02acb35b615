"""Mutated inputs of every kind, until something other than a refusal happens or one input takes longer than a second.

    python -m bench.fuzz                          # 20,000 mutations of all fixtures
    python -m bench.fuzz --count 1000000 --seed 7
    python -m bench.fuzz --atheris corpus -max_total_time=300 -timeout=1
                                                  # guided by coverage, where atheris is installed (pip install atheris)

An input that misbehaves is written to `fuzz-found/` with its traceback. Exit code 1 when there was one.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from ingest.bytes_of import load
from ingest.clean import clean
from ingest.errors import NotKnown, Refused
from ingest.formats.plain_cases import Attempts
from ingest.formats.readers import reader_of
from ingest.identity import clean_identity
from ingest.limits import Limits
from ingest.model import RunIdentity
from ingest.recognise import Kind, recognise
from ingest.redact import redact
from ingest.run_json import read_run_json
from ingest.scrub import scrub, scrub_failure, scrub_line
from ingest.signature import sign
from ingest.sources.archive import list_members, open_member
from ingest.sources.guarded import Budget

ROOT = Path(__file__).parent.parent
SLOW_S = 1.0
LIMITS = Limits(
    file_bytes=4_000_000, document_bytes=4_000_000, token_bytes=200_000, depth=40, attributes=200, archive_members=200
)
SPLICES = (
    b"<", b">", b"&#27;", b"\x1b[31m", b"\0", b"\xff", b"<![CDATA[", b"]]>", b"</testcase>", b"<failure/>", b'"', b"{",
    b"}", b"[", b"]", b"\\ud800", b"1e999", b"-1", b"null", b"true", b"\xef\xbb\xbf", b"<!DOCTYPE a>", b"\n",
    b"PK\x05\x06", b"ghp_CANARY0123456789abcdefghijABCDEFGHIJ", b"99999999999999999999", b'""', b"NaN", b"\r",
)  # fmt: skip


class Nothing:
    """A sink that cleans and signs what it is given, as the pipeline would, and keeps nothing."""

    def attempts(self, batch: Attempts) -> None:
        """Take a batch."""
        for attempt in batch:
            for text in (attempt.name, attempt.classname):
                name = scrub_line(text, LIMITS.name_chars)
                assert clean(name) == name
            if attempt.failure is not None:
                failure = scrub_failure(attempt.failure, LIMITS)
                assert redact(failure.message) == failure.message
                sign(failure)

    def identity(self, known: RunIdentity) -> None:
        """Take an identity."""
        clean_identity(known)

    def warning(self, text: str) -> None:
        """Take a sentence."""
        text.encode()


def seeds(folder: Path = ROOT / "tests" / "fixtures", most_bytes: int = 60_000) -> list[tuple[str, bytes]]:
    """(name, content) of every fixture that is read as a report, changes, a catalog or a run."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size <= most_bytes:
            data = path.read_bytes()
            if recognise(data[:65_536], path.name).kind not in (Kind.UNKNOWN, Kind.REFUSED):
                found.append((path.name, data))
    return found


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Bits flipped, pieces cut out, doubled, moved and spliced in: one to eight times."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(changed) + 1)
        other = rng.randrange(len(changed) + 1)
        kind = rng.randrange(5)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del changed[at : at + rng.randrange(80)]
        elif kind == 2:
            changed[at:at] = changed[other : other + rng.randrange(200)]
        elif kind == 3:
            changed[at:at] = rng.choice(SPLICES)
        else:
            changed = changed[:at]
    return bytes(changed)


def take(name: str, data: bytes) -> None:
    """Do with bytes what ingest does before the store.

    Raises:
        Exception: anything but a refusal, which is a defect.
    """
    with suppress(Refused, NotKnown):
        _take(name, io.BytesIO(data), 0)


def _take(name: str, stream: BinaryIO, depth: int) -> None:
    content = load(stream, LIMITS)
    known = recognise(content.head, name, depth=LIMITS.depth)
    if known.kind is Kind.REPORT:
        content.stream.seek(0)
        reader_of(known.format or "")(content.stream, LIMITS, Nothing())
    elif known.kind is Kind.ARCHIVE and depth < 2:
        budget = Budget(LIMITS)
        for member in list_members(content.anywhere(), known.format or "", LIMITS, budget):
            if member.refusal is None:
                _take(member.parts[-1], open_member(member, known.format or "", LIMITS, budget), depth + 1)
    elif known.kind in _DOCUMENTS:
        _DOCUMENTS[known.kind](content.whole(LIMITS.document_bytes), known.format or "")


def _changes(data: bytes, format_name: str) -> None:
    from ingest.documents import _read_changes

    scrub(_read_changes(data, format_name, LIMITS, None))


def _catalog(data: bytes, _: str) -> None:
    from ingest.catalog import backstage

    scrub(backstage.read(data, LIMITS))


def _owners(data: bytes, _: str) -> None:
    from ingest.catalog import codeowners

    scrub(codeowners.read(data, "CODEOWNERS", LIMITS))


def _run(data: bytes, _: str) -> None:
    clean_identity(read_run_json(data, limits=LIMITS))


_DOCUMENTS: dict[Kind, Callable[[bytes, str], None]] = {
    Kind.CHANGES: _changes,
    Kind.CATALOG: _catalog,
    Kind.OWNERS: _owners,
    Kind.RUN: _run,
}


def misbehaving(count: int, seed: int) -> Iterator[tuple[str, bytes, str]]:
    """(name, bytes, what happened) of mutations that do anything else than be read or refused in a second."""
    rng = random.Random(seed)
    known = seeds()
    for _ in range(count):
        name, data = rng.choice(known)
        data = mutated(data, rng)
        began = time.process_time()
        try:
            take(name, data)
        except Exception:  # whatever it is: that is what is looked for
            yield name, data, traceback.format_exc()
        took = time.process_time() - began
        if took > SLOW_S:
            yield name, data, f"took {took:.1f} s"


_INSTRUMENTED = """
import sys, atheris
with atheris.instrument_imports(include=["ingest"]):
    import bench.fuzz
    from ingest.formats.readers import FORMATS, reader_of
    for name in FORMATS:
        reader_of(name)
bench.fuzz.guided(atheris, sys.argv)
"""


def guided(atheris: Any, arguments: list[str]) -> None:
    """Mutations by atheris; ends with the first that misbehaves. Arguments are libFuzzer's, the corpus among them."""
    corpus = Path(arguments[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for _, data in seeds():
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    atheris.Setup(arguments, lambda data: take("x", data))
    atheris.Fuzz()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000, help="mutations")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers")
    parser.add_argument(
        "--atheris",
        nargs=argparse.REMAINDER,
        metavar="CORPUS",
        help="folder to begin with and to add to, then libFuzzer's options",
    )
    options = parser.parse_args()
    if options.atheris:
        os.execv(sys.executable, [sys.executable, "-c", _INSTRUMENTED, *options.atheris])
    began, found = time.monotonic(), 0
    for name, data, what in misbehaving(options.count, options.seed):
        found += 1
        folder = Path("fuzz-found")
        folder.mkdir(exist_ok=True)
        path = folder / f"{hashlib.sha256(data).hexdigest()[:12]}-{name}"
        path.write_bytes(data)
        print(f"{path}: {what}", flush=True)
    took = time.monotonic() - began
    print(f"{options.count:,} mutations of {len(seeds())} seeds in {took:.0f} s: {found} misbehaved")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
