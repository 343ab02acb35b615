"""Two ingesters on the same files, two dashboards' worth of readers and somebody who triages, all at once."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.store.canonical import canonical
from tests.store.making import assert_sound, ingest, reading, write_history

ROOT = Path(__file__).parents[2]

INGESTER = """
    import sys, time
    from pathlib import Path
    from tests.store.making import ingest
    database, folder, turn = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[4] == "backwards"
    until = time.time() + float(sys.argv[3])
    files = sorted((path for path in folder.rglob("*") if path.is_file()), reverse=turn)
    rounds = 0
    while rounds == 0 or time.time() < until:
        for start in range(0, len(files), 7):
            ingest(database, *files[start : start + 7])
        rounds += 1
    print(rounds)
"""
HALF_IN = """
SELECT count(*) FROM source_file o WHERE o.status = 'ingested' AND o.kind = 'report' AND json_extract(o.counts,
    '$.attempts') <> (SELECT count(*) FROM part p JOIN result x USING (part_id) WHERE p.source_id = o.source_id)
"""
READER = """
    import json, sys, time
    from contextlib import closing
    from pathlib import Path
    from store.connect import one_state, open_reader
    from tui.answers.flakes import answer_flakes
    from tui.answers.query import Query
    from tui.answers.runs import answer_runs
    from tui.answers.triage import answer_triage
    database, until, seconds, problems = Path(sys.argv[1]), time.time() + float(sys.argv[2]), [], []
    with closing(open_reader(database)) as connection:
        while time.time() < until:
            for question in (answer_runs, answer_flakes, answer_triage):
                began = time.perf_counter()
                try:
                    with one_state(connection):
                        question(connection, Query())
                except Exception as problem:
                    problems.append(repr(problem))
                seconds.append(time.perf_counter() - began)
            if connection.execute(sys.argv[3]).fetchone()[0]:
                problems.append("a file that is half in")
    print(json.dumps([seconds, problems]))
"""
TRIAGER = """
    import sys, time
    from contextlib import closing
    from pathlib import Path
    from store.connect import open_writer
    from store.locking import begin_writing
    database, until, written = Path(sys.argv[1]), time.time() + float(sys.argv[2]), 0
    columns = "at_ms, actor, subject_kind, subject, action, old_value, new_value"
    with closing(open_writer(database)) as connection:
        while time.time() < until:
            begin_writing(connection)
            values = (written, "ada", "test", "shop::shop.Pay::t1", "note", None, str(written))
            connection.execute(f"INSERT INTO triage_event ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            connection.execute("COMMIT")
            written += 1
            time.sleep(0.05)
    print(written)
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(child: subprocess.Popen[str]) -> str:
    """What a process printed when it ended well."""
    out, err = child.communicate(timeout=300)
    assert (child.returncode, err) == (0, ""), err
    return out


def keep_company(folder: Path, seconds: float, runs: int) -> None:
    """Everybody works for so long; then the store says what one ingest alone says, and nobody met an error."""
    files = write_history(folder / "in", runs=runs)
    ingest(folder / "one.db", *files)
    database = folder / "store.db"
    ingest(database, files[0])
    ingesters = [start(INGESTER, database, folder / "in", seconds, turn) for turn in ("forwards", "backwards")]
    readers = [start(READER, database, seconds, HALF_IN) for _ in range(2)]
    triager = start(TRIAGER, database, seconds)
    rounds = [int(told(child)) for child in ingesters]
    written = int(told(triager))
    waited: list[float] = []
    for child in readers:
        times, problems = json.loads(told(child))
        assert problems == []
        waited += times
    waited.sort()
    p99_ms = 1000 * waited[min(len(waited) - 1, int(len(waited) * 0.99))]
    print(f"{seconds:.0f} s: {rounds} rounds of {len(files)} files, {len(waited)} answers, reader p99 {p99_ms:.0f} ms,")
    print(f"median {1000 * waited[len(waited) // 2]:.0f} ms, {written} triage events, 0 errors")
    with reading(folder / "one.db") as one, reading(database) as other:
        ours, theirs = canonical(one), canonical(other)
        assert other.execute("SELECT count(*) FROM triage_event").fetchone() == (written,)
    for facts in (ours, theirs):
        facts["source_file"] = [row for row in facts["source_file"] if "duplicate" not in row]
    assert theirs == ours
    assert_sound(database)


def test_good_company(tmp_path: Path) -> None:
    """Five seconds."""
    keep_company(tmp_path, 5, runs=12)


@pytest.mark.soak
def test_company_for_a_minute(tmp_path: Path) -> None:
    """Sixty seconds."""
    keep_company(tmp_path, 60, runs=60)
