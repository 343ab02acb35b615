"""Causes: what failures speak of by the rules that ship, which text decides, and that a project's rules come first."""

from __future__ import annotations

import re

import pytest

from analysis.causes import NO_CAUSE, CauseRule, find_cause
from ingest.model import Failure
from ingest.settings import CausePattern, Settings
from ingest.signature import sign
from tui.answers.causes import cause_of, shipped_rules

JVM = "shop.WrongTotal: {}\n\tat okhttp3.internal.Timeout.enter(Timeout.java:1)\n\tat shop.It.run(It.java:3)"


@pytest.mark.parametrize(
    ("category", "failure"),
    [
        ("contract mismatch", Failure("", "Pact verification failed: a request for an order", "")),
        ("contract mismatch", Failure("", "POST /charge -> 422", "")),
        ("schema drift", Failure("PSQLException", 'ERROR: column "token_v2" does not exist', "")),
        ("schema drift", Failure("JsonMappingException", "Unrecognized field 'vat' (class Order)", "")),
        ("authentication", Failure("", "GET http://cart/items returned 401", "")),
        ("authentication", Failure("", "token has expired", "")),
        ("queue", Failure("", "no message received on orders.created within 30 s", "")),
        ("queue", Failure("KafkaException", "consumer lag of 5000", "")),
        ("resource", Failure("", "java.lang.OutOfMemoryError: Java heap space", "")),
        (
            "resource",
            Failure("", "HikariPool-1 - Connection is not available, pool exhausted; too many connections", ""),
        ),
        ("network", Failure("ConnectException", "Connection refused: /10.0.0.1:8080", "")),
        ("network", Failure("", "expected: <200> but was: <503>", "")),
        ("network", Failure("", "getaddrinfo ENOTFOUND payments", "")),
        ("network", Failure("StatusRuntimeException", "UNAVAILABLE: limits-7c9 closed the stream", "")),
        ("timeout", Failure("SocketTimeoutException", "Read timed out", "")),
        ("timeout", Failure("", "context deadline exceeded", "")),
        ("test data", Failure("", "duplicate key value violates unique constraint", "")),
        ("test data", Failure("", "GET /orders/7 -> 404", "")),
        ("crash", Failure("", "expected 200 but got 500", "")),
        ("crash", Failure("NullPointerException", "", "")),
        ("crash", Failure("", "panic: runtime error: index out of range", "")),
        ("assertion", Failure("AssertionError", "expected: <19.90> but was: <20.37>", "")),
    ],
)
def test_what_a_failure_speaks_of(category: str, failure: Failure) -> None:
    """Each category, as tools write it; the deciding words are the failure's own."""
    found = cause_of(Settings(), sign(failure).title, failure)
    assert found.category == category
    assert found.origin == "causes.toml"
    assert found.text


def test_frames_decide_nothing() -> None:
    """`Timeout.java` in a stack frame is no timeout."""
    found = cause_of(Settings(), "", Failure("", "the total is wrong", JVM.format("the total is wrong")))
    assert found == NO_CAUSE


def test_a_trace_decides_where_the_message_says_only_how_it_was_noticed() -> None:
    """`expected true` is an assertion only where the trace names no cause."""
    text = JVM.format("expected true") + "\nCaused by: java.net.ConnectException: Connection refused"
    found = cause_of(Settings(), "", Failure("AssertionError", "expected true", text))
    assert (found.category, "Connection refused" in found.text) == ("network", True)


def test_rules_of_the_project_come_first_and_say_so() -> None:
    """Also with a category of its own."""
    settings = Settings(causes=(CausePattern("sidecar", "sidecar .* not ready"),))
    found = cause_of(settings, "", Failure("", "connection refused: Sidecar of cart not ready", ""))
    assert (found.category, found.origin) == ("sidecar", "crywolf.toml")
    assert "Sidecar of cart not ready" in found.text


def test_nothing_said_is_no_cause() -> None:
    """Nor is a text that no rule knows."""
    assert cause_of(Settings(), "", Failure("", "", "")) == NO_CAUSE
    assert find_cause([CauseRule("network", "refused")], "", "", "all is well", "") == NO_CAUSE


def test_shipped_rules_are_whole() -> None:
    """Every category that the documentation names, patterns that compile, `assertion` last."""
    rules = shipped_rules()
    assert {rule.category for rule in rules} == {
        "contract mismatch", "schema drift", "network", "authentication", "timeout", "queue", "test data", "resource",
        "assertion", "crash",
    }  # fmt: skip
    assert [rule.category for rule in rules if rule.is_last] == ["assertion"]
    for rule in rules:
        re.compile(rule.pattern)


def test_long_texts_are_answered_at_once() -> None:
    """No rule looks further than a few thousand characters, and none backtracks over them."""
    text = "a " * 100_000 + "\nx" * 10_000
    assert cause_of(Settings(), text[:160], Failure(text[:300], text, text)) == NO_CAUSE
