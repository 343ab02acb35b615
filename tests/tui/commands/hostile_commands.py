"""Every command over a store of hostile texts, one after the other in this process: for tests on a terminal or a pipe.

    python -m tests.tui.commands.hostile_commands STORE FOLDER

Names are asked for as the store has them. What each command came to is written to FOLDER/codes.json, files to FOLDER.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from store.connect import open_reader
from tests.tui.screens.payloads import payloads
from tui.cli import COMMANDS, run
from tui.streams import prepare_streams

EVER = ("--since", "5000d")
FREE = ("dashboard", "serve", "watch", "demo", "completion", "config", "owners", "prune")
"""Commands that are not called here: they go on until interrupted, or print nothing of the store's texts."""


def calls(database: Path, folder: Path) -> Iterator[tuple[str, ...]]:
    """Command lines."""
    with closing(open_reader(database)) as connection:
        rows = connection.execute("SELECT namespace, classname, name FROM test_case ORDER BY test_id").fetchall()
        tests = ["::".join(row) for row in rows]
        runs = [row[0] for row in connection.execute("SELECT name FROM run ORDER BY run_id")]
        services = [row[0] for row in connection.execute("SELECT name FROM service ORDER BY name")]
    for name in ("failures", "flakes", "slower", "clusters", "silent", "flows", "changes", "runs"):
        yield (name, *EVER)
    yield from ((name, *EVER, "--json") for name in ("failures", "changes"))
    for by in ("test", "service"):
        yield ("ledger", *EVER, "--by", by)
    for test in (tests[0], tests[40]):
        yield ("timeline", *EVER, "--", test)
        yield ("suspects", "--", test)
        yield ("triage", "note", "a note", "--", test)
        yield ("export", "picture", *EVER, "-o", str(folder / "test.svg"), "test", "--", test)
    yield from (("run", "--", name) for name in runs[-2:])
    yield from (("gate", "--", name) for name in runs[-2:])
    yield from (("service", "--", name) for name in services[:2])
    yield from (("export", "flakes", *EVER, "--format", style) for style in ("md", "csv", "json"))
    yield from (("export", "flakes", *EVER, "--format", "json", "-o", str(folder / "flakes.json")),)
    yield ("export", "handover", *EVER)
    yield ("export", "handover", *EVER, "-o", str(folder / "handover.md"))
    for what in ("timeline", "services", "graph", "flows"):
        yield ("export", "picture", *EVER, "-o", str(folder / f"{what}.svg"), what)
    yield from (("triage", "log"), ("triage", "log", "--json"), ("triage", "sessions"))
    yield from (("tests", "alias", "--list"), ("tests", "suggest", *EVER), ("tests", "alias", "--", *tests[5:7]))
    yield from (("rejected",), ("rejected", "1"), ("rejected", "--json"), ("rejected", "--retry"), ("doctor",))
    query = "SELECT name, title, message, path FROM test_case, signature, failure, source_file LIMIT 160"
    yield from (("sql", query, "--format", kind) for kind in ("table", "csv", "json"))
    for text in payloads()[6:20:3]:
        yield ("timeline", "--", text)
    yield ("record", "deploy", "--service", "\x1b[2Js", "--version", "\x9b1mv", "--environment", "\u202ee")
    yield ("--db", str(folder / "\x1b]0;t\x07 no.db"), "runs")
    yield ("ingest", str(folder / "\x1b[2J no.xml"))
    yield ("fetch", "jenkins", "http://127.0.0.1:9/job/\x1b[2J")
    yield ("fetch", "gitlab", "--base-url", "http://127.0.0.1:9", "\x9b1mteam/\u202eshop")


def main(database: Path, folder: Path) -> int:
    """Calls all, and keeps what came of each."""
    prepare_streams()
    codes: list[tuple[str, int]] = []
    for call in calls(database, folder):
        try:
            codes.append((" ".join(call), run(["--db", str(database), *call])))
        except BaseException:
            codes.append((traceback.format_exc(), -1))
    missing = set(COMMANDS) - {word for call, _ in codes for word in call.split()} - set(FREE)
    (folder / "codes.json").write_text(json.dumps({"codes": codes, "missing": sorted(missing)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
