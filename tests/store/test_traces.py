"""Traces come back as they were, whatever they were deflated with, and like ones take little room."""

from __future__ import annotations

import random
import tempfile
import zlib
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.model import Failure
from store.connect import Connection, open_writer
from store.dimensions import Dimensions
from store.read.results import load_failures
from store.traces import SHORT, PreparedFailure, digest_of


def signed(failure: Failure) -> tuple[int, str, str]:
    """One signature a type."""
    return (1, failure.type, failure.type)


def store_texts(connection: Connection, failures: list[Failure]) -> dict[int, Failure]:
    """Row -> failure, written by one process."""
    dimensions = Dimensions(connection, signed)
    return {dimensions.failure(failure, is_skip=False)[0]: failure for failure in failures}


def traces(count: int, lines: int = 80) -> list[str]:
    """Texts of some kilobytes, each a choice of the same two hundred lines."""
    rng = random.Random(5)
    pool = [f"    at com.example.shop.Order{n}.place(Order{n}.java:{n * 7})" for n in range(200)]
    return ["\n".join(rng.choices(pool, k=lines)) for _ in range(count)]


_TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="ab\n\U0001f980\ud800", min_size=SHORT, max_size=3 * SHORT),
    st.sampled_from(traces(12)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.builds(Failure, st.sampled_from(["A", "B", ""]), st.just("boom"), _TEXTS), max_size=40))
def test_every_trace_comes_back(failures: list[Failure]) -> None:
    """Of any length and type, in any order, also what two processes wrote by turns."""
    with tempfile.TemporaryDirectory() as folder, closing(open_writer(Path(folder) / "s.db")) as connection:
        half = len(failures) // 2
        written = store_texts(connection, failures[:half]) | store_texts(connection, failures[half:])
        found = load_failures(connection, written)
        assert {row: text.failure for row, text in found.items()} == written


@settings(max_examples=40, deadline=None)
@given(st.lists(st.builds(Failure, st.sampled_from(["A", "B"]), st.just("boom"), _TEXTS), max_size=40))
def test_traces_that_were_deflated_ahead_come_back(failures: list[Failure]) -> None:
    """Some together before any of them is written, by two processes in turn, which know different samples."""
    with tempfile.TemporaryDirectory() as folder, closing(open_writer(Path(folder) / "s.db")) as connection:
        processes = [Dimensions(connection, signed), Dimensions(connection, signed)]
        written: dict[int, Failure] = {}
        for start in range(0, len(failures), 8):
            dimensions = processes[start // 8 % 2]
            group = [
                PreparedFailure.of(one, digest_of(one, is_skip=False), signed(one)) for one in failures[start:][:8]
            ]
            for failure in group:
                dimensions.deflate_ahead(failure)
            written |= {dimensions.failure(failure, is_skip=False)[0]: failure for failure in group}
        found = load_failures(connection, written)
        assert {row: text.failure for row, text in found.items()} == written


def test_traces_that_are_alike_take_little_room(tmp_path: Path) -> None:
    """Of many choices from the same lines each takes a fraction of what it takes by itself."""
    texts = traces(100)
    with closing(open_writer(tmp_path / "s.db")) as connection:
        store_texts(connection, [Failure("E", "boom", text) for text in texts])
        sizes = [row[0] for row in connection.execute("SELECT length(body) FROM failure ORDER BY failure_id")]
        samples = connection.execute("SELECT count(*), sum(length(text)) FROM trace_sample").fetchone()
    assert sum(sizes[50:]) < 0.5 * 50 * sizes[0]
    assert samples[0] <= 8


def test_traces_that_differ_by_numbers_start_from_few_lines(tmp_path: Path) -> None:
    """A sample has each of their lines once: what starts from it looks through little."""
    rng = random.Random(6)
    places = ("order.place", "stock.take", "basket.add")
    texts = ["\n".join(f"at {rng.choice(places)}:{rng.randrange(10**9)}" for _ in range(80)) for _ in range(30)]
    with closing(open_writer(tmp_path / "s.db")) as connection:
        store_texts(connection, [Failure("E", "boom", text) for text in texts])
        samples = [zlib.decompress(row[0]) for row in connection.execute("SELECT text FROM trace_sample")]
    assert len(samples) > 1
    assert all(len(sample.splitlines()) < 10 for sample in samples[1:])


def test_a_rolled_back_sample_is_not_used(tmp_path: Path) -> None:
    """What started from a sample that is gone would never be read again."""
    first, second = (Failure("E", "boom", text) for text in traces(2))
    with closing(open_writer(tmp_path / "s.db")) as connection:
        dimensions = Dimensions(connection, signed)
        connection.execute("BEGIN IMMEDIATE")
        dimensions.failure(first, is_skip=False)
        connection.execute("ROLLBACK")
        dimensions.forget()
        row, _ = dimensions.failure(second, is_skip=False)
        assert load_failures(connection, [row])[row].failure == second
