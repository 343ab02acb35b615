"""The numbers of the suspect model, in one place: priors, likelihoods, and the scalars fitted on simulated incidents.

The fitted ones are data, in `fitted.json` beside this module, with the worlds they were fitted on and the command that
fits them anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ingest.model import ChangeKind, ContentKind

MODEL_VERSION = 11
"""Of what `rank_suspects` says: to be raised with every change to it, so that kept rankings are worked out anew."""

# ---- what a failure looks like (docs/how-it-decides.md, Suspects)
BASE_PRIOR = (0.12, 4.0)
"""Beta prior of a test case's own failure rate."""
HISTORY_CAP = 60.0
"""Earlier runs count as at most this many, so that a flake that drifts does not become impossible."""
RETRY_OF_FLAKE = (1.0, 2.0)
"""Beta prior of a retry failing too when the first failure was a flake."""
BREAKS = (
    (0.65, (30.0, 1.0), (10.0, 1.0)),
    (0.20, (10.0, 10.0), (10.0, 8.0)),
    (0.15, (7.5, 22.5), (7.5, 15.0)),
)
"""(share, Beta of first attempts failing, Beta of retries failing) by severity: always, often, sometimes."""
DRIFT_SHARE = 0.03
"""Chance that another test broke on its own at some time: explains old and unrelated breakages away."""
BREADTHS = np.array([0.04, 0.1, 0.22, 0.45, 0.85])
"""Shares of the exercising tests that a breakage may hit."""
OUTAGE_RATES = np.array([0.35, 0.55, 0.75, 0.93])
"""Failure rates that an outage may cause."""
OUTAGE_BREADTH = 0.95
UNRELATED, FAR, BESIDE, BETWEEN, REACHABLE, TOGETHER, DOUBTFUL, DECLARED = range(8)
"""How a test case stands to a service; see `analysis.exposure`. From the least to the most exposed."""
EXPOSURES = np.array([0.02, 0.03, 0.13, 0.4, 0.4, 0.5, 0.55, 0.97])
"""Chance that a test case feels a service, by how it stands to it, where lists of services fit the graph."""
EXPOSURES_IN_DOUBT = np.array([0.02, 0.10, 0.3, 0.5, 0.4, 0.5, 0.5, 0.9])
"""The same where they do not."""
DOUBT = (0.05, 0.16)
"""Share of doubtful ones among declared services below which lists fit the graph, and from which on they do not.
All measured on simulated worlds: what is true of 9,600 to 18,000 pairs of test case and service of each preset."""
EFFECTS = ((-25.0, 0.05), (0.0, 0.72), (15.0, 0.08), (40.0, 0.08), (120.0, 0.07))
"""(minutes from the recorded time to the effect, weight): records come late, effects too; rollouts take a while."""

# ---- priors (item 6)
CHANGE_PRIOR = 0.01
UNRECORDED_PRIOR = 0.003
"""A gap between runs and a service."""
REVISION_PRIOR = 0.001
"""Another revision of a repository breaks a given test of it, and next to none besides."""
UNCOVERED_FACTOR = 8.0
"""An unrecorded change is so much likelier of a service without a change feed."""
OUTAGE_PRIOR = 0.007
"""An hour: of what may have begun between two runs the time between them counts."""
OUTAGE_EVERYWHERE = 0.35
OUTAGE_HOURS = 12.0
OUTAGE_LASTS_HOURS = 2.0
"""An outage that began h hours ago goes on with exp(-h / this)."""
OUTAGE_WITNESSES = 20.0
"""With so many other test cases since the onset an outage has half the weight that it would have with any number."""
WITNESSES_OF_THE_FIT = 100.0
"""So many ran in the worlds that the scalars below were fitted on: from there on it has all that it can have."""
UNRECORDED_HOURS = 24.0
BACKGROUND_PRIOR = 0.006
BACKGROUNDS = 3
CONTENT_RISK = {
    ContentKind.CODE: 1.0,
    ContentKind.DEPENDENCY: 0.9,
    ContentKind.CONFIGURATION: 1.5,
    ContentKind.MIGRATION: 2.0,
    ContentKind.NO_OP: 0.05,
}
KIND_RISK = {
    ChangeKind.CONFIGURATION: 1.5,
    ChangeKind.FLAG: 1.5,
    ChangeKind.MIGRATION: 2.0,
    ChangeKind.ENVIRONMENT: 1.5,
    ChangeKind.ROLLBACK: 0.5,
}
UNKNOWN_LINES = 60.0
SIZE_SAYS_NOTHING = frozenset((ContentKind.CONFIGURATION, ContentKind.MIGRATION))
METADATA_POWER = 0.5
"""Kinds and sizes speak with half their strength: where they mislead, this costs less than it gains."""
BREADTH_TEMPER = 0.6
"""The evidence of the other tests is weakened too: their failures are not independent."""
OUTAGE_TEMPER = 0.6

# ---- texts
NAMES_SERVICE = 6.0
NAMES_CALLER = 2.0
NAMES_ANOTHER = 0.4
FLAKE_NAMES = 0.8
FLAKE_NAMES_NONE = 1.2
FILE_IN_STACK = 10.0

# ---- fitted on simulated incidents
_FITTED = json.loads(Path(__file__).with_name("fitted.json").read_text(encoding="utf-8"))
TEMPERATURE: float = _FITTED["temperature"]
"""Log odds are divided by it."""
BIAS: dict[str, float] = _FITTED["bias"]
"""Added to the log weight of each kind before the softmax. Both are more cautious than what fits best: blaming a change
for what no recorded change did is the worse mistake."""
