"""Flows: what their tests say, and how much each test matters."""

from __future__ import annotations

from pathlib import Path

from ingest.settings import parse_settings
from tui.answers.flows import criticality_of

SETTINGS = parse_settings(
    b"""
[[flow]]
name = "checkout"
tests = ["*Checkout*"]
criticality = "critical"

[[flow]]
name = "mail"
tests = ["*Mail*"]
criticality = 0.5
""",
    Path("/project/crywolf.toml"),
)


def test_criticality_is_the_most_of_the_flows() -> None:
    """A case of two flows counts as the more critical one; one of none is normal."""
    found = [criticality_of(name, SETTINGS) for name in ("s::CheckoutMailIT::t", "s::MailIT::t", "s::OtherIT::t")]
    assert found == [4.0, 0.5, 1.0]
