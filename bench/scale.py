"""A store of any size, written through `store.write`, and what its main questions cost.

    python -m bench.scale build FILE [--results 10000000]
    python -m bench.scale ask FILE
    python -m bench.scale both [--results 10000000]

`build` prints the write rate of every million rows and the size per result; see `bench/generated_store.py` for what is
in it. `ask` prints the median of 21 rounds of each question of DESIGN.md section 9 and, as its peer, of 3 rounds of
plain SQL over the raw rows on the same store; then what the whole answers take. `both` builds in a temporary folder.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from pathlib import Path

from bench.generated_store import build
from bench.measuring import headline, median, milliseconds, quantile, table
from bench.questions import Question, questions, whole_answers
from store.connect import open_reader
from store.read.runs import count_all

ROUNDS, RAW_ROUNDS, WHOLE_ROUNDS = 21, 3, 1


def ask(path: Path) -> None:
    """Print the tables."""
    with closing(open_reader(path)) as connection:
        _, runs, cases, results = count_all(connection)
        print(f"{results:,} results of {cases:,} tests in {runs:,} runs; {ROUNDS} rounds, plain SQL {RAW_ROUNDS}\n")
        rows = [_row(question, ROUNDS) for question in questions(connection)]
        table(("question", "rows", "ms p50", "ms p95", "plain SQL ms", "x plain SQL"), rows)
        rows = [_row(question, WHOLE_ROUNDS) for question in whole_answers(connection)]
        table(("whole answer, judgement and all; once, warm", "rows", "ms"), [row[:3] for row in rows])


def _row(question: Question, rounds: int) -> tuple[str, ...]:
    answer = question.ask()
    count = getattr(answer, "rows", None) or getattr(answer, "incidents", None) or answer
    taken = milliseconds(question.ask, rounds)
    shown = (question.name, f"{len(count):,}" if hasattr(count, "__len__") else "")
    middle = median(taken)
    if question.raw is None:
        return (*shown, f"{middle:.1f}", f"{quantile(taken, 0.95):.1f}", "", "")
    raw = median(milliseconds(question.raw, RAW_ROUNDS))
    return (*shown, f"{middle:.1f}", f"{quantile(taken, 0.95):.1f}", f"{raw:,.0f}", f"{raw / middle:,.0f}")


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("build", "ask", "both"))
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--results", type=int, default=10_000_000)
    options = parser.parse_args(arguments)
    if options.action != "both" and options.file is None:
        parser.error("FILE is missing")
    headline("Store: a generated one and its questions", f"{options.results:,} results")
    with tempfile.TemporaryDirectory(prefix="crywolf-bench-") as folder:
        path = options.file or Path(folder) / "scale.db"
        if options.action != "ask":
            build(path, options.results)
        if options.action != "build":
            ask(path)


if __name__ == "__main__":
    main()
