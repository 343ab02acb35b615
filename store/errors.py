"""The errors of the store, each with the remedy."""

from __future__ import annotations


class StoreError(Exception):
    """Base: the store cannot be used as asked; the text names the file and the remedy."""


class NotAStore(StoreError):
    """The file is no SQLite database, or not one of crywolf's."""


class NewerSchema(StoreError):
    """The store was made by a newer version; it is left untouched."""


class StoreDamaged(StoreError):
    """SQLite finds the file malformed."""


class StoreBusy(StoreError):
    """Another process held the write lock longer than the busy timeout."""


class StoreFull(StoreError):
    """No space left on the device."""


class StoreReadOnly(StoreError):
    """The file or its directory may not be written."""


class StoreOnNetwork(StoreError):
    """The file lies on a network file system, where a log breaks it."""


class AliasConflict(StoreError):
    """A rename that contradicts one that is recorded."""
