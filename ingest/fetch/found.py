"""What a CI server tells: runs with what they left, and documents that say what was deployed; nothing of it stored yet.

Addresses are those of the API; they name in the ledger what was read, so that the next fetch knows it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from ingest.changes.fields import count, mapping
from ingest.errors import Refused
from ingest.model import RunIdentity
from ingest.run_json import identity_from_path

NOTHING_ELSE = RunIdentity()
_TEST_WORDS = ("test", "report", "result", "junit", "allure", "surefire", "ctrf", "trx", "e2e", "spec")
"""Of which the name of something that holds reports has one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    since_ms: int
    """Nothing that began before."""
    branch: str = ""
    workflow: str = ""
    """Of GitHub: its name or its file."""
    artifact: str = ""
    """Template of the names of artifacts, of GitLab's jobs; empty: those whose name speaks of tests."""

    def identity_of(self, name: str) -> RunIdentity | None:
        """What a name says of what is called so, by the template; None where that is not to be read.

        Raises:
            SettingsError: the template has an unknown name.

        >>> Wanted(0).identity_of("e2e-Results") == RunIdentity(), Wanted(0).identity_of("dist")
        (True, None)
        >>> Wanted(0, artifact="junit-{variant.os}").identity_of("junit-linux").variant
        (('os', 'linux'),)
        """
        if self.artifact:
            return identity_from_path(self.artifact, name)
        return NOTHING_ELSE if any(word in name.lower() for word in _TEST_WORDS) else None


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something that a run left and that may hold reports."""

    name: str
    address: str
    open: Callable[[], BinaryIO]
    size_bytes: int | None = None
    is_expired: bool = False
    identity: RunIdentity = NOTHING_ELSE
    """What is known of it beside what is known of its run: the job, and what its name says."""


@dataclass(frozen=True, slots=True)
class FoundRun:
    """One attempt of a run."""

    address: str
    """A folder, with a slash at its end."""
    identity: RunIdentity
    """Its state only where it is not simply over."""
    is_over: bool
    list_artifacts: Callable[[], Sequence[Artifact]]
    version: str = ""
    """Changes when there is something new of a run that was over."""


@dataclass(frozen=True, slots=True)
class Document:
    """One deployment."""

    address: str
    data: bytes


class Provider(Protocol):
    """A kind of CI server."""

    def runs(self) -> Iterator[FoundRun]:
        """Runs, the newest first.

        Raises:
            Refused: the rest cannot be listed.
        """

    def deployments(self, is_known: Callable[[str], bool]) -> Iterator[Document]:
        """Deployments, the newest first; those that are over and known are left out.

        Args:
            is_known: whether a document with that address was read before.

        Raises:
            Refused: the rest cannot be listed.
        """


def rows_of(page: Any, key: str = "", number: str = "id") -> list[Mapping[str, Any]]:
    """The entries of a page, an array or the array under a key of an object, that have a number.

    A number may stand in an address as it is.

    Raises:
        Refused: it is something else.
    """
    entries = mapping(page).get(key) if key else page
    if not isinstance(entries, list):
        raise Refused("http-shape", f"the answer has no list{f' of {key}' if key else ''}; check the address")
    return [entry for entry in objects(entries) if count(entry.get(number)) is not None]


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of an array; none of anything else."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
