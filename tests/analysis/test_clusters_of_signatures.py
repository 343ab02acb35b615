"""The second tier: titles that differ by less than a tenth are one cluster, and what came before never moves."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from analysis.similar import LEAST_DIFFERENCE, SignatureTitle, cluster_id, cluster_signatures

ORDER = "order <id> is not on the shelf of warehouse north"


def titles(*said: str, days: list[int] | None = None, services: tuple[str, ...] = ()) -> list[SignatureTitle]:
    """Signatures `k0`, `k1`, ... first seen on consecutive days."""
    return [
        SignatureTitle(
            f"k{n}", 1, text, n if days is None else days[n], frozenset(s for s in services if s in text.split())
        )
        for n, text in enumerate(said)
    ]


def test_nearly_equal_titles_are_one_cluster() -> None:
    """Three letters of 49; its id is that of the first."""
    found = cluster_signatures(titles(ORDER, ORDER.replace("north", "south"), "something else went wrong in there"))
    assert found == {"k0": "k0", "k1": "k0", "k2": "k2"}


def test_a_tenth_apart_is_another_cluster() -> None:
    """The limit is the mean length's tenth, and does not belong to it."""
    base = "a" * 10 + "bcdefghij" * 10
    assert cluster_signatures(titles(base, base[:-10] + "z" * 10))["k1"] == "k1"
    assert cluster_signatures(titles(base, base[:-9] + "z" * 9))["k1"] == "k0"


def test_status_codes_services_and_quoted_names_are_never_alike() -> None:
    """One character apart, and yet another failure."""
    base = "GET /orders/<n> of the shop returned 404 and no body at all"
    assert len(set(cluster_signatures(titles(base, base.replace("404", "403"))).values())) == 2
    base = "the request to payments was not answered in the time that was given"
    pair = titles(base, base.replace("payments", "paymenta"), services=("payments", "paymenta"))
    assert len(set(cluster_signatures(pair).values())) == 2
    base = "the answer to the request for a basket of goods lacks the key 'user'"
    assert len(set(cluster_signatures(titles(base, base.replace("user", "used"))).values())) == 2


def test_a_title_that_says_little_joins_nothing() -> None:
    """`expected true` in two tests is not one cause."""
    pair = [SignatureTitle(f"k{n}", 1, "expected true but was false", n, says_little=True) for n in range(2)]
    assert cluster_signatures(pair) == {"k0": "k0", "k1": "k1"}


def test_versions_do_not_mix_and_show_in_the_id() -> None:
    """A new version of the rules gives new ids: nothing is regrouped silently."""
    pair = [SignatureTitle(f"k{n}", n + 1, ORDER, n) for n in range(2)]
    assert cluster_signatures(pair) == {"k0": "k0", "k1": "k1"}
    assert (cluster_id("0123456789abcdef", 1), cluster_id("", 1)) == ("c1.1-0123456789", "")


@given(st.lists(st.tuples(st.text(alphabet="abc 1", max_size=40), st.integers(0, 5)), max_size=12), st.randoms())
def test_the_order_of_input_does_not_matter_and_later_ones_move_nothing(
    said: list[tuple[str, int]], rng: random.Random
) -> None:
    """Without the newest day the others stand where they stood; every member resembles the first of its cluster."""
    given_titles = titles(*(text for text, _ in said), days=[day for _, day in said])
    found = cluster_signatures(given_titles)
    shuffled = given_titles[:]
    rng.shuffle(shuffled)
    assert cluster_signatures(shuffled) == found
    earlier = [one for one in given_titles if one.first_seen < 5]
    assert cluster_signatures(earlier) == {one.key: found[one.key] for one in earlier}
    for one in given_titles:
        assert cluster_signatures(shuffled, {one.key})[one.key] == found[one.key]
    text_of = {one.key: one.title for one in given_titles}
    for key, leader in found.items():
        length = (len(text_of[key]) + len(text_of[leader])) / 2
        assert key == leader or Levenshtein.distance(text_of[key], text_of[leader]) < LEAST_DIFFERENCE * length
