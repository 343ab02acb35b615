"""How fast JUnit XML becomes attempts, against bare parsers on the same files in the same run.

    python -m bench.parse [--files 200] [--cases 200] [--rounds 7] [--big MEGABYTES]

The corpus imitates a mixed one: 3 % of the cases fail with 2-8 KB of trace (half of it CDATA, half escaped), 5 % wrote
output, 2 % were skipped. Prints cases per second of processor time of each route, best of the rounds, and the ratio to
bare `ElementTree.iterparse` with clearing. `--big` reads one report of that size in a fresh process and prints its peak
memory. junitparser's `fromfile` and pygixml, which is no dependency (`pip install pygixml`), only build their trees and
count the cases: they store nothing, and hold whole files in memory.
"""

from __future__ import annotations

import argparse
import importlib
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from ingest.formats import junit
from ingest.formats.plain_cases import Attempts
from ingest.limits import Limits
from ingest.model import RunIdentity

_TRACE_LINE = '    at com.example.shop.{}Service.call({}Service.java:{}) ~[shop-{}.jar:1.{}] expected <a> & got "b"\n'
_WORDS = ("order", "payment", "stock", "login", "basket", "search", "refund", "invoice", "customer", "shipping")


class CountingSink:
    """Counts attempts and forgets them."""

    def __init__(self) -> None:
        self.count = 0

    def attempts(self, batch: Attempts) -> None:
        """Count a batch."""
        self.count += len(batch)

    def identity(self, known: RunIdentity) -> None:
        """Nothing."""

    def warning(self, text: str) -> None:
        """Nothing."""


def _trace(rng: random.Random) -> str:
    wanted, lines = rng.randint(2_000, 8_000), ""
    while len(lines) < wanted:
        word = rng.choice(_WORDS).title()
        lines += _TRACE_LINE.format(word, word, rng.randint(1, 900), word.lower(), rng.randint(0, 99))
    return lines


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _case(rng: random.Random, suite: str, number: int) -> str:
    name = f"test_{rng.choice(_WORDS)}_{rng.choice(_WORDS)}_{number}[{rng.choice(_WORDS)}-{rng.randint(1, 9)}]"
    head = f'    <testcase classname="tests.integration.{suite}" name="{name}" time="{rng.expovariate(2):.3f}"'
    dice = rng.random()
    if dice < 0.03:
        trace = _trace(rng)
        body = f"<![CDATA[{trace}]]>" if rng.random() < 0.5 else _escaped(trace)
        failure = f'<failure message="expected 200 got 503" type="AssertionError">{body}</failure>'
        return f"{head}>\n      {failure}\n    </testcase>\n"
    if dice < 0.05:
        return f'{head}>\n      <skipped message="not on staging"/>\n    </testcase>\n'
    if dice < 0.10:
        output = "".join(f"line {line} of the output\n" for line in range(rng.randint(3, 20)))
        return f"{head}>\n      <system-out>{output}</system-out>\n    </testcase>\n"
    return f"{head}/>\n"


def report(seed: int, cases: int) -> Iterator[str]:
    """One report, in pieces."""
    rng = random.Random(seed)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
    yield f'  <testsuite name="suite{seed}" timestamp="2026-01-01T00:00:00" hostname="ci">\n'
    for number in range(cases):
        if number and number % 200 == 0:
            yield f'  </testsuite>\n  <testsuite name="suite{seed}.{number}" timestamp="2026-01-01T00:00:00">\n'
        yield _case(rng, f"Suite{seed}", number)
    yield "  </testsuite>\n</testsuites>\n"


def by_iterparse(path: Path) -> int:
    """Bare ElementTree, cleared per suite and case."""
    count = 0
    for _, element in ElementTree.iterparse(path, ("end",)):
        if element.tag == "testcase":
            count += 1
        elif element.tag == "testsuite":
            element.clear()
    return count


def by_expat(path: Path) -> int:
    """Bare expat without handlers: the floor of every route over expat."""
    parser = expat.ParserCreate()
    with path.open("rb") as stream:
        parser.ParseFile(stream)
    return 0


