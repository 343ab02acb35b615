"""Deployments of a repository of several services are changes of the services whose files they touch."""

from __future__ import annotations

from dataclasses import replace

from ingest.model import Change, ChangeKind, ChangeTarget, Commit, ContentKind
from ingest.monorepo import changes_of_services
from ingest.settings import MonorepoRule, Settings

SETTINGS = Settings(
    monorepo=(MonorepoRule("acme/shop", "services/cart/", "cart"), MonorepoRule("acme/shop", "services/pay/", "pay"))
)
DEPLOY = Change("github:deployment:1", ChangeKind.DEPLOY, 5, "shop", "staging", repository="acme/shop", additions=9)


def test_a_deployment_of_the_repository_is_one_of_each_service_it_touches() -> None:
    """The files of its commits decide; what is shared goes with each; how many lines each got is not known."""
    commit = Commit("a1", files=("services/pay/a.go", "services/cart/b.go", "go.mod"))
    found = changes_of_services(replace(DEPLOY, commits=(commit,)), SETTINGS)
    assert [(c.change_id, c.service, c.lines) for c in found] == [
        ("github:deployment:1#cart", "cart", None),
        ("github:deployment:1#pay", "pay", None),
    ]
    assert found[0].files == ("services/cart/b.go", "go.mod")


def test_one_service_keeps_the_id() -> None:
    """Nothing is split."""
    (found,) = changes_of_services(replace(DEPLOY, files=("services/pay/a.go",)), SETTINGS)
    assert (found.change_id, found.service, found.lines) == ("github:deployment:1", "pay", 9)


def test_a_named_service_stays_and_other_services_files_change_nothing_of_it() -> None:
    """It was deployed together with a commit to another service; a shared file may still concern it."""
    named = replace(DEPLOY, service="cart", files=("services/pay/a.go",))
    (found,) = changes_of_services(named, SETTINGS)
    assert (found.service, found.content) == ("cart", ContentKind.NO_OP)
    for files in (("services/cart/a.go",), ("services/pay/a.go", "go.mod"), ()):
        assert changes_of_services(replace(named, files=files), SETTINGS) == (replace(named, files=files),)


def test_other_changes_stay_as_they_are() -> None:
    """No rule of the repository, no files, a service of another name, or a commit to the tests."""
    for change in (
        DEPLOY,
        replace(DEPLOY, repository="acme/other", files=("services/pay/a.go",)),
        replace(DEPLOY, service="search", files=("services/pay/a.go",)),
        replace(DEPLOY, target=ChangeTarget.TEST, files=("services/pay/a.go",)),
    ):
        assert changes_of_services(change, SETTINGS) == (change,)
        assert changes_of_services(change, Settings()) == (change,)
