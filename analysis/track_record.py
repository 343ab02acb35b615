"""Whose changes broke something before, by what people confirmed: never by rankings, so that the model learns from
people and not from itself.

Of two services with as many changes, the one whose changes were confirmed as culprits more often is the more suspect.
Only changes from before the stretch that a question looks at count: a culprit that was just confirmed does not speak
for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from math import log

from analysis.records import Count
from ingest.model import Change, ChangeTarget

LEAST_CONFIRMED = 5
"""With fewer confirmed culprits in all, nothing is learned."""
STRENGTH = 2.0
"""A service's record counts as if this many culprits more had been seen at the overall rate."""


def track_records(changes: Iterable[Change], confirmed: Collection[str], before_ms: int) -> dict[str, Count]:
    """(confirmed culprits, changes) of each service before a moment; empty where too few were confirmed in all."""
    if len(confirmed) < LEAST_CONFIRMED:
        return {}
    old = [c for c in changes if c.target is ChangeTarget.SERVICE and c.service and c.at_ms < before_ms]
    bad = Counter(c.service for c in old if c.change_id in confirmed)
    if bad.total() < LEAST_CONFIRMED:
        return {}
    return {service: Count(bad[service], n) for service, n in sorted(Counter(c.service for c in old).items())}


def log_risk(records: Mapping[str, Count], service: str) -> float:
    """Log of how much likelier than others a change of a service is to break something.

    The mean of a gamma-Poisson rate over the overall one: (2 + k) / (2 + r n), with k of the service's n changes
    confirmed and r the share of all. 0 where nothing is known.

    >>> round(log_risk({"cart": Count(4, 20), "pay": Count(1, 80)}, "cart"), 3)  # (2 + 4) / (2 + 0.05 x 20) = 2
    0.693
    """
    record = records.get(service)
    if record is None:
        return 0.0
    rate = sum(one.k for one in records.values()) / sum(one.n for one in records.values())
    return log((STRENGTH + record.k) / (STRENGTH + rate * record.n))
