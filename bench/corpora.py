"""What is ingested: the real history, generated folders of reports, one huge report."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.measuring import shared_folder
from bench.parse import report

SUITES = 50
"""Reports of one generated run."""
_NAME = re.compile(r'name="test_[a-z]+_[a-z]+_(\d+)\[[^"]*"')


def unpack_history(out: Path) -> str | None:
    """Unpack the real history below a folder; the reason when that cannot be done."""
    folder = shared_folder("histories")
    if folder is None:
        return "no ../shared/histories (or $CRYWOLF_SHARED/histories)"
    done = subprocess.run(
        [sys.executable, str(folder / "unpack.py"), str(out)], capture_output=True, text=True, check=False
    )
    return done.stderr.strip().splitlines()[-1] if done.returncode else None


def write_runs(out: Path, files: int, cases: int) -> None:
    """Runs of 50 suites each, the same cases in every run; 3 % fail with a trace of their own of 2-8 KB."""
    for number in range(files):
        run, suite = divmod(number, SUITES)
        text = "".join(report(number, cases))
        text = _NAME.sub(r'name="test_case_\1"', text).replace(f"Suite{number}", f"Suite{suite}")
        stamp = f"2026-01-{1 + run % 28:02d}T{run // 28 % 24:02d}:00:00"
        text = text.replace("2026-01-01T00:00:00", stamp).replace(f'name="suite{number}', f'name="suite{suite}')
        path = out / "nightly" / f"run-{run:04d}" / f"suite-{suite:02d}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def write_huge(path: Path, cases: int) -> None:
    """One report of some 220 bytes a case: 900,000 cases are 200 MB."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
        out.writelines(_huge_cases(cases))
        out.write("</testsuite>\n</testsuites>\n")


def _huge_cases(cases: int) -> Iterator[str]:
    rng = random.Random(3)
    lines = [f"    at com.example.shop.Order{n}.place(Order{n}.java:{n * 7})" for n in range(200)]
    for number in range(cases):
        if number % 1000 == 0:
            end = "</testsuite>\n" if number else ""
            yield f'{end}<testsuite name="suite{number // 1000}" timestamp="2026-01-01T00:00:00">\n'
        head = f'<testcase classname="tests.integration.Suite{number // 1000}" name="test_order_refund_{number}[eu-3]"'
        if rng.random() < 0.03:
            trace = "\n".join(rng.choices(lines, k=80))
            yield f'{head} time="0.531"><failure message="expected 200 got 503" type="E">{trace}</failure></testcase>\n'
        else:
            yield f'{head} time="0.{number % 1000:03d}"/>\n'
