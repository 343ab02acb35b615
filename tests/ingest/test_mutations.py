"""Whatever happens to the bytes of an input of any kind: it is read or refused, and nothing else, in two seconds."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fuzz import misbehaving, mutated, seeds, take

SEEDS = seeds(most_bytes=12_000)


def take_soon(name: str, data: bytes) -> None:
    """Take it, in two seconds of the processor's time."""
    began = time.process_time()
    take(name, data)
    assert time.process_time() - began < 2


@settings(max_examples=200)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_mutated_fixtures(seed: tuple[str, bytes], number: int) -> None:
    """Reports of every format, changes, catalogs, owners, runs and archives."""
    name, data = seed
    take_soon(name, mutated(data, random.Random(number)))


@given(st.sampled_from(SEEDS), st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_halves_of_different_fixtures(one: tuple[str, bytes], other: tuple[str, bytes], number: int) -> None:
    """A file that begins as one kind and goes on as another."""
    at = random.Random(number).random()
    take_soon(one[0], one[1][: int(len(one[1]) * at)] + other[1][int(len(other[1]) * at) :])


@pytest.mark.soak
def test_many_mutations() -> None:
    """Ten thousand of them."""
    assert [(name, what) for name, _, what in misbehaving(10_000, seed=2)] == []
