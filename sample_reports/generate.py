"""Writes the sample: three weeks of a web shop's reports, deploys, catalog and owners, and what is true of them.

    python sample_reports/generate.py [OUT] [--shift DAYS/SECONDS] [--permute SEED]

writes OUT/data (what `crywolf ingest` reads) and OUT/truth.json; the same bytes every time. OUT is this folder unless
named. `--shift` moves all times, `--permute` gives every service, team, person, test and pipeline another name.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sample_reports.story import cast, suites
from sample_reports.story.output import Output
from sample_reports.story.plot import tell
from sample_reports.story.rename import Renamer
from sample_reports.story.stage import Stage
from sample_reports.story.truth import tell_truth

ORIGIN = 1_772_668_800
"""Midnight of 5 March 2026, UTC: the first day of the story."""


def all_names() -> list[str]:
    """Every name that `permute` replaces."""
    return sorted({*cast.names(), *suites.names()})


def generate(out: Path, *, shift_s: int = 0, permute: int | None = None) -> dict[str, Any]:
    """Write the story below `out` and return what is true of it, as `truth.json` says it.

    Raises:
        FileExistsError: if `out`/data holds something else than an earlier sample.
    """
    names = Renamer(all_names(), permute)
    story = tell(ORIGIN + shift_s)
    stage = Stage(story, Output(Path(out) / "data", names))
    stage.write()
    text = names(json.dumps(tell_truth(story, stage), indent=1, ensure_ascii=False))
    (Path(out) / "truth.json").write_text(text + "\n", encoding="utf-8")
    truth: dict[str, Any] = json.loads(text)
    return truth


def seconds(text: str) -> int:
    """A shift as `DAYS` or `DAYS/SECONDS`, in seconds.

    >>> seconds("2/30")
    172830
    """
    days, _, rest = text.partition("/")
    return int(days) * 86400 + int(rest or 0)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write the sample reports.")
    parser.add_argument("out", type=Path, nargs="?", default=Path(__file__).resolve().parent)
    parser.add_argument("--shift", type=seconds, default=0, metavar="DAYS/SECONDS", help="move all times")
    parser.add_argument("--permute", type=int, default=None, metavar="SEED", help="give everything other names")
    options = parser.parse_args(arguments)
    truth = generate(options.out, shift_s=options.shift, permute=options.permute)
    results = sum(p["results"] for p in truth["pipelines"])
    print(f"{results} results of {sum(p['runs'] for p in truth['pipelines'])} runs below {options.out / 'data'}")


if __name__ == "__main__":
    main()
