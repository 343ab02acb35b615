"""A store of any size, written through `store.write`, and what its main questions cost.

    python -m bench.scale build FILE [--results 10000000] [--tests 500]
    python -m bench.scale ask FILE
    python -m bench.scale both [--results 10000000]

`build` prints the write rate of every million rows and the size per result; see `bench/generated_store.py` for what is
in it. `ask` prints the median of 21 rounds of each question that has a budget under every filter, by the clock and by
the processor, and, as its peers, of 3 rounds of plain SQL over the raw rows on the same store and of 3 rounds of the
same SQL in DuckDB over the same rows as Parquet (where DuckDB is installed); then what whole answers and whole commands
take, and how long it takes until Triage is kept again after one new run. `both` builds in a temporary folder.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from bench import duck, whole
from bench.generated_store import TESTS, build
from bench.measuring import headline, median, milliseconds, peak_megabytes, quantile, table
from bench.questions import Question, questions
from store.connect import Connection, open_reader
from store.read.runs import count_all

ROUNDS, RAW_ROUNDS = 21, 3
_HEADER = (
    "question",
    "rows",
    "ms p50",
    "ms p95",
    "processor ms p50",
    "plain SQL ms",
    "x plain SQL",
    "DuckDB ms",
    "x DuckDB",
)


def ask(path: Path) -> None:
    """Print the tables."""
    with closing(open_reader(path)) as connection, tempfile.TemporaryDirectory(prefix="crywolf-bench-") as folder:
        _, runs, cases, results = count_all(connection)
        print(f"{results:,} results of {cases:,} tests in {runs:,} runs; {ROUNDS} rounds, plain SQL {RAW_ROUNDS}\n")
        asked = [(question, milliseconds(question.ask, ROUNDS)) for question in questions(connection)]
        print(f"peak memory of all questions: {peak_megabytes():.0f} MB\n")
        with duck.copied(connection, Path(folder)) as peer:
            if peer is None:
                print("DuckDB: left out, it is not installed (`pip install duckdb`)\n")
            rows = [_row(connection, peer, question, taken) for question, taken in asked]
        table(_HEADER, rows)
    whole.answers(path)
    whole.commands(path)
    whole.after_new_runs(path)


def _row(
    connection: Connection, peer: Any | None, question: Question, taken: list[tuple[float, float]]
) -> tuple[str, ...]:
    walls, answer = [wall for wall, _ in taken], question.ask()
    middle, used = median(walls), median([work for _, work in taken])
    count = f"{len(answer):,}" if hasattr(answer, "__len__") else ""
    shown = (question.name, count, f"{middle:.1f}", f"{quantile(walls, 0.95):.1f}", f"{used:.1f}")
    if not question.sql:
        return (*shown, "", "", "", "")
    told = [_typical(lambda: connection.execute(question.sqlite(), question.values).fetchall())]
    if peer is not None:
        told.append(_typical(lambda: peer.execute(question.duckdb(), question.values).fetchall()))
    cells = [text for one in told for text in (f"{one:,.1f}", f"{one / middle:,.1f}")]
    return (*shown, *cells, *[""] * (4 - len(cells)))


def _typical(call: Callable[[], object]) -> float:
    """Median of a peer's rounds, in ms by the clock."""
    return median([wall for wall, _ in milliseconds(call, RAW_ROUNDS)])


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("build", "ask", "both"))
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--results", type=int, default=10_000_000)
    parser.add_argument("--tests", type=int, default=TESTS, help="of each of the 40 pipelines")
    options = parser.parse_args(arguments)
    if options.action != "both" and options.file is None:
        parser.error("FILE is missing")
    sizes = () if options.action == "ask" else (f"{options.results:,} results",)
    headline("Store: a generated one and its questions", *sizes)
    with tempfile.TemporaryDirectory(prefix="crywolf-bench-") as folder:
        path = options.file or Path(folder) / "scale.db"
        if options.action != "ask":
            build(path, options.results, options.tests)
        if options.action != "build":
            ask(path)


if __name__ == "__main__":
    main()
