"""How well and how fast `rank_suspects` answers on simulated incidents, on their evidence arrays alone.

    python bench/suspects_on_evidence.py [--preset default] [--seed 300001] [--count 200] [--fit]

Prints top-1, top-3 and MRR beside the baselines, the kinds found, how often P >= 0.8 was right, and times. `--fit`
prints the scalars of `analysis/calibration.py` that fit these worlds best: fit on other seeds than you report.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from analysis import calibration
from analysis.suspects import rank_suspects
from tests.analysis.lab_evidence import lab_worlds, question_of

KINDS = ("change", "environment", "unrecorded", "flake")


@dataclass
class Answer:
    """What was found for one world."""

    kind: str
    logits: list[float]
    kinds: list[int]
    right: list[bool]
    rank: float
    seconds: float
    changes: int
    tests: int
    baselines: dict[str, int] = field(default_factory=dict)


def examine(seed: int, preset: str) -> Answer:
    """Ask about one world."""
    worlds = lab_worlds()
    from lab.baselines import BASELINES, rank_of

    world = worlds.incident(seed, preset)
    question = question_of(world.evidence)
    began = time.perf_counter()
    found = rank_suspects(question)
    seconds = time.perf_counter() - began
    right = {f"c{c}" for c in world.culprits}
    names = [h.change.change_id for h in found if h.change is not None]
    rank = min((names.index(c) + 1 for c in right if c in names), default=np.inf)
    hits = [h.kind == world.kind and (h.change is None or h.change.change_id in right) for h in found]
    p = np.maximum([h.probability for h in found], 1e-300)
    kinds = [KINDS.index(h.kind) for h in found]
    logits = (np.log(p) - np.array([calibration.BIAS[KINDS[k]] for k in kinds])) * calibration.TEMPERATURE
    baselines = {}
    if right:
        baselines = {n: rank_of(f(world.evidence), world.culprits, seed) for n, f in BASELINES.items()}
    return Answer(
        world.kind, list(logits), kinds, hits, rank, seconds, len(names), len(question.history.tests), baselines
    )


def probabilities(answer: Answer, temperature: float, bias: np.ndarray) -> np.ndarray:
    """Softmax under other scalars."""
    logits = np.array(answer.logits) / temperature + bias[answer.kinds]
    shares = np.exp(logits - logits.max())
    return shares / shares.sum()


def loss(answers: list[Answer], temperature: float, bias: np.ndarray) -> float:
    """Mean negative log probability of the truth."""
    total = [float((probabilities(a, temperature, bias) * a.right).sum()) for a in answers]
    return float(-np.mean(np.log(np.maximum(total, 1e-4))))


def fit(answers: list[Answer]) -> tuple[float, np.ndarray, float]:
    """Temperature and biases with the least loss, by coordinate search; the bias of change is 0."""
    temperature, bias = 1.0, np.zeros(4)
    best, step = loss(answers, temperature, bias), 1.0
    while step > 0.02:
        moved = False
        trials = [(temperature * np.exp(d * step / 2), bias) for d in (-1, 1)]
        trials += [(temperature, bias + d * step * np.eye(4)[k]) for k in (1, 2, 3) for d in (-1, 1)]
        for t, b in trials:
            value = loss(answers, t, b)
            if value < best - 1e-6:
                best, temperature, bias, moved = value, t, b, True
                break
        if not moved:
            step /= 2
    return temperature, bias, best


def report(answers: list[Answer], temperature: float, bias: np.ndarray) -> None:
    """Print the tables."""
    changes = [a for a in answers if a.kind == "change"]
    ranks = np.array([a.rank for a in changes])
    candidates = np.median([a.changes for a in answers])
    print(f"{len(answers)} worlds, {len(changes)} with a culprit, median {candidates:.0f} candidates")
    row = "{:28} top-1 {:.3f}  top-3 {:.3f}  MRR {:.3f}"
    print(row.format("rank_suspects", (ranks <= 1).mean(), (ranks <= 3).mean(), (1 / ranks).mean()))
    for name in changes[0].baselines if changes else ():
        r = np.array([a.baselines[name] for a in changes])
        print(row.format("  " + name, (r <= 1).mean(), (r <= 3).mean(), (1 / r).mean()))
    tops, hits, table, shown = [], [], {}, {k: [] for k in KINDS}
    for a in answers:
        p = probabilities(a, temperature, bias)
        best = int(p.argmax())
        tops.append(p[best])
        hits.append(a.right[best])
        mass = np.bincount(a.kinds, weights=p, minlength=4)
        key = (a.kind, KINDS[int(mass.argmax())])
        table[key] = table.get(key, 0) + 1
        is_change = np.array(a.kinds) == 0
        sure = bool((p[is_change] >= 0.8).any())
        shown[a.kind].append((sure, sure and a.right[int(np.where(is_change, p, -1).argmax())]))
    print("kind by mass (rows: truth)", *(f"{k:>12}" for k in KINDS))
    for kind in KINDS:
        print(f"{kind:26}", *(f"{table.get((kind, k), 0):12d}" for k in KINDS))
    every = [x for k in KINDS for x in shown[k]]
    sure = sum(s for s, _ in every)
    print(f"suspects at P>=.8: {sure}, precision {sum(r for _, r in every) / max(sure, 1):.3f}; shown for", end=" ")
    print(", ".join(f"{k} {np.mean([s for s, _ in v]) if v else 0:.3f} of {len(v)}" for k, v in shown.items()))
    error = ece(np.array(tops), np.array(hits, float))
    print(f"NLL {loss(answers, temperature, bias):.3f}  ECE {error:.3f}  top right {np.mean(hits):.3f}")
    ms = np.array([a.seconds for a in answers]) * 1000
    print(f"milliseconds: median {np.median(ms):.1f}, p95 {np.quantile(ms, 0.95):.1f}, max {ms.max():.1f}")


def ece(p: np.ndarray, hit: np.ndarray) -> float:
    """Expected calibration error of the most probable hypothesis, ten bins."""
    place = np.clip((p * 10).astype(int), 0, 9)
    return float(sum(abs(p[place == b].mean() - hit[place == b].mean()) * (place == b).mean() for b in set(place)))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="default", help="one or more, joined by commas")
    parser.add_argument("--seed", type=int, default=300_001)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    try:
        lab_worlds()
    except ImportError as problem:
        print(f"skipped: {problem}")
        return
    seeds = range(options.seed, options.seed + options.count)
    answers: list[Answer] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for preset in options.preset.split(","):
            answers += pool.map(partial(examine, preset=preset), seeds, chunksize=8)
    bias = np.array([calibration.BIAS[k] for k in KINDS])
    print(f"preset {options.preset}, seeds {options.seed}-{options.seed + options.count - 1}")
    report(answers, calibration.TEMPERATURE, bias)
    if options.fit:
        temperature, bias, _ = fit(answers)
        print(f"fitted: temperature {temperature:.3f}, bias", dict(zip(KINDS, bias.round(2).tolist(), strict=True)))
        report(answers, temperature, bias)


if __name__ == "__main__":
    main()
