"""How well `crywolf suspects` answers on emitted worlds, through the command line from files to the answer.

    python -m bench.emitted_worlds [--count 200] [--seed 900001] [--preset default]

Emits worlds of `../shared/lab` to a temporary folder, ingests and asks each with the installed `crywolf`, and prints
the scorer's table; no judgement. `bench/suspects_on_evidence.py` asks the ranking alone, on arrays. (A module called
`lab` here would hide the shared one from scripts of this folder.)
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measuring import headline, shared_folder

CRYWOLF = str(Path(sys.executable).parent / "crywolf")


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=900_001)
    parser.add_argument("--preset", default="default")
    options = parser.parse_args(arguments)
    headline("Accuracy on emitted worlds", f"{options.count} worlds, preset {options.preset}, from seed {options.seed}")
    lab = shared_folder("lab")
    if lab is None:
        print("skipped: no ../shared/lab (or $CRYWOLF_SHARED/lab)")
        return
    environ = os.environ | {"PYTHONPATH": str(lab.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory(prefix="crywolf-lab-") as out:
        which = ["--preset", options.preset, "--seed", str(options.seed), "--count", str(options.count)]
        for module, *rest in (("lab.emit", out, *which), ("lab.score", out, "--crywolf", CRYWOLF)):
            done = subprocess.run([sys.executable, "-m", module, *rest], env=environ, cwd=lab.parent, check=False)
            if done.returncode:
                print(f"{module} ended with {done.returncode}")
                return


if __name__ == "__main__":
    main()
