"""Whose is it: three different answers, for the test, its environment and the suspected service.

The configuration's own rules win over CODEOWNERS, which win over the catalog. What is unowned or contested is said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.records import Hypothesis, OwnerAnswer, ServiceGraph

OWNED, UNOWNED, CONTESTED = "owned", "unowned", "contested"


def owner_of_test(
    codeowners: Sequence[str] | None = None, rules: Sequence[str] | None = None, catalog: str | None = None
) -> OwnerAnswer:
    """Owners of a test case, from the sources that say anything about it.

    Args:
        codeowners: of the last CODEOWNERS rule that matches its file; empty: that rule takes it away from everybody;
            None: no rule matches.
        rules: of the last rule of `crywolf.toml` that matches; None: none does.
        catalog: owner of the component that the test belongs to (not of the services it exercises).

    Returns:
        `contested` when more than one team is named by the source that wins, or, without a rule of `crywolf.toml`, when
        CODEOWNERS and the catalog name different ones. An explicitly empty rule is `unowned` and is not filled from a
        lower source.
    """
    sources = [
        (name, tuple(dict.fromkeys(owners)))
        for name, owners in (
            ("config", rules),
            ("CODEOWNERS", codeowners),
            ("catalog", (catalog,) if catalog else None),
        )
        if owners is not None
    ]
    if not sources:
        return OwnerAnswer((), "", UNOWNED)
    source, owners = sources[0]
    others = tuple((name, said) for name, said in sources[1:] if said and _teams(said) != _teams(owners))
    if not owners:
        return OwnerAnswer((), source, UNOWNED, others)
    disagree = source != "config" and any(_teams(said).isdisjoint(_teams(owners)) for _, said in others)
    state = CONTESTED if len(_teams(owners)) > 1 or disagree else OWNED
    return OwnerAnswer(owners, source, state, others)


def owner_of_service(graph: ServiceGraph, service: str | None) -> OwnerAnswer:
    """Owner of a service by the catalog; unowned when it is not in the catalog or names nobody."""
    owner = graph.owners.get(service) if service else None
    return OwnerAnswer((owner,), "catalog", OWNED) if owner else OwnerAnswer((), "", UNOWNED)


def owner_of_suspect(graph: ServiceGraph, hypotheses: Sequence[Hypothesis]) -> OwnerAnswer:
    """Owner of the service that the most probable change or unrecorded change is of; unowned when it is neither."""
    if not hypotheses or hypotheses[0].kind not in ("change", "unrecorded"):
        return OwnerAnswer((), "", UNOWNED)
    return owner_of_service(graph, hypotheses[0].service)


def owner_of_environment(rules: Sequence[str] | None = None, pipeline_owner: str | None = None) -> OwnerAnswer:
    """Owner of an environment or job: the configuration's rule, else the catalog's owner of the pipeline."""
    return owner_of_test(None, rules, pipeline_owner)


def _teams(owners: Iterable[str]) -> frozenset[str]:
    """Owners as bare lower-case names: `@acme/team-pay`, `group:default/team-pay` and `team-pay` are one."""
    return frozenset(owner.rsplit("/", 1)[-1].rsplit(":", 1)[-1].lstrip("@").lower() for owner in owners)
