"""Whatever happens to the bytes of an input of any kind: it is read or refused, and nothing else, in a second."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fuzz import misbehaving, mutated, seeds, take

SEEDS = seeds(most_bytes=12_000)


@settings(max_examples=200, deadline=2_000)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_mutated_fixtures(seed: tuple[str, bytes], number: int) -> None:
    """Reports of every format, changes, catalogs, owners, runs and archives."""
    name, data = seed
    take(name, mutated(data, random.Random(number)))


@settings(max_examples=60, deadline=2_000)
@given(st.sampled_from(SEEDS), st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_halves_of_different_fixtures(one: tuple[str, bytes], other: tuple[str, bytes], number: int) -> None:
    """A file that begins as one kind and goes on as another."""
    at = random.Random(number).random()
    take(one[0], one[1][: int(len(one[1]) * at)] + other[1][int(len(other[1]) * at) :])


@pytest.mark.soak
def test_many_mutations() -> None:
    """Ten thousand of them."""
    assert [(name, what) for name, _, what in misbehaving(10_000, seed=2)] == []
