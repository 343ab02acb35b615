"""Signatures of failures: one cause is one key, whatever the noise; another cause is another."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.model import Failure
from ingest.signature import SIGNATURE_VERSION, mask, sign

SUREFIRE = """java.net.SocketTimeoutException: Read timed out after {ms} ms
\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)
\tat okhttp3.internal.connection.RealCall.execute(RealCall.kt:{line})
\tat com.acme.shop.http.Exchange.send(Exchange.java:{line})
\tat com.acme.journeys.CheckoutIT.pays_with_saved_card(CheckoutIT.java:{line})
\tat java.base/java.lang.reflect.Method.invoke(Method.java:580)
\tat org.junit.platform.commons.util.ReflectionUtils.invokeMethod(ReflectionUtils.java:767)
"""
PYTHON = """Traceback (most recent call last):
  File "/builds/{n}/shop/orders/client.py", line {n}, in charge
    response.raise_for_status()
  File "/usr/lib/python3.11/site-packages/requests/models.py", line 1021, in raise_for_status
    raise HTTPError(http_error_msg, response=self)
requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: http://payments:8080/charge/{n}
"""
JEST = """Error: expect(received).toBe(expected) // Object.is equality

Expected: 200
Received: 503
    at Object.<anonymous> (/home/ci/{n}/app/src/cart.ts:{n}:31)
    at Promise.then.completed (/home/ci/app/node_modules/jest-circus/build/utils.js:298:28)
"""
TESTIFY = """=== RUN   TestCharge
    charge_test.go:{n}:
        \tError Trace:\t/home/ci/{n}/charge_test.go:41
        \tError:      \tReceived unexpected error:
        \t            \tPost "http://payments:8080/charge": dial tcp 10.0.0.{n}:8080: connect: connection refused
--- FAIL: TestCharge (0.02s)
"""
PANIC = """panic: runtime error: index out of range [{n}] with length 3

