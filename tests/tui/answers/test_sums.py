"""What the store seeks under a filter is what the filter, asked of every test case, lets pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.story.stores import EVERYTHING, Asked
from tui.answers.basis import Basis, load_basis
from tui.answers.owner_book import load_owner_book
from tui.answers.query import Query
from tui.answers.sums import list_red


def basis_of(
    sample: Asked, *, service: str | None = None, owner: str | None = None, environment: str | None = None
) -> Basis:
    """The basis of a question over the whole sample."""
    query = replace(sample.query(), since=EVERYTHING, service=service, owner=owner, environment=environment)
    basis = load_basis(sample.connection, query)
    assert basis is not None
    return basis


def passing(basis: Basis) -> set[tuple[int, int]]:
    """(stream, test) that pass the service and owner filters one by one."""
    scopes = {row.stream_id: row.scope for row in basis.streams}
    everything = load_basis(basis.connection, replace(basis.query, service=None, owner=None))
    assert everything is not None
    rows = [(sums.stream_id, sums.test_row) for sums in list_red(everything)]
    infos = basis.infos({test for _, test in rows})
    return {(stream, test) for stream, test in rows if basis.passes(infos[test], scopes[stream])}


def listed(basis: Basis) -> set[tuple[int, int]]:
    """(stream, test) that the store gives."""
    return {(sums.stream_id, sums.test_row) for sums in list_red(basis)}


def test_services_are_sought(sample: Asked) -> None:
    """Of a service: what declares it, and of its own pipeline what declares nothing, whatever the case of its name."""
    names = [name for (name,) in sample.connection.execute("SELECT name FROM service").fetchall()]
    found = {name: listed(basis_of(sample, service=name)) for name in names}
    assert found == {name: passing(basis_of(sample, service=name.upper())) for name in names}
    assert sum(map(bool, found.values())) > 2
    assert listed(basis_of(sample, service="no-such-service")) == set()


@pytest.mark.parametrize("with_environment", [False, True])
def test_owners_are_sought(sample: Asked, *, with_environment: bool) -> None:
    """Of an owner, and of nobody: what its rules give it, in the streams asked for."""
    owners = {owner for row in sample.failures() for owner in row.owners.test} | {"nobody", "@acme/no-such-team"}
    environment = "staging" if with_environment else None
    found = {owner: listed(basis_of(sample, owner=owner, environment=environment)) for owner in owners}
    assert found == {owner: passing(basis_of(sample, owner=owner, environment=environment)) for owner in owners}
    assert sum(map(bool, found.values())) > 1


def test_kept_owners_are_those_of_the_files(sample: Asked) -> None:
    """After an ingest all owners are known without asking a rule; other files have another key."""
    settings = Query(settings=sample.query().settings).settings
    kept, fresh = (load_owner_book(sample.connection, settings) for _ in range(2))
    assert fresh.matchers
    kept.recall(sample.connection)
    assert kept.places
    assert kept.places == {place: fresh.of_place(*place) for place in kept.places}
    assert kept.learn(sample.connection) is None
    assert load_owner_book(sample.connection, settings).key == kept.key
