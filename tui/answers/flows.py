"""How are the journeys that the business lives on? Health of the flows that `crywolf.toml` names."""

from __future__ import annotations

from ingest.settings import Settings

NORMAL = 1.0
"""Criticality of a test case of no flow."""


def criticality_of(test: str, settings: Settings) -> float:
    """How much a test case matters: the most of the flows that it belongs to, 1 where it belongs to none.

    Args:
        test: its identity.
    """
    return max((flow.criticality for flow in settings.flows_of(test)), default=NORMAL)
