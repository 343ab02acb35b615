"""CODEOWNERS beyond the worked examples: several files, owners of a class, very large and hostile files."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.catalog.codeowners import (
    GITHUB,
    GITLAB,
    owners_of,
    owners_of_class,
    parse,
    path_of_class,
    read,
)
from ingest.errors import Refused
from ingest.limits import Limits


def test_several_files() -> None:
    """The first file with a rule for the path decides, also by un-owning it."""
    first, second = parse("/a/ @a\n/a/x\n"), parse("* @rest")
    assert owners_of("a/b", (first, second)) == ("@a",)
    assert owners_of("a/x", (first, second)) == ()
    assert owners_of("b", (first, second)) == ("@rest",)


@pytest.mark.parametrize(
    ("classname", "paths"),
    [
        ("com.acme.checkout.CheckoutIT", ("com/acme/checkout/CheckoutIT",)),
        ("com.acme.checkout.CheckoutIT$Nested", ("com/acme/checkout/CheckoutIT",)),
        ("tests.checkout.test_pay.TestPay", ("tests/checkout/test_pay/TestPay", "tests/checkout/test_pay.py")),
        ("tests.checkout.test_pay", ("tests/checkout/test_pay", "tests/checkout/test_pay.py")),
        ("e2e/cart.spec.ts", ("e2e/cart.spec.ts",)),
        ("Checkout shows total", ()),
        ("", ()),
        ("...", ()),
    ],
)
def test_paths_of_classes(classname: str, paths: tuple[str, ...]) -> None:
    """A class name gives the paths where its file may lie; a sentence gives none."""
    assert path_of_class(classname) == paths


def test_owners_of_class() -> None:
    """A class is found in the usual source roots, and by a rule that ends in its package; the last rule wins."""
    file = parse(
        "* @all\n/src/test/java/com/acme/checkout/ @checkout\n/services/pay/src/test/java/com/acme/pay @pay\n"
        "/tests/cart/ @cart\n*.kt @kotlin\n/com/ @com\n"
    )
    assert owners_of_class("org.other.FooTest", parse("* @all\n")) == ("@all",)
    assert owners_of_class("com.acme.checkout.CheckoutIT", parse("* @all\n/src/test/java/com/acme/checkout/ @c")) == (
        "@c",
    )
    assert owners_of_class("com.acme.pay.PayIT", parse("/services/pay/src/test/java/com/acme/pay @pay")) == ("@pay",)
    assert owners_of_class("[firefox] › shop/pay/card.spec.ts", parse("/e2e/shop/pay/ @pay")) == ("@pay",)
    assert owners_of_class("[firefox] › shop/pay/card.spec.ts", parse("/shop/ @shop")) == ("@shop",)
    assert owners_of_class("tests.cart.test_cart.TestCart", file) == ("@cart",)
    assert owners_of_class("com.acme.checkout.CheckoutIT", file) == ("@com",)
    assert owners_of_class("e2e/Cart.kt", file) == ("@kotlin",)
    assert owners_of_class("no such class", file) == ()


def test_many_rules_and_paths() -> None:
    """10,000 rules and 1,000 paths are matched through an index, not one by one."""
    rules = "\n".join(
        f"/services/s{n}/src/**/*.py @team/o{n}" if n % 3 else f"*.e{n} @team/e{n}" for n in range(10_000)
    )
    for dialect in (GITHUB, GITLAB):
        file = parse(rules, dialect)
        before = time.process_time()
        owners = [owners_of(f"services/s{n}/src/a/b.py", file) for n in range(1_000)]
        assert time.process_time() - before < 10
        assert owners[1] == ("@team/o1",)


@pytest.mark.parametrize("dialect", [GITHUB, GITLAB])
def test_hostile_patterns_take_no_time(dialect: str) -> None:
    """No pattern makes matching exponential."""
    before = time.process_time()
    assert owners_of("a" * 3_000, parse("*a" * 40 + "b @x", dialect)) == ()
    assert owners_of("a/" * 1_000 + "x", parse("**/a/" * 40 + "b @x", dialect)) == ()
    assert owners_of("a" * 3_000, parse("*?" * 40 + "b @x", dialect)) == ()
    assert time.process_time() - before < 10


@given(st.text(alphabet="a/*?[]\\!#@^ \t\n-.\u00e9", max_size=60), st.text(alphabet="ab/.\u00e9", max_size=20))
def test_any_text_parses_and_matches(text: str, path: str) -> None:
    """Whatever is written, parsing and matching give an answer."""
    for dialect in (GITHUB, GITLAB):
        file = parse(text, dialect)
        owners_of(path, file)
        owners_of_class(path, file)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Bytes are rules or refused."""
    with contextlib.suppress(Refused):
        read(data, "CODEOWNERS", Limits())