goroutine {n} [running]:
github.com/acme/shop/cart.(*Cart).Item(0xc0000a4000, 0x5)
\t/home/ci/shop/cart/cart.go:{n} +0x1d
testing.tRunner(0xc000082b60, 0x54a3f8)
\t/usr/local/go/src/testing/testing.go:1576 +0x10b
"""


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("Read timed out after 5032 ms", "Read timed out after <n>"),
        ("Connection refused: /10.2.33.4:41234", "Connection refused: <addr>"),
        ("order 7d3f1c9a-1b2c-4d5e-8f90-a1b2c3d4e5f6 is gone", "order <id> is gone"),
        ("at 2026-03-26T11:05:23.123Z it stopped", "at <time> it stopped"),
        ("object at 0x7f3a91bc00aa", "object at <id>"),
        ("expected: <200> but was: <503>", "expected: <200> but was: <503>"),
        ("404 Client Error: Not Found", "404 Client Error: Not Found"),
        ("pod payments-5d8f7c9b6d-x2k4l restarted", "pod payments-<id> restarted"),
        ("KeyError: 'user_id'", "KeyError: 'user_id'"),
        ('no user "Ada 7"', 'no user "…"'),
        ("waited 3.5 seconds for 12 rows", "waited <n> for <n> rows"),
        ("localhost:8080/charge", "localhost:<n>/charge"),
    ],
)
def test_masks(line: str, masked: str) -> None:
    """What varies is masked; status codes and quoted names stay."""
    assert mask(line) == masked


@pytest.mark.parametrize("trace", [PYTHON, JEST, TESTIFY, PANIC])
def test_noise_does_not_change_the_key(trace: str) -> None:
    """Two occurrences of one failure have one key."""
    first, second = (Failure("", "", trace.replace("{n}", n)) for n in ("17", "42"))
    assert sign(first).key == sign(second).key != ""


def test_java_noise_and_the_test_that_saw_it_do_not_change_the_key() -> None:
    """Durations, line numbers and the failing test differ; the cause is one."""
    first = SUREFIRE.format(ms=5032, line=41)
    second = (
        SUREFIRE.format(ms=30001, line=77).replace("CheckoutIT", "RefundIT").replace("pays_with_saved_card", "refunds")
    )
    kind = "java.net.SocketTimeoutException"
    assert sign(Failure(kind, "Read timed out after 5032 ms", first)).key == sign(
        Failure(kind, "Read timed out after 30001 ms", second)
    ).key  # fmt: skip


def test_generic_messages_are_told_apart_by_the_test() -> None:
    """`expected true` in two tests is not one cause."""
    kind, message = "org.opentest4j.AssertionFailedError", "expected: <true> but was: <false>"
    one = f"{kind}: {message}\n\tat com.acme.CartIT.merges(CartIT.java:3)"
    two = one.replace("CartIT.merges", "SearchIT.finds")
    assert sign(Failure(kind, message, one)).key != sign(Failure(kind, message, two)).key


@pytest.mark.parametrize("other", ["Connection reset by peer", "Read timed out after 9 ms while saving"])
def test_another_message_is_another_key(other: str) -> None:
    """The masked first line is part of it."""
    assert sign(Failure("E", "Read timed out after 5 ms", "")).key != sign(Failure("E", other, "")).key


def test_not_found_and_unavailable_are_two_causes_but_502_and_503_are_one() -> None:
    """Gateways answer 502, 503 or 504 for the same reason."""
    keys = [sign(Failure("E", f"Unexpected status {code} of the cart service", "")).key for code in (404, 502, 503)]
    assert keys[0] != keys[1] == keys[2]


@pytest.mark.parametrize(
    ("failure", "title"),
    [
        (
            Failure(
                "AssertionError",
                "expected: <200> but was: <503>",
                "AssertionError: expected: <200> but was: <503>\nCaused by: com.acme.RemoteCallException: "
                "POST http://payments.staging.internal:4711/charge -> 503 in 12 ms",
            ),
            "503 from payments on POST /charge",
        ),
        (
            Failure("", "", PYTHON.replace("{n}", "9")),
            "503 Server Error: Service Unavailable for url: http://payments:<n>/charge/<n>",
        ),
        (Failure("", "Failed", TESTIFY.replace("{n}", "9")), 'Post "…": dial tcp <addr>: connect: connection refused'),
        (Failure("", "", PANIC.replace("{n}", "9")), "runtime error: index out of range [<n>] with length <n>"),
        (
            Failure("", JEST.split("\n    at")[0], JEST),
            "Error: expect(received).toBe(expected) // Object.is equality expected 200 received 503",
        ),
        (Failure("java.lang.NullPointerException", "", ""), "NullPointerException"),
        (Failure("", "", ""), ""),
    ],
)
def test_titles(failure: Failure, title: str) -> None:
    """The most telling line, masked."""
    assert sign(failure).title == title


def test_nothing_said_is_no_signature() -> None:
    """Failures without any text are not one cluster."""
    assert sign(Failure("", " \n ", "")).key == ""


def test_key_is_pinned_to_the_version() -> None:
    """A change of this key without a new version would regroup silently."""
    found = sign(Failure("java.net.SocketTimeoutException", "Read timed out after 7 ms", SUREFIRE.format(ms=7, line=3)))
    assert (SIGNATURE_VERSION, found.key) == (1, "92432ece468078bf")


@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=2000))
def test_any_text_is_signed(kind: str, message: str, text: str) -> None:
    """Never raises; one line; not too long; the same again."""
    found = sign(Failure(kind, message, text))
    assert "\n" not in found.title
    assert len(found.title) <= 160
    assert len(found.key) in (0, 16)
    assert found == sign(Failure(kind, message, text))


@pytest.mark.parametrize(
    "evil", ["a" * 60_000, "1" * 60_000, "a1-" * 20_000, '"' * 50_000, "at " * 20_000, "1." * 30_000, "\n at " * 9_000,
             "0x" * 9_000, "Error: " * 9_000, "(" * 60_000, " at a.b(" * 5_000, "File \"" * 9_000, "A:" * 9_000],
)  # fmt: skip
def test_hostile_texts_do_not_take_long(evil: str) -> None:
    """No pattern is quadratic: a loose ceiling of two seconds each, where a quadratic one takes minutes."""
    began = time.process_time()
    sign(Failure(evil, evil, evil))
    sign(Failure("", "", evil + "\nTraceback (most recent call last)\n" + evil))
    assert time.process_time() - began < 2
