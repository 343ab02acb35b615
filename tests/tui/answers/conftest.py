"""The sample's store, and one that is empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.connect import Connection, open_reader, open_writer
from tests.story.stores import Asked, sample_store


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The sample, ingested."""
    asked = sample_store(tmp_path_factory)
    yield asked
    asked.connection.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Connection]:
    """A store that nothing was ever ingested into."""
    open_writer(tmp_path / "empty.db").close()
    connection = open_reader(tmp_path / "empty.db")
    yield connection
    connection.close()
