"""How this process may use a store: said once at its start by options and settings, read whenever one is opened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Access:
    """What a person allows or asks for beyond the rule."""

    durable: bool = False
    """Every commit waits for the disk, so that a power cut takes none back (`synchronous=FULL`)."""
    group: bool = False
    """People of the file's group may read and write, too."""
    network: bool = False
    """The store may lie on a network file system: without a log, one writer at a time."""


ACCESS = Access()


def allow(*, durable: bool = False, group: bool = False, network: bool = False) -> None:
    """Say how this process uses stores from now on."""
    ACCESS.durable, ACCESS.group, ACCESS.network = durable, group, network
