"""Whose is it: precedence, unowned, contested."""

from __future__ import annotations

import pytest

from analysis.owners import owner_of_environment, owner_of_service, owner_of_suspect, owner_of_test
from analysis.records import Hypothesis, OwnerAnswer, ServiceGraph
from tests.analysis.builders import deploy

GRAPH = ServiceGraph({}, {"pay": "team-pay", "lost": None})


@pytest.mark.parametrize(
    ("codeowners", "rules", "catalog", "owners", "source", "state"),
    [
        (["@acme/pay"], None, None, ("@acme/pay",), "CODEOWNERS", "owned"),
        (["@acme/pay"], ["web"], None, ("web",), "config", "owned"),
        (["@acme/pay"], None, "pay", ("@acme/pay",), "CODEOWNERS", "owned"),
        (["@acme/pay"], None, "web", ("@acme/pay",), "CODEOWNERS", "contested"),
        (["@acme/pay"], ["pay"], "web", ("pay",), "config", "owned"),
        (["@acme/pay", "@acme/web"], None, None, ("@acme/pay", "@acme/web"), "CODEOWNERS", "contested"),
        (None, None, "group:default/web", ("group:default/web",), "catalog", "owned"),
        ([], None, "web", (), "CODEOWNERS", "unowned"),
        (None, None, None, (), "", "unowned"),
    ],
)
def test_owner_of_a_test(
    codeowners: list[str] | None, rules: list[str] | None, catalog: str | None,
    owners: tuple[str, ...], source: str, state: str,
) -> None:  # fmt: skip
    """Configuration, then CODEOWNERS, then the catalog; an empty rule takes the test away from everybody."""
    found = owner_of_test(codeowners, rules, catalog)
    assert (found.owners, found.source, found.state) == (owners, source, state)


def test_other_sources_are_told() -> None:
    """What the losing source says is not lost."""
    assert owner_of_test(["@acme/pay"], None, "web").others == (("catalog", ("web",)),)


def test_owner_of_a_service() -> None:
    """By the catalog; not there, or without an owner, is unowned."""
    assert owner_of_service(GRAPH, "pay") == OwnerAnswer(("team-pay",), "catalog", "owned")
    assert owner_of_service(GRAPH, "lost").state == owner_of_service(GRAPH, "nowhere").state == "unowned"


def test_owner_of_the_suspect_is_of_the_leading_change() -> None:
    """An outage or a flake has none."""
    change = Hypothesis("change", 0.9, (), deploy("pay", 1), "service", "pay")
    assert owner_of_suspect(GRAPH, (change,)).owners == ("team-pay",)
    assert owner_of_suspect(GRAPH, (Hypothesis("flake", 0.9, ()), change)).state == "unowned"
    assert owner_of_suspect(GRAPH, ()).state == "unowned"


def test_owner_of_an_environment() -> None:
    """The configuration's rule, else the catalog's owner."""
    assert owner_of_environment(["platform"], "web").owners == ("platform",)
    assert owner_of_environment(None, "web").owners == ("web",)
