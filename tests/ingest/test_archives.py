"""Archives are folders that are read in place: the same results, the same identity, the same idempotence."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.limits import Limits
from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.pipeline import EMPTY, Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Skip
from store.connect import open_reader
from tests.store.canonical import canonical

Files = Sequence[tuple[str, bytes]]


def report(*names: str) -> bytes:
    """A JUnit report with a failing case of each name."""
    cases = "".join(f"<testcase classname='c' name='{name}'><failure message='m'/></testcase>" for name in names)
    return f"<testsuite name='s'>{cases}</testsuite>".encode()


def run_json(run_id: str) -> bytes:
    """A `run.json`."""
    return json.dumps({"cicd.pipeline.name": "nightly", "cicd.pipeline.run.id": run_id}).encode()


def zipped(files: Files) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tarred(files: Files, format_number: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format_number) as archive:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def zstandard(data: bytes) -> bytes:
    """Zstandard data."""
    return bytes(import_module("backports.zstd").compress(data))


PACKERS: dict[str, Callable[[Files], bytes]] = {
    "zip": zipped,
    "tar": tarred,
    "gnu.tar": lambda files: tarred(files, tarfile.GNU_FORMAT),
    "ustar.tar": lambda files: tarred(files, tarfile.USTAR_FORMAT),
    "tar.gz": lambda files: gzip.compress(tarred(files)),
    "tar.bz2": lambda files: bz2.compress(tarred(files)),
    "tar.xz": lambda files: lzma.compress(tarred(files)),
    "tar.zst": lambda files: zstandard(tarred(files)),
}
CONTENT = (
    ("a/r1.xml", report("one")),
    ("b/nested/" + "deep" * 30 + "/r2.xml", report("two", "three")),
    ("b/run.json", run_json("7")),
    ("b/é.txt", b"notes"),
)


class Store:
    """A store and the folder that is ingested into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inputs = folder / "inputs"
        self.inputs.mkdir()
        self.database = folder / "crywolf.db"

    def put(self, name: str, data: bytes) -> Path:
        """Write a file among the inputs."""
        path = self.inputs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    def ingest(self, limits: Limits | None = None) -> dict[str, FileOutcome]:
        """What becomes of each input, by the path below the inputs."""
        found: dict[str, FileOutcome] = {}

        def note(outcome: FileOutcome) -> None:
            found[outcome.path.removeprefix(f"{self.inputs}/")] = outcome

        with Ingestion(self.database, Settings(), RunIdentity(), limits or Limits(), {}) as ingestion:
            listed = list_inputs([str(self.inputs)])
            ingestion.ingest_all((item for item in listed if not isinstance(item, Skip)), note)
        return found

    def runs(self) -> set[tuple[str, str, int]]:
        """(pipeline, run id, attempts) of every run."""
        with closing(open_reader(self.database)) as reader:
            rows = canonical(reader)["run_total"]
        return {(row[0], row[1], row[8]) for row in rows}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path)


def statuses(found: dict[str, FileOutcome]) -> dict[str, str]:
    """Path -> status, or the code of the refusal."""
    return {
        path: one.status.value if one.status is not FileStatus.REJECTED else (one.reason or "").partition(":")[0]
        for path, one in found.items()
    }


@pytest.mark.parametrize("suffix", PACKERS)
def test_every_kind_of_archive(store: Store, suffix: str) -> None:
    """Members are listed as a folder's files are; a `run.json` speaks for what is beside and below it."""
    store.put(f"17.{suffix}", PACKERS[suffix](CONTENT))
    found = store.ingest()
    assert statuses(found) == {
        f"17.{suffix}!{CONTENT[0][0]}": "ingested",
        f"17.{suffix}!{CONTENT[2][0]}": "ingested",
        f"17.{suffix}!{CONTENT[1][0]}": "ingested",
        f"17.{suffix}!{CONTENT[3][0]}": "skipped",
    }
    assert list(found)[1].endswith("b/run.json")
    assert {run for run in store.runs() if run[0] == "nightly"} == {("nightly", "7", 2)}
    assert {run[1:] for run in store.runs()} == {("7", 2), ("a", 1)}
    assert set(statuses(store.ingest()).values()) == {"duplicate", "skipped"}


