"""All tables of speed, one script after the other; asserts nothing.

    make bench                                       # or: python -m bench
    python -m bench --results 10000000               # the size that the budgets are for
    python -m bench --only start tail --share 0.1    # some of them, on a tenth of the files

Every script also runs alone: `python -m bench.parse`, `formats`, `ingest_history`, `scale`, `start`, `tail`,
`suspects_on_evidence`, `suspects_speed`; accuracy, also through the command line and in real noise, is
`make bench-accuracy`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from bench.measuring import ROOT


def scripts(results: int, share: float) -> dict[str, list[str]]:
    """Script -> its arguments."""

    def some(count: int) -> str:
        return str(max(1, int(count * share)))

    return {
        "parse": ["--files", some(200)],
        "formats": ["--megabytes", str(share)],
        "ingest_history": ["--rounds", some(3), "--files", some(1000), "--huge", some(900_000)],
        "scale": ["both", "--results", str(results)],
        "start": ["--rounds", str(max(3, int(9 * share)))],
        "cockpit": ["--results", str(results), "--tests", str(max(400, results // 50)), "--seconds", some(60)],
        "tail": ["--files", some(200), "--burst", some(10_000)],
        "suspects_on_evidence": ["--count", some(100)],
        "suspects_speed": ["--rounds", str(max(3, int(9 * share)))],
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=int, default=1_000_000, help="results of the generated store")
    parser.add_argument("--share", type=float, default=1.0, help="of all other sizes")
    parser.add_argument("--only", nargs="+", metavar="SCRIPT", help="some scripts, by name")
    options = parser.parse_args()
    known = scripts(options.results, options.share)
    chosen = options.only or list(known)
    if strangers := [name for name in chosen if name not in known]:
        parser.error(f"no script is called {strangers[0]}; there are {', '.join(known)}")
    began, failed = time.monotonic(), []
    for name in chosen:
        started = time.monotonic()
        done = subprocess.run([sys.executable, "-m", f"bench.{name}", *known[name]], cwd=ROOT, check=False)
        if done.returncode:
            failed.append(name)
        print(f"({name}: {time.monotonic() - started:.0f} s)", flush=True)
    print(f"\n{time.monotonic() - began:.0f} s in all" + (f"; failed: {', '.join(failed)}" if failed else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
