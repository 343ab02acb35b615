"""Go to anything: test cases, services, owners, pipelines, changes and incidents by name."""

from __future__ import annotations

from dataclasses import dataclass

from store.connect import Connection


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that can be gone to."""

    kind: str
    """test, service, owner, pipeline, change or incident."""
    label: str
    key: str
    """What the screen of that kind takes: an identity, a service's name, a change id."""
    hint: str = ""


def search(connection: Connection, text: str, *, limit: int = 50) -> tuple[Hit, ...]:
    """Best matches first."""
    raise NotImplementedError