@pytest.mark.parametrize(
    ("suffix", "pack"), [("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress), ("zst", zstandard)]
)
def test_a_single_compressed_file_is_the_file(store: Store, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    """Under its own name; cut anywhere it is refused as unfinished, so that a watcher waits for the rest."""
    whole = pack(report(*(f"t{number}" for number in range(50))))
    store.put(f"r.xml.{suffix}", whole)
    assert statuses(store.ingest()) == {f"r.xml.{suffix}": "ingested"}
    for at in range(8, len(whole) - 1, max(1, len(whole) // 9)):
        store.put(f"r.xml.{suffix}", whole[:at])
        (code,) = statuses(store.ingest()).values()
        assert code.endswith(("-truncated", "-damaged", "empty-file")), (at, code)


def test_what_is_beside_an_archive_counts_for_its_members(store: Store) -> None:
    """A `run.json` beside it speaks for members whose own folders have none, late or early, in another process too."""
    store.put("x/a.zip", zipped([("r.xml", report("one")), ("b/r.xml", report("two")), ("b/run.json", run_json("7"))]))
    store.ingest()
    assert store.runs() == {("x", "a", 1), ("nightly", "7", 1)}
    store.put("x/run.json", run_json("8"))
    store.ingest()
    assert store.runs() == {("nightly", "8", 1), ("nightly", "7", 1)}


def test_an_archive_that_is_written_again_replaces(store: Store) -> None:
    """What it holds no more is taken out, refusals too; what it holds still is a duplicate."""
    store.put(
        "a.zip",
        zipped(
            [("run.json", run_json("1")), ("r.xml", report("one")), ("s.xml", report("two")), ("t.xml", b"<testsuite>")]
        ),
    )
    store.ingest()
    assert store.runs() == {("nightly", "1", 2)}
    store.put(
        "a.zip", zipped([("run.json", run_json("1")), ("r.xml", report("one")), ("u.xml", report("three", "four"))])
    )
    assert statuses(store.ingest()) == {
        "a.zip!run.json": "duplicate",
        "a.zip!r.xml": "duplicate",
        "a.zip!u.xml": "ingested",
    }
    assert store.runs() == {("nightly", "1", 3)}
    with closing(open_reader(store.database)) as reader:
        assert not [row for row in canonical(reader)["source_file"] if b"t.xml" in row[0] or b"s.xml" in row[0]]
    store.put("a.zip", zipped([("run.json", run_json("1"))])[:-4])
    assert statuses(store.ingest()) == {"a.zip": "zip-truncated"}
    assert store.runs() == {("nightly", "1", 3)}


def test_events_in_an_archive_keep_their_results(store: Store) -> None:
    """Test runs that a file of events tells of are known by names of their own, and belong to their file."""
    moment = {"id": "e", "source": "/ci", "type": "dev.cdevents.testcaserun.finished.0.2.0"}
    content = {"environment": {"id": "e"}, "testCase": {"id": "t"}, "outcome": "success"}
    event = {
        "context": moment | {"timestamp": "2026-01-01T00:00:00Z"},
        "subject": {"id": "r", "content": content},
    }
    store.put("a.zip", zipped([("events.json", json.dumps(event).encode()), ("r.xml", report("one"))]))
    for _ in range(2):
        store.ingest()
        with closing(open_reader(store.database)) as reader:
            assert len(canonical(reader)["result"]) == 2


def test_archives_inside_archives(store: Store) -> None:
    """One deep, with their `run.json`; the next one is refused and the rest goes in."""
    third = zipped([("r.xml", report("three"))])
    second = zipped([("r.xml", report("two")), ("run.json", run_json("2")), ("third.zip", third)])
    first = tarred(
        [
            ("inner.tar.gz", gzip.compress(tarred([("r.xml", report("one"))]))),
            ("second.zip", second),
            ("p.xml.gz", gzip.compress(report("p"))),
        ]
    )
    store.put("a.tar", first)
    assert statuses(store.ingest()) == {
        "a.tar!inner.tar.gz!r.xml": "ingested",
        "a.tar!p.xml.gz": "ingested",
        "a.tar!second.zip!run.json": "ingested",
        "a.tar!second.zip!r.xml": "ingested",
        "a.tar!second.zip!third.zip": "archive-nested",
    }
    assert ("nightly", "2", 1) in store.runs()


def test_limits_are_named(store: Store) -> None:
    """Members, bytes, ratio: each refusal says the limit and the setting that raises it."""
    many = zipped([(f"{number}.txt", b"") for number in range(30)])
    large = zipped([("a.xml", report(*map(str, range(99)))), ("b.xml", report(*map(str, range(99, 198))))])
    bomb = gzip.compress(b"<testsuites>" + b" " * 3_000_000 + b"</testsuites>")
    for name, data, limits, setting, others in (
        ("many.zip", many, Limits(archive_members=20), "limits.archive_members", 0),
        ("large.zip", large, Limits(archive_bytes=8_000), "limits.archive_bytes", 1),
        ("large.tar", tarred([("a.xml", report("x" * 3_000))]), Limits(file_bytes=2_000), "limits.file_bytes", 0),
        ("bomb.xml.gz", bomb, Limits(), "limits.archive_ratio", 0),
        (
            "bomb.zip",
            zipped([("a.xml", b" " * 3_000_000), ("b.xml", report("b"))]),
            Limits(),
            "limits.archive_ratio",
            1,
        ),
    ):
        path = store.put(name, data)
        found = store.ingest(limits)
        refused = [one for one in found.values() if one.status is FileStatus.REJECTED]
        assert len(refused) == 1, (name, found)
        assert setting in (refused[0].reason or ""), refused
        assert len(found) - 1 == others
        path.unlink()


def test_names_kinds_and_namesakes(store: Store) -> None:
    """Names that lead out and members that are no files are refused one by one; of two with one name both go in."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, target in (
            ("link.xml", tarfile.SYMTYPE, "/etc/passwd"),
            ("pipe.xml", tarfile.FIFOTYPE, ""),
            ("d", tarfile.SYMTYPE, "/tmp"),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
        for name in ("../out.xml", "/abs.xml", "d/below.xml", "same.xml", "same.xml", "./fine.xml", "C:\\x.xml"):
            member = tarfile.TarInfo(name)
            data = report(f"{name}{buffer.tell()}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    store.put("a.tar", buffer.getvalue())
    assert statuses(store.ingest()) == {
        "a.tar!link.xml": "tar-member-type", "a.tar!pipe.xml": "tar-member-type", "a.tar!d": "tar-member-type",
        "a.tar!../out.xml": "tar-name", "a.tar!/abs.xml": "tar-name", "a.tar!C:\\x.xml": "tar-name",
        "a.tar!d/below.xml": "tar-member-type", "a.tar!same.xml": "ingested", "a.tar!same.xml#2": "ingested",
        "a.tar!./fine.xml": "ingested",
    }  # fmt: skip


def test_what_goes_by_its_name_is_known_at_the_top_of_an_archive(store: Store) -> None:
    """A CODEOWNERS file and crywolf's own settings lie in no folder of the archive."""
    store.put("a.zip", zipped([("CODEOWNERS", b"* @tills\n"), ("crywolf.toml", b"[limits]\n")]))
    found = store.ingest()
    owners = found["a.zip!CODEOWNERS"]
    assert (owners.status, owners.format) == (FileStatus.INGESTED, "codeowners")
    assert (found["a.zip!crywolf.toml"].reason or "").startswith("settings")


def test_what_is_no_result_archive(store: Store) -> None:
    """An empty one and a Java library are skipped whole, with the reason."""
    store.put("empty.zip", zipped([]))
    store.put("lib.jar", zipped([("META-INF/MANIFEST.MF", b""), ("a.xml", report("a"))]))
    found = store.ingest()
    assert statuses(found) == {"empty.zip": "skipped", "lib.jar": "skipped"}
    assert found["empty.zip"].reason == EMPTY
    assert "Java" in (found["lib.jar"].reason or "")


def test_nothing_is_written_and_nothing_stays_open(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file beside the store appears while members are read."""
    inside = store.folder / "tmp"
    inside.mkdir()
    monkeypatch.setenv("TMPDIR", str(inside))
    for suffix, pack in PACKERS.items():
        store.put(f"a.{suffix}", pack(CONTENT))
    store.ingest()
    assert list(inside.iterdir()) == []
    assert {path.name.partition(".")[0] for path in store.folder.iterdir()} == {"inputs", "tmp", "crywolf"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(PACKERS)), st.data())
def test_damaged_archives(tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject) -> None:
    """Bytes flipped, cut out or doubled: refusals, and no exception."""
    packed = bytearray(PACKERS[suffix](CONTENT))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(packed) - 1))
        if data.draw(st.booleans()):
            packed[at] ^= 1 << data.draw(st.integers(0, 7))
        else:
            packed[at : at + data.draw(st.integers(0, 40))] = packed[: data.draw(st.integers(0, 20))]
        packed = packed or bytearray(b"PK")
    store = Store(tmp_path_factory.mktemp("damaged"))
    store.put(f"a.{suffix}", bytes(packed))
    store.ingest()


def test_a_size_below_zero_in_a_tar_header() -> None:
    """Refused and not followed backwards."""
    from ingest.errors import Refused
    from ingest.sources.guarded import Budget
    from ingest.sources.tar_file import tar_members

    header = bytearray(tarred([("a.xml", b"x")])[:512])
    header[124:136] = b"\xff" * 8 + struct.pack(">i", -512)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(Refused, match="below zero"):
        list(tar_members(io.BytesIO(bytes(header) * 3), Limits(), Budget(Limits())))
