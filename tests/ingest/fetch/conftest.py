"""Two servers of this machine, each its own origin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loopback import Server, served


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """The one that is asked, and another."""
    with served() as first, served() as second:
        yield first, second
