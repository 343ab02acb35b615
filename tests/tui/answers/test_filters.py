"""Filters choose rows; they change no number in them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.story.stores import Asked
from tui.answers.failures import answer_failures
from tui.answers.flakes import FlakeRow, answer_flakes
from tui.answers.owner_book import owns
from tui.answers.tests import TestRow, list_test_keys, load_test_rows
from tui.answers.triage import answer_triage
from tui.errors import NoMatch


def flakes(sample: Asked, **filters: str) -> tuple[FlakeRow, ...]:
    """Flakes of the last two weeks."""
    return answer_flakes(sample.connection, sample.query(**filters)).rows


@pytest.mark.parametrize("owner", ["@acme/basket", "basket", "BASKET", "nobody"])
def test_owner(sample: Asked, owner: str) -> None:
    """An owner is found as CODEOWNERS, the catalog or a person writes it; `nobody` finds what is unowned."""
    every = flakes(sample)
    chosen = flakes(sample, owner=owner)
    assert chosen
    assert chosen == tuple(row for row in every if owns(owner, row.owners))
    red = answer_failures(sample.connection, sample.query(owner=owner)).rows
    assert red == tuple(row for row in sample.failures() if owns(owner, row.owners.test))


def test_service(sample: Asked) -> None:
    """Tests that declare a service; of a service's own pipeline those that declare nothing."""
    every = {(row.case, row.scope): row for row in flakes(sample)}
    vault = flakes(sample, service="Vault")
    assert vault
    assert all(every[row.case, row.scope] == row for row in vault)
    assert {row.scope.pipeline for row in vault} <= {"journeys-hourly", "journeys-nightly"}
    pricing = answer_failures(sample.connection, sample.query(service="pricing")).rows
    assert {row.case.classname for row in pricing if row.scope.pipeline == "pricing-ci"} == {
        "tests.component.test_rounding"
    }
    assert flakes(sample, service="unheard-of") == ()


def test_environment_pipeline_and_branch(sample: Asked) -> None:
    """Each chooses streams; with the same window the numbers are those of the whole list."""
    now = sample.runs.rows[0].run
    at = sample.truth.now
    assert now.ended_ms is not None
    every = answer_flakes(sample.connection, sample.query(at)).rows
    for name, value in (("environment", "preprod"), ("pipeline", "web-ci"), ("branch", "pre-merge")):
        chosen = answer_flakes(sample.connection, sample.query(at, **{name: value})).rows
        assert chosen, name
        assert chosen == tuple(row for row in every if getattr(row.scope, name) == value), name
        failures = answer_failures(sample.connection, sample.query(at, **{name: value})).rows
        assert {(row.case, row.scope, row.verdict) for row in failures} == {
            (row.case, row.scope, row.verdict) for row in sample.failures() if getattr(row.scope, name) == value
        }


def test_unmerged_code_is_never_real(sample: Asked) -> None:
    """Not even when its branch is asked for."""
    answer = answer_triage(sample.connection, sample.query(branch="pre-merge"))
    assert answer.incidents == ()
    assert answer.counts.get("real", 0) == 0


def test_nothing_matches_far_away_names(sample: Asked) -> None:
    """A filter that fits nothing gives no rows and no error; a test's name that fits nothing is an error."""
    for filters in ({"owner": "nobody-here"}, {"pipeline": "x"}, {"environment": "x"}, {"branch": "x"}):
        assert flakes(sample, **filters) == ()
    with pytest.raises(NoMatch):
        sample.suspects("zzzzzzzzzz")


def test_words_of_the_tests_screen(sample: Asked) -> None:
    """A word occurs in the identity, an owner or the scope, `!` negates it, `field:` narrows it; whatever its case."""
    connection, query = sample.connection, sample.query()
    every = list_test_keys(connection, query)
    assert every.window is not None
    rows = {row.key: row for row in load_test_rows(connection, every.window, every.keys, query)}
    ways: dict[str, Callable[[TestRow], bool]] = {
        "Basket": lambda row: "basket" in whole_text(row),
        "!basket": lambda row: "basket" not in whole_text(row),
        "env:PREprod": lambda row: "preprod" in row.scope.environment,
        "preprod web-ci": lambda row: {"preprod", "web-ci"} <= set(whole_text(row).split()),
        "!env:preprod pipeline:web": lambda row: row.scope.environment != "preprod" and "web" in row.scope.pipeline,
        "owner:nobody": lambda row: not row.owners,
        "owner:acme !pre-merge": lambda row: "acme" in " ".join(row.owners) and row.scope.branch != "pre-merge",
        "no:field": lambda row: "no:field" in whole_text(row),
    }
    for text, is_wanted in ways.items():
        found = list_test_keys(connection, query, text=text).keys
        assert set(found) == {key for key, row in rows.items() if is_wanted(row)}, text
        assert list(found) == [key for key in every.keys if key in set(found)], text
    vault = list_test_keys(connection, sample.query(service="vault")).keys
    assert vault
    assert set(vault) <= set(list_test_keys(connection, query, text="service:vault").keys)


def whole_text(row: TestRow) -> str:
    """What an ordinary word is looked for in."""
    scope = row.scope
    words = (row.case.identity, *row.owners, scope.pipeline, scope.environment, scope.branch, scope.variant)
    return " ".join(words).casefold()
