"""What a person waits for on a large store: whole answers, whole commands with their memory, and after one new run."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bench.generated_store import Generator, sign
from bench.measuring import ROOT, median, table
from bench.questions import FILTERS
from store.connect import Connection, open_reader, open_writer
from store.write import Writer
from tui.answers.flakes import answer_flakes
from tui.answers.keeping import keep_triage
from tui.answers.query import Query
from tui.answers.services import answer_services
from tui.answers.timeline import answer_grid
from tui.answers.triage import answer_triage, work_out_triage

ROUNDS = 3
CRYWOLF = str(Path(sys.executable).parent / "crywolf")
_LIST_OPTIONS = {
    "--environment": "preprod",
    "--branch": "release-1",
    "--pipeline": "svc03",
    "--service": "svc07",
    "--owner": "@acme/team-3",
    "--since": "30d",
}


def answers(path: Path) -> None:
    """Print what answers take within one process: wall and processor time, the least of so many."""
    rows = []
    with closing(open_reader(path)) as connection:
        for name, query in FILTERS.items():
            rows.append(_answer(f"flakes {name}".strip(), lambda query=query: answer_flakes(connection, query)))
        rows.append(_answer("Triage, kept", lambda: answer_triage(connection, Query())))
        rows.append(_answer("Triage, rankings kept", lambda: work_out_triage(connection, Query())))
        rows.append(_answer("Services", lambda: answer_services(connection, Query())))
        rows.append(_answer("Timeline", lambda: answer_grid(connection, Query())))
    table(("whole answer, judgement and all; least of 3, warm", "rows", "ms", "processor ms"), rows)


def _answer(name: str, ask: object) -> tuple[str, ...]:
    assert callable(ask)
    answer = ask()
    taken = []
    for _ in range(ROUNDS):
        began, work = time.perf_counter(), time.process_time()
        ask()
        taken.append(((time.perf_counter() - began) * 1000, (time.process_time() - work) * 1000))
    held = next((getattr(answer, n) for n in ("rows", "incidents", "services") if hasattr(answer, n)), ())
    return name, f"{len(held):,}", f"{min(w for w, _ in taken):,.0f}", f"{min(c for _, c in taken):,.0f}"


def commands(path: Path) -> None:
    """Print what whole commands take, from the start of the process to its end, and their peak memory."""
    with closing(open_reader(path)) as connection:
        test = _reddest(connection)
    listed = [["flakes"], *(["flakes", option, value] for option, value in _LIST_OPTIONS.items())]
    routes = [*listed, ["failures"], ["timeline", test], ["suspects", test], ["runs", "--since", "1d"]]
    rows = []
    for route in routes:
        told = [_command(path, route) for _ in range(ROUNDS)]
        name = " ".join("TEST" if word == test else word for word in route)
        best = [min(one[n] for one in told) for n in range(3)]
        rows.append((f"crywolf {name} --json", f"{best[0]:,.0f}", f"{best[1]:,.0f}", f"{best[2]:,.0f}"))
    table(("whole command; least of 3", "ms", "processor ms", "MB peak"), rows)


def _command(path: Path, words: list[str]) -> tuple[float, float, float]:
    """(ms, processor ms, peak MB) of one process."""
    began = time.perf_counter()
    child = subprocess.Popen(
        [CRYWOLF, "--db", str(path), *words, "--json"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    took = (time.perf_counter() - began) * 1000
    if child.returncode:
        raise SystemExit(f"crywolf {' '.join(words)} ended with {child.returncode}")
    peak = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return took, (usage.ru_utime + usage.ru_stime) * 1000, peak


def _reddest(connection: Connection) -> str:
    """Identity of the case that failed most on the last day."""
    (identity,) = connection.execute(
        "SELECT t.namespace || '::' || t.classname || '::' || t.name FROM special_day d"
        " JOIN test_case t ON t.test_id = d.test_id WHERE d.day = (SELECT max(day) FROM special_day)"
        " ORDER BY d.failed DESC, d.test_id LIMIT 1"
    ).fetchone()
    return str(identity)


def after_new_runs(path: Path) -> None:
    """Print how long it takes until Triage is kept again after one new run, on a copy of the store."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="crywolf-bench-") as folder:
        copy = Path(folder) / "copy.db"
        shutil.copyfile(path, copy)
        keep_triage(copy, Query())
        _outdate(copy)
        rows.append(_kept("nothing new", copy))
        taken = [_after_a_run(copy, pipeline) for pipeline in (0, 5, 7)]
        rows.append(("one new run", *(f"{median([one[n] for one in taken]):,.0f}" for n in range(2))))
        with closing(open_writer(copy)) as connection:
            connection.execute("DELETE FROM kept_ranking")
        _outdate(copy)
        rows.append(_kept("every ranking anew", copy))
    table(("until Triage is kept again, after", "ms", "processor ms"), rows)


def _kept(name: str, path: Path) -> tuple[str, ...]:
    began, work = time.perf_counter(), time.process_time()
    keep_triage(path, Query())
    return name, f"{(time.perf_counter() - began) * 1000:,.0f}", f"{(time.process_time() - work) * 1000:,.0f}"


def _after_a_run(path: Path, pipeline: int) -> tuple[float, float]:
    writer = Writer(path, sign)
    with closing(open_reader(path)) as connection:
        (newest,) = connection.execute(
            "SELECT max(CAST(r.name AS INTEGER)) FROM run r JOIN pipeline l USING (pipeline_id) WHERE l.name = ?",
            (f"svc{pipeline:02d}",),
        ).fetchone()
    generator = Generator(writer, newest + 1, rng=random.Random(pipeline))
    generator.write_run(pipeline, newest + 1)
    writer.close()
    began, work = time.perf_counter(), time.process_time()
    keep_triage(path, Query())
    return (time.perf_counter() - began) * 1000, (time.process_time() - work) * 1000


def _outdate(path: Path) -> None:
    with closing(open_writer(path)) as connection:
        connection.execute("UPDATE state SET value = value + 1 WHERE name = 'revision'")