def by_reader(path: Path) -> int:
    """The reader that ingest uses."""
    sink = CountingSink()
    with path.open("rb") as stream:
        junit.read(stream, Limits(), sink)
    return sink.count


def by_junitparser(path: Path) -> int:
    """junitparser's own reading of a whole file, through ElementTree: lxml, where it is installed, is slower there."""
    from junitparser import JUnitXml, TestSuite

    found = JUnitXml.fromfile(str(path), parse_func=ElementTree.parse)
    suites = [found] if isinstance(found, TestSuite) else found
    return sum(1 for suite in suites for case in suite if case.name is not None and case.result is not None)


def by_pygixml(path: Path) -> int:
    """pygixml (pugixml): a tree of the whole file, each case's attributes and children looked at."""
    pygixml = importlib.import_module("pygixml")
    document, count = pygixml.parse_file(str(path)), 0  # held: its nodes point into it
    for found in document.root.select_nodes("//testcase"):
        node = found.node
        count += bool(node.attribute("name").value and node.attribute("classname").value)
        for child in node.children():
            child.text()
    return count


def is_installed(name: str) -> bool:
    """Whether a module can be imported."""
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


ROUTES: dict[str, Callable[[Path], int]] = {
    "ET.iterparse, cleared": by_iterparse,
    "expat, no handlers": by_expat,
    "junitparser, fromfile": by_junitparser,
    "junit.read": by_reader,
}
_PEERS = {"pygixml": ("pygixml, whole file", by_pygixml)}
ROUTES |= dict(route for name, route in _PEERS.items() if is_installed(name))


def compare(paths: list[Path], cases: int, rounds: int) -> None:
    """Print cases per second of every route, interleaved."""
    seconds: dict[str, list[float]] = {name: [] for name in ROUTES}
    for _ in range(rounds):
        for name, route in ROUTES.items():
            start = time.process_time()
            for path in paths:
                route(path)
            seconds[name].append(time.process_time() - start)
    base = min(seconds["ET.iterparse, cleared"])
    size = sum(path.stat().st_size for path in paths)
    for name in _PEERS:
        if not is_installed(name):
            print(f"{name}: not installed, its route is left out (pip install {name})")
    print(f"{len(paths)} files, {cases:,} cases, {size / 1e6:.1f} MB, best of {rounds}, processor time")
    for name, taken in seconds.items():
        best = min(taken)
        print(f"{name:24} {cases / best:12,.0f} cases/s {size / best / 1e6:8.1f} MB/s {base / best:6.2f}x")


def big(folder: Path, megabytes: int) -> None:
    """Print peak memory and speed of one large report, each route in a fresh process."""
    path = folder / "big.xml"
    with path.open("w", encoding="utf-8") as out:
        for number, piece in enumerate(report(1, 10**9)):
            out.write(piece)
            if number % 1000 == 0 and out.tell() > megabytes * 1_000_000:
                break
        out.write("  </testsuite>\n</testsuites>\n")
    for name in ROUTES:
        subprocess.run([sys.executable, "-m", "bench.parse", "--one", name, str(path)], check=True)


def one(name: str, path: Path) -> None:
    """One route on one file, with the peak memory of this process."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    count = ROUTES[name](path)
    taken = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = path.stat().st_size / 1e6
    memory = f"peak {peak / 1024:.0f} MB ({before / 1024:.0f} before)"
    print(f"{name:24} {size:.0f} MB, {count:,} cases, {taken:.2f} s, {memory}")


def main() -> None:
    """Read the options and run."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--files", type=int, default=200)
    options.add_argument("--cases", type=int, default=200)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--big", type=int, default=0, metavar="MEGABYTES")
    options.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        one(given.one[0], Path(given.one[1]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.big:
            big(folder, given.big)
            return
        paths = []
        for seed in range(given.files):
            path = folder / f"{seed}.xml"
            path.write_text("".join(report(seed, given.cases)), encoding="utf-8")
            paths.append(path)
        compare(paths, given.files * given.cases, given.rounds)


if __name__ == "__main__":
    main()
