"""What failures say: messages and traces of Java, Python and Node, with the noise that real ones carry."""

from __future__ import annotations

from sample_reports.story.cast import STAGING
from sample_reports.story.dice import Dice
from sample_reports.story.records import Case, Failure

_ASSERTED = "org.opentest4j.AssertionFailedError"
_REFLECT = "java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)"
_SUREFIRE = (
    "org.junit.platform.commons.util.ReflectionUtils.invokeMethod(ReflectionUtils.java:767)",
    "org.junit.jupiter.engine.execution.MethodInvocation.proceed(MethodInvocation.java:60)",
    "org.junit.jupiter.engine.descriptor.TestMethodTestDescriptor.execute(TestMethodTestDescriptor.java:217)",
    "org.apache.maven.surefire.booter.ForkedBooter.main(ForkedBooter.java:507)",
)


def java(case: Case, kind: str, message: str, library: tuple[str, ...], causes: tuple[str, ...] = ()) -> Failure:
    """A Java failure: the library's frames, the test's own, the engine's, then causes."""
    simple = case.classname.rsplit(".", 1)[-1]
    line = 31 + Dice("line", case.name).below(180)
    frames = [*library, f"{case.classname}.{case.name}({simple}.java:{line})", _REFLECT, *_SUREFIRE]
    text = "\n".join([f"{kind}: {message}", *(f"\tat {f}" for f in frames), *causes])
    return Failure(
        kind, message, text, is_error=not kind.endswith(("AssertionFailedError", "ConditionTimeoutException"))
    )


_HTTP_CHECK = (
    "org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)",
    "org.junit.jupiter.api.AssertEquals.assertEquals(AssertEquals.java:150)",
    "shop.testkit.http.Exchange.expectStatus(Exchange.java:88)",
)
_ASSERT = (
    "org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)",
    "org.junit.jupiter.api.AssertEquals.assertEquals(AssertEquals.java:182)",
)


def token_refused(case: Case, dice: Dice, *, names_culprit: bool, shows_file: bool) -> Failure:
    """Payments cannot read the tokens that vault now writes."""
    path = "/refund" if "refund" in case.name else "/charge"
    message = f"expected: <201> but was: <503> (POST http://payments.staging.internal:8443{path})"
    pod = f"payments-{dice.hex(9)}-{dice.hex(5)}"
    causes = [
        f"Caused by: shop.testkit.http.RemoteCallException: [{pod}] 503 Service Unavailable: "
        f'{{"error":"token version 2 not supported","request":"{dice.uuid()}"}}',
        "\tat shop.testkit.http.Exchange.send(Exchange.java:61)",
        "\tat shop.payments.client.TokenClient.resolve(TokenClient.java:74)",
    ]
    if names_culprit:
        causes.append(f"Caused by: java.io.IOException: vault answered with token header v2, request {dice.hex(16)}")
    if shows_file:
        causes += [
            "\tat shop.vault.token.TokenCodec.encode(TokenCodec.java:118)",
            "\tat shop.vault.token.TokenResource.issue(TokenResource.java:52)",
        ]
    return java(case, _ASSERTED, message, _HTTP_CHECK, tuple(causes))


def reservation_lost(case: Case, dice: Dice) -> Failure:
    """Inventory confirms reservations that it does not keep."""
    order = f"O-{100000 + dice.below(899999)}"
    message = f"expected: <RESERVED> but was: <UNKNOWN> for order {order}"
    cause = (
        f"Caused by: shop.testkit.http.RemoteCallException: GET http://inventory.staging.internal:8080"
        f"/reservations/{order} -> 404 Not Found, request {dice.hex(16)}",
        "\tat shop.testkit.http.Exchange.send(Exchange.java:61)",
    )
    return java(case, _ASSERTED, message, _ASSERT, cause)


def refused(case: Case, dice: Dice) -> Failure:
    """Nothing answers in staging."""
    address = f"10.40.{dice.below(4)}.{10 + dice.below(60)}:443"
    message = f"Connection refused: {case.peers[0]}.{STAGING}.acme.example/{address}"
    library = (
        "java.base/sun.nio.ch.Net.pollConnect(Native Method)",
        "java.base/sun.nio.ch.NioSocketImpl.connect(NioSocketImpl.java:592)",
        "okhttp3.internal.connection.RealConnection.connectSocket(RealConnection.kt:297)",
        "shop.testkit.http.Exchange.send(Exchange.java:58)",
    )
    return java(case, "java.net.ConnectException", message, library)


