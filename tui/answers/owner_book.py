"""Whose is it? Owners of test cases, environments, jobs and services, each with where the answer comes from."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field

import msgspec

from ingest.catalog.owner_matching import OwnerMatcher
from ingest.model import Scope, TestCase
from ingest.settings import Settings
from store.connect import Connection
from store.read.catalog import list_owner_files, list_services
from store.read.kept import load_owner_places
from store.read.tests import list_all_places
from tui.version import VERSION

UNOWNED = "nobody"
MOST_KEPT = 20_000
"""Files, or classes without a known file, up to which their owners are kept."""
Place = tuple[str, str, str | None]
"""Namespace, class name where the file is not known, file."""


@dataclass(frozen=True, slots=True)
class TestOwners:
    """Owners of a test case as written, and the rule that says so."""

    owners: tuple[str, ...]
    source: str

    __test__ = False


_KEPT = list[tuple[Place, TestOwners]]


@dataclass(slots=True)
class OwnerBook:
    """Answers who owns what; one a question."""

    settings: Settings
    matchers: tuple[tuple[str | None, OwnerMatcher], ...]
    """(repository or None for any, matcher) by location."""
    services: dict[str, str | None]
    """Owner of every service of the catalog."""
    _known: dict[TestCase, TestOwners] = field(default_factory=dict)
    places: dict[Place, TestOwners] = field(default_factory=dict)
    """What CODEOWNERS say."""
    key: str = ""
    """A digest of the files that say it."""
    _has_recalled: bool = False
    _asks_names: bool = field(init=False)
    """Whether rules of `crywolf.toml` go by the identity of a test case."""

    def __post_init__(self) -> None:
        self._asks_names = any(rule.tests for rule in self.settings.owners)

    def of_test(self, case: TestCase) -> TestOwners:
        """By a rule of `crywolf.toml`, else CODEOWNERS of its file, else of its class name."""
        found = self._known.get(case)
        if found is None:
            found = self._known[case] = self._find(case)
        return found

    def of_row(self, namespace: str, classname: str, name: str, file: str | None) -> TestOwners:
        """The same of very many test cases: nothing is made or kept of each that its file does not ask for."""
        if self._asks_names:
            return self.of_test(TestCase(namespace, classname, name, file))
        return self.of_place(namespace, classname, file)

    def of_environment(self, scope: Scope) -> tuple[str, ...]:
        """Owner of the environment or job of a stream, by a rule of `crywolf.toml`."""
        owner = self.settings.owner_of_job(scope.pipeline, scope.environment)
        return (owner,) if owner else ()

    def of_service(self, service: str | None) -> tuple[str, ...]:
        """Owner of a service, from the catalog."""
        owner = self.services.get(service) if service else None
        return (owner,) if owner else ()

    def _find(self, case: TestCase) -> TestOwners:
        rule = self.settings.owner_of_test(case.identity)
        if rule:
            return TestOwners((rule,), "crywolf.toml")
        return self.of_place(case.namespace, case.classname, case.file)

    def of_place(self, namespace: str, classname: str, file: str | None) -> TestOwners:
        """By CODEOWNERS alone: of a file, else of a class name."""
        place = (namespace, "" if file else classname, file)
        found = self.places.get(place)
        if found is None:
            found = self.places[place] = self._match(namespace, classname, file)
        return found

    def recall(self, connection: Connection) -> None:
        """Take in what was kept of these files' answers: worth it where most test cases are asked about."""
        body = None if self._has_recalled else load_owner_places(connection, self.key)
        self._has_recalled = True
        if body is not None:
            self.places.update(msgspec.json.decode(zlib.decompress(body), type=_KEPT))

    def learn(self, connection: Connection) -> bytes | None:
        """The answers about all test cases, packed to be kept; None where they are already, or are too many."""
        self.recall(connection)
        known, wanted = len(self.places), list_all_places(connection)
        if len(wanted) > MOST_KEPT:
            return None
        for place in wanted:
            self.of_place(*place)
        if len(self.places) == known:
            return None
        return zlib.compress(msgspec.json.encode(list(self.places.items())), 1)

    def _match(self, namespace: str, classname: str, file: str | None) -> TestOwners:
        for repository, matcher in self.matchers:
            if repository is not None and repository != namespace:
                continue
            rules = matcher.rules_for(file) if file else matcher.rules_for_class(classname)
            if rules:
                owners = tuple(dict.fromkeys(owner for r in rules for owner in r.owners))
                return TestOwners(owners, f"CODEOWNERS {rules[-1].pattern}")
        return TestOwners((), "no rule matches")


def load_owner_book(connection: Connection, settings: Settings) -> OwnerBook:
    """The owner book of a store."""
    sources = list_owner_files(connection)
    matchers = tuple((source.repository, OwnerMatcher(source.file)) for source in sources)
    said = msgspec.json.encode((VERSION, [(source.repository, source.file) for source in sources]))
    _, entries = list_services(connection)
    services: dict[str, str | None] = {}
    for entry in entries:
        services[entry.name] = services.get(entry.name) or entry.owner
    return OwnerBook(settings, matchers, services, key=hashlib.blake2b(said, digest_size=16).hexdigest())


def team_of(owner: str) -> str:
    """An owner's short name, for comparing what CODEOWNERS, catalog and people write.

    >>> team_of("@acme/Tills"), team_of("group:tills")
    ('tills', 'tills')
    """
    return owner.rpartition("/")[2].rpartition(":")[2].removeprefix("@").casefold()


def owns(owner: str, owners: tuple[str, ...]) -> bool:
    """Whether one of some owners is the one a person asks for; `nobody` finds what is unowned."""
    if owner.casefold() == UNOWNED:
        return not owners
    return any(team_of(owner) == team_of(other) for other in owners)
