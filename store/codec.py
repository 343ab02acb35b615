"""Records as JSON text in a column, and back."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ingest.model import Change, Commit, Counts, OwnerFile, RunIdentity, Service

_Record = TypeVar("_Record", Change, Commit, Counts, OwnerFile, RunIdentity, Service)


def encode(record: Change | Commit | Counts | OwnerFile | RunIdentity | Service) -> str:
    """JSON of a record, its unknown (None) values left out."""
    plain = msgspec.to_builtins(record)
    return msgspec.json.encode({key: value for key, value in plain.items() if value is not None}).decode()


def decode(text: str, kind: type[_Record]) -> _Record:
    """The record that `encode` wrote."""
    return msgspec.json.decode(text, type=kind)


def encode_strings(values: tuple[str, ...]) -> str:
    """JSON array of strings."""
    return msgspec.json.encode(values).decode()


def decode_strings(text: str) -> tuple[str, ...]:
    """The strings that `encode_strings` wrote."""
    return msgspec.json.decode(text, type=tuple[str, ...])
