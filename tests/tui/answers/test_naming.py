"""Any unambiguous part of an identity names a test case; an exact one beats a partial one."""

from __future__ import annotations

import pytest

from tests.story.stores import Asked
from tui.answers.naming import find_test
from tui.errors import NoMatch

IDENTITY = "shop::shop.journeys.checkout.CheckoutIT::pays_with_saved_card"


@pytest.mark.parametrize(
    "text",
    [
        IDENTITY,
        "pays_with_saved_card",
        "CheckoutIT::pays_with_saved_card",
        "checkoutit::pays_with_s",
    ],
)
def test_part_of_an_identity(sample: Asked, text: str) -> None:
    """In any case of its letters."""
    assert find_test(sample.connection, text).case.identity == IDENTITY


def test_stable_id(sample: Asked) -> None:
    """The `test_id` of a JSON document is accepted."""
    case = find_test(sample.connection, IDENTITY).case
    assert find_test(sample.connection, case.test_id).case == case


def test_exact_beats_partial(sample: Asked) -> None:
    """`renders the total` is a whole name, however many contain it."""
    names = {row.case.name for row in sample.flakes}
    whole = next(name for name in sorted(names) if sum(name in other for other in names) == 1)
    assert find_test(sample.connection, whole).case.name == whole


def test_ambiguous_name_lists_all(sample: Asked) -> None:
    """The error names what matches, in order, so that the person can go on."""
    with pytest.raises(NoMatch) as problem:
        find_test(sample.connection, "guest")
    assert problem.value.is_ambiguous
    assert len(problem.value.near) > 1
    assert list(problem.value.near) == sorted(problem.value.near)
    assert all("guest" in name.casefold() for name in problem.value.near)


@pytest.mark.parametrize("text", ["pays_wiht_saved_card", "pays with saved card", "CheckoutTI::pays_with_saved_card"])
def test_did_you_mean(sample: Asked, text: str) -> None:
    """A misspelt name is answered with the nearest."""
    with pytest.raises(NoMatch, match="did you mean") as problem:
        find_test(sample.connection, text)
    assert not problem.value.is_ambiguous
    assert problem.value.near[0] == IDENTITY
