"""How a test case stands to a service, by what it lists and what the graph knows."""

from __future__ import annotations

import pytest

from analysis import calibration as weights
from analysis.exposure import find_scopes
from analysis.records import ServiceGraph, TestColumn
from ingest.model import Change, ChangeKind, ChangeTarget
from tests.analysis.builders import column

GRAPH = ServiceGraph({"web": ("cart", "search"), "cart": ("pay", "stock"), "pay": ("vault",), "stock": ("vault",)})


def standing(test: TestColumn, service: str) -> int:
    """The level of one test case to one service."""
    scopes = find_scopes([test], ["lonely"], [], GRAPH)
    return int(scopes.levels[scopes.place[service], 0])


def test_what_is_listed_and_called_by_what_is_listed_is_declared() -> None:
    """The entry needs no caller."""
    test = column("t", "web", "cart", "pay")
    assert {standing(test, name) for name in ("web", "cart", "pay")} == {weights.DECLARED}


def test_what_is_listed_though_nothing_listed_calls_it_is_doubtful() -> None:
    """Vault is reached through pay or stock only; where the graph knows no caller at all, it says nothing."""
    assert standing(column("t", "web", "cart", "vault"), "vault") == weights.DOUBTFUL
    assert standing(column("t", "web", "cart", "lonely"), "lonely") == weights.DECLARED


def test_what_is_missing_stands_by_its_callers() -> None:
    """Pay leads to vault, which is listed; search is called by what is listed; of the callers of vault none is."""
    test = column("t", "web", "cart", "vault")
    assert standing(test, "pay") == weights.BETWEEN
    assert standing(test, "search") == weights.BESIDE
    assert standing(column("t", "web", "search"), "vault") == weights.FAR
    assert standing(column("t", "web", "cart", "pay", "stock"), "vault") == weights.BETWEEN
    assert standing(test, "lonely") == weights.UNRELATED


def test_a_list_of_the_entry_alone_says_nothing_of_the_rest() -> None:
    """Everything reachable may be touched."""
    assert {standing(column("t", "web"), name) for name in ("cart", "vault")} == {weights.REACHABLE}


def test_lists_that_do_not_fit_the_graph_are_believed_less() -> None:
    """The exposures go from one table to the other with the share of doubtful ones."""
    good = find_scopes([column("t", "web", "cart", "pay")], [], [], GRAPH)
    bad = find_scopes([column("t", "web", "vault", "stock")], [], [], GRAPH)
    assert good.exposures.tolist() == weights.EXPOSURES.tolist()
    assert bad.exposures.tolist() == weights.EXPOSURES_IN_DOUBT.tolist()


@pytest.mark.parametrize(
    ("file", "level"),
    [("it/CartIT.java", weights.DECLARED), ("it/PayIT.java", weights.BESIDE), ("ui/PayIT.java", weights.UNRELATED)],
)
def test_a_commit_to_the_tests_touches_its_own_files(file: str, level: int) -> None:
    """The file itself, a file beside it, any other."""
    commit = Change("git:1", ChangeKind.COMMIT, 0, target=ChangeTarget.TEST, files=("it/CartIT.java",))
    scopes = find_scopes([column("t", "web", file=file)], [], [commit], GRAPH)
    assert int(scopes.levels[scopes.place["git:1"], 0]) == level


def test_who_failed_before_with_a_service_may_feel_it() -> None:
    """Lists and graphs are incomplete; what is known to feel it keeps its standing."""
    tests = [column("t", "web", "search"), column("u", "web", "cart", "pay")]
    felt = {"pay": {test.case.test_id for test in tests}, "gone": {tests[0].case.test_id}}
    scopes = find_scopes(tests, [], [], GRAPH, felt)
    assert scopes.levels[scopes.place["pay"]].tolist() == [weights.TOGETHER, weights.DECLARED]


def test_services_that_changed_as_one_are_felt_by_who_feels_any() -> None:
    """The union of the services."""
    tests = [column("t", "web", "search"), column("u", "web", "cart", "pay"), column("v", "mail")]
    scopes = find_scopes(tests, [], [], GRAPH, groups=[("pay", "search"), ("pay", "search")])
    assert scopes.names.count("pay + search") == 1
    assert scopes.levels[scopes.place["pay + search"]].tolist() == [
        weights.DECLARED,
        weights.DECLARED,
        weights.UNRELATED,
    ]
