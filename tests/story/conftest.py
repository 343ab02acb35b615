"""The sample in a store, as it is committed, and in other words at another time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sample_reports.generate import generate
from tests.story.stores import Asked, built_once, ingest_all, sample_store, write_truth
from tests.story.truth import sample_truth

SHIFT_S = 37 * 86_400 + 40_013
"""Days begin at another hour of the story."""
SEED = 23


@pytest.fixture(scope="session", params=["as committed", "renamed and moved"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The sample, ingested; every test is asked of both."""
    chosen = sample_store if request.param == "as committed" else _renamed_and_moved
    asked = chosen(tmp_path_factory)
    yield asked
    asked.connection.close()


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The sample as it is committed."""
    asked = sample_store(tmp_path_factory)
    yield asked
    asked.connection.close()


@pytest.fixture(scope="session")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The sample with all names replaced and all times moved."""
    asked = _renamed_and_moved(tmp_path_factory)
    yield asked
    asked.connection.close()


def _renamed_and_moved(factory: pytest.TempPathFactory) -> Asked:
    def build(folder: Path) -> None:
        write_truth(folder, generate(folder, shift_s=SHIFT_S, permute=SEED))
        ingest_all(folder, folder / "data")

    folder = built_once(factory, "sample-moved", build)
    truth = sample_truth(json.loads((folder / "told.json").read_text(encoding="utf-8")))
    return Asked(folder / "crywolf.db", folder / "data", truth)