def mail_late(case: Case, dice: Dice) -> Failure:
    """The mail came after the test stopped waiting."""
    message = (
        f"Condition with alias 'receipt for {dice.hex(8)}@test.acme.example' didn't complete within 60 seconds because "
        f"mailbox was empty after {60000 + dice.below(400)} ms."
    )
    library = (
        "org.awaitility.core.ConditionAwaiter.await(ConditionAwaiter.java:167)",
        "org.awaitility.core.ConditionFactory.until(ConditionFactory.java:985)",
    )
    return java(case, "org.awaitility.core.ConditionTimeoutException", message, library)


def foreign_orders(case: Case, dice: Dice) -> Failure:
    """Orders that another run left behind."""
    count = 2 + dice.below(4)
    message = f"expected size: <1> but was: <{count}> in [O-{100000 + dice.below(899999)}, ...] of customer demo-7"
    return java(case, _ASSERTED, message, _ASSERT)


def wrong_currency(case: Case, dice: Dice) -> Failure:
    """The customer still has the currency that the test before chose."""
    message = f"expected: <19.90 CHF> but was: <{20 + dice.below(2)}.{10 + dice.below(80)} EUR>"
    return java(case, _ASSERTED, message, _ASSERT)


def stale_balance(case: Case, dice: Dice) -> Failure:
    """A balance that nobody has repaired."""
    message = "expected: <12.50> but was: <null> at $.balance.remaining"
    return java(case, _ASSERTED, message, _ASSERT, (f"\t... request {dice.hex(16)}",))


def size_missing(case: Case, dice: Dice) -> Failure:
    """A new test's first failure."""
    message = f"element [data-test=size-{36 + dice.below(8)}] not found within 10000 ms"
    library = ("com.codeborne.selenide.impl.WebElementSource.checkCondition(WebElementSource.java:147)",)
    return java(case, "com.codeborne.selenide.ex.ElementNotFound", message, library)


def rounding_off(case: Case, dice: Dice) -> Failure:
    """A cent too much, because every line is rounded."""
    cents = 10 + dice.below(80)
    message = f"AssertionError: assert Decimal('59.{cents + 1}') == Decimal('59.{cents}')"
    line = 20 + Dice("line", case.name).below(90)
    text = (
        f"pricing = <PricingClient https://pricing.staging.acme.example>\n\n    def {case.name}(pricing):\n"
        f"        quote = pricing.quote(lines=THREE_LINES)\n"
        f'>       assert quote.total == Decimal("59.{cents}")\n'
        f"E       {message}\nE        +  where Decimal('59.{cents + 1}') = Quote(id='{dice.uuid()}').total\n\n"
        f"{case.file}:{line}: AssertionError"
    )
    return Failure("", message, text)


def python_draft(case: Case, dice: Dice) -> Failure:
    """Unfinished Python code of a branch."""
    message = f"AssertionError: assert {dice.below(50)} == {50 + dice.below(50)}"
    line = 20 + Dice("line", case.name).below(90)
    return Failure(
        "",
        message,
        f"    def {case.name}(pricing):\n>       assert quote\nE       {message}\n\n{case.file}:{line}: AssertionError",
    )


def java_draft(case: Case, dice: Dice) -> Failure:
    """Unfinished Java code of a branch."""
    return java(case, _ASSERTED, f"expected: <{dice.below(50)}> but was: <{50 + dice.below(50)}>", _ASSERT)


def node_draft(case: Case, dice: Dice) -> Failure:
    """Unfinished TypeScript code of a branch."""
    message = f"expected {dice.below(50)} to be {50 + dice.below(50)} // Object.is equality"
    line = 10 + Dice("line", case.name).below(90)
    text = (
        f"AssertionError: {message}\n    at {case.file}:{line}:24\n"
        "    at processTicksAndRejections (node:internal/process/task_queues:105:5)"
    )
    return Failure("AssertionError", message, text)


def late_render(case: Case, dice: Dice) -> Failure:
    """A component that was not ready yet."""
    message = f'Timed out in waitFor after 1000ms: Unable to find an element with the role "status" (id {dice.hex(6)})'
    line = 20 + Dice("line", case.name).below(60)
    text = (
        f"TestingLibraryElementError: {message}\n"
        "    at waitForWrapper (node_modules/@testing-library/dom/dist/wait-for.js:163:27)\n"
        f"    at {case.file}:{line}:11"
    )
    return Failure("TestingLibraryElementError", message, text)


def banner_late(case: Case, dice: Dice) -> Failure:
    """A banner that faded in too slowly."""
    message = "Timed out 5000ms waiting for expect(locator).toBeVisible()"
    text = (
        f"Error: {message}\n\nLocator: getByTestId('promo')\nExpected: visible\nReceived: hidden\nCall log:\n"
        f"  - waiting for getByTestId('promo')\n  - {3 + dice.below(6)} x locator resolved to <div hidden>\n\n"
        f"    at {case.file}:14:38"
    )
    return Failure("Error", message, text)
