"""How often the rate of a flaky test lies inside its 95 % interval, on rates known from 10,000 reruns each.

    python -m bench.flake_coverage [--rounds 20]

Every round draws n runs of each of 22,098 tests from the rate that its reruns showed, fits the prior on what was drawn
and counts the rates inside: of all tests, of those that failed in any rerun, and of those that failed in a drawn run. A
test that never failed in 10,000 runs has a rate of at most 3 in 10,000: that is inside when the interval begins below
it. Tests that failed in every rerun are broken, no flakes, and left out. Beside it the published prior alone, and
Wilson's interval, which knows no prior.
"""

from __future__ import annotations

import argparse
import csv
import gzip

import numpy as np
import numpy.typing as npt

from analysis.intervals import FLAKE_PRIOR, fit_prior, flake_intervals, wilson_bounds
from bench.measuring import headline, shared_folder, table

FILE = "flakeflagger-reruns.csv.gz"
RUNS = (10, 20, 50, 100, 350)
UNSEEN = 3e-4
"""The rule of three: what 10,000 runs without a failure exclude with 95 %."""

Floats = npt.NDArray[np.float64]


def known_rates() -> Floats | None:
    """Share of failing reruns of every test; None where the data is absent."""
    folder = shared_folder("histories")
    if folder is None or not (folder / FILE).is_file():
        return None
    with gzip.open(folder / FILE, "rt", encoding="utf-8") as stream:
        rows = [(int(row["NumFailingRuns"]), int(row["NumPassingRuns"])) for row in csv.DictReader(stream)]
    failed, passed = np.array(rows, dtype=np.float64).T
    return np.asarray((failed / np.maximum(failed + passed, 1.0))[passed > 0])


def is_inside(rates: Floats, low: Floats, high: Floats) -> npt.NDArray[np.bool_]:
    """Whether each rate, as far as it is known, lies in its interval."""
    return np.where(rates > 0, (low <= rates) & (rates <= high), low <= UNSEEN)


def covered(rates: Floats, runs: int, rng: np.random.Generator) -> list[tuple[float, ...]]:
    """Shares inside, and the mean width of what ever failed, for the fitted prior, the published one and Wilson's."""
    k, n = rng.binomial(runs, rates), np.full(len(rates), runs)
    priors = (fit_prior(k, n, of_hit=True), FLAKE_PRIOR)
    bounds = [flake_intervals(k, n, prior)[1:] for prior in priors] + [wilson_bounds(k, n)]
    ever = rates > 0
    found = []
    for low, high in bounds:
        inside = is_inside(rates, low, high)
        shares = (float(group.mean()) for group in (inside, inside[ever], inside[k > 0]))
        found.append((*shares, float((high - low)[ever].mean())))
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    headline("Flake rates: how often the interval holds the known rate", f"{options.rounds} rounds")
    rates = known_rates()
    if rates is None:
        print(f"skipped: {FILE} is not there")
        return
    print(f"{len(rates):,} tests, {np.count_nonzero(rates):,} of which ever failed; nominal: 95 %\n")
    rng = np.random.default_rng(11)
    rows = []
    for runs in RUNS:
        rounds = np.array([covered(rates, runs, rng) for _ in range(options.rounds)]).mean(axis=0)
        for name, (*shares, width) in zip(("fitted", "published", "Wilson"), rounds.tolist(), strict=True):
            rows.append((f"{runs} runs, {name}", *(f"{share:.1%}" for share in shares), f"{width:.3f}"))
    table(("rates inside, of", "all tests", "that ever failed", "that failed when drawn", "mean width"), rows)


if __name__ == "__main__":
    main()
