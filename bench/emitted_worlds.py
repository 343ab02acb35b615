"""How well `crywolf suspects` answers on emitted worlds, through the command line from files to the answer.

    python -m bench.emitted_worlds [--count 200] [--seed 900001] [--preset default] [--pre-merge 0.3]

Emits worlds of `../shared/lab` to a temporary folder, ingests and asks each with the installed `crywolf`, and prints
the scorer's table and what its calibration error would be by chance: that of a perfectly calibrated answer on as many
worlds is not 0, and 0.1 on 60 worlds. `--pre-merge` adds a run of a merge request beside that share of the runs, with a
tenth of its tests failing by code that never reached the environment: it must change nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.measuring import headline, shared_folder
from bench.suspects_on_evidence import error_by_chance

CRYWOLF = str(Path(sys.executable).parent / "crywolf")
_PASSED = '"/>\n'
_FAILED = '"><failure message="not merged yet" type="AssertionError">not merged yet</failure></testcase>\n'


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=900_001)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--pre-merge", type=float, default=0.0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    headline("Accuracy on emitted worlds", f"{options.count} worlds, preset {options.preset}, from seed {options.seed}")
    lab = shared_folder("lab")
    if lab is None:
        print("skipped: no ../shared/lab (or $CRYWOLF_SHARED/lab)")
        return
    with tempfile.TemporaryDirectory(prefix="crywolf-lab-") as out:
        which = ["--preset", options.preset, "--seed", str(options.seed), "--count", str(options.count)]
        if _call(lab.parent, "lab.emit", out, *which) is None:
            return
        if options.pre_merge:
            added = add_merge_requests(Path(out), options.pre_merge)
            print(f"{added} runs before a merge beside the others")
        reply = _call(lab.parent, "lab.score", out, "--crywolf", CRYWOLF, "--jobs", str(options.jobs), "--json")
    if reply is not None:
        _show(lab.parent, json.loads(reply))


def _call(lab: Path, module: str, *arguments: str) -> str | None:
    """Standard output of a module of the lab; None, said so, where it failed."""
    path = os.pathsep.join([str(lab), *filter(None, [os.environ.get("PYTHONPATH")])])
    environ = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=environ, cwd=lab, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        print(f"{module} ended with {done.returncode}")
        return None
    return done.stdout


def _show(lab: Path, found: dict[str, Any]) -> None:
    sys.path.append(str(lab))
    from lab import score  # type: ignore[import-not-found,unused-ignore]

    answers = found.pop("answers")
    print(score.table(_with_numbers(found)))
    tops = np.array([answer["top_probability"] for answer in answers if not answer["error"]])
    print(f"calibration error by chance on as many worlds: {error_by_chance(tops):.3f}")
    changes = [answer["suspect_probability"] >= 0.8 for answer in answers if answer["kind"] == "change"]
    print(f"worlds with a culprit that show a suspect with P>=0.8: {np.mean(changes) if changes else 0:.3f}\n")


def _with_numbers(value: Any) -> Any:
    """What JSON has as null is not a number."""
    if isinstance(value, dict):
        return {key: _with_numbers(inner) for key, inner in value.items()}
    return float("nan") if value is None else value


def add_merge_requests(out: Path, share: float) -> int:
    """Write a merge request's run beside some runs of every world below a folder; returns how many."""
    rng = np.random.default_rng(1)
    sidecars = sorted(out.glob("*/inputs/integration/*/run.json"))
    chosen = [path for path in sidecars if rng.random() < share]
    for number, path in enumerate(chosen):
        folder = path.parent.with_name(f"{path.parent.name}-pr")
        folder.mkdir()
        said = json.loads(path.read_text(encoding="utf-8"))
        ident = f"{said['cicd.pipeline.run.id']}-pr"
        said |= {"cicd.pipeline.run.id": ident, "vcs.ref.head.name": f"feature-{number}", "vcs.change.id": str(number)}
        said["vcs.ref.head.revision"] = rng.bytes(20).hex()
        (folder / "run.json").write_text(json.dumps(said), encoding="utf-8")
        for report in path.parent.glob("*.xml"):
            rows = report.read_text(encoding="utf-8").splitlines(keepends=True)
            broken = [row.replace(_PASSED, _FAILED) if _passed(row) and rng.random() < 0.1 else row for row in rows]
            (folder / report.name).write_text("".join(broken), encoding="utf-8")
    return len(chosen)


def _passed(row: str) -> bool:
    """Whether a line is the whole of a test case that passed; where its services stand in it, it is not."""
    return row.startswith("<testcase ") and row.endswith(_PASSED)


if __name__ == "__main__":
    main()
