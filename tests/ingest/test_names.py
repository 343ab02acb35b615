"""What changes from run to run is no part of a test's identity; everything else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.names import normalise_name

UUID = "1f0e4c8a-7a70-4bdb-9d2f-0e5a3c3b1a11"


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        (f"creates order {UUID}", "creates order <uuid>"),
        (f"test_get[{UUID.upper()}-x]", "test_get[<uuid>-x]"),
        ("test[<Foo object at 0x7f8b1c0d2e50>]", "test[<Foo object at <address>>]"),
        ("test[<Foo object at 0x55e1d0>]", "test[<Foo object at <address>>]"),
        ("test[127.0.0.1:54321]", "test[127.0.0.1:<port>]"),
        ("test[10.2.0.17:49152]", "test[<address>:<port>]"),
        ("test[172.17.0.2:5432-on]", "test[<address>:<port>-on]"),
        ("test[172.32.0.2:5432]", "test[172.32.0.2:<port>]"),
        ("test[localhost:8080-a]", "test[localhost:<port>-a]"),
        ("test([::1]:443)", "test([::1]:<port>)"),
        ("fetches (http://shop.test:8080/cart)", "fetches (http://shop.test:<port>/cart)"),
        ('connects to "127.0.0.1:5432"', 'connects to "127.0.0.1:<port>"'),
        ("starts with localhost:5432", "starts with localhost:<port>"),
        ("test[2026-01-01T10:00:00.123Z]", "test[<time>]"),
        ("backup of 2026-01-01 10:00:00+02:00", "backup of <time>"),
        ("test[1767225600]", "test[<time>]"),
        ("test[a-1767225600123]", "test[a-<time>]"),
    ],
)
def test_volatile_parts_are_replaced(name: str, identity: str) -> None:
    """UUIDs, addresses and times of day anywhere; ports and epochs among the parameters."""
    assert normalise_name(name) == identity


@pytest.mark.parametrize(
    "name",
    [
        "test_login",
        "test_add[1-2-3]",
        "test_add[10000]",
        "handles 1767225600 items",
        "listens on 127.0.0.1:80",
        "test_date[2026-01-01]",
        "test_error[0x80070005]",
        "test_mask[0xff]",
        "test_big[17000000001234]",
        "test_version[1.2.3.4]",
        "test_time[12:30]",
        "",
    ],
)
def test_other_numbers_tell_tests_apart(name: str) -> None:
    """Counts, dates, codes and versions are test data."""
    assert normalise_name(name) == name


PARTS = st.sampled_from(
    ["[", "]", "(", "::1", "127.0.0.1", ":", "8080", "localhost", UUID, "0x7f8b1c0d2e50", "at ", "-", " with ", '"',
     "2026-01-01T10:00:00", "Z", "1767225600", "123", "<", ">", "a", "://h"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=12).map("".join) | st.text(max_size=60))
def test_normalising_twice_changes_nothing(name: str) -> None:
    """An identity is its own identity."""
    once = normalise_name(name)
    assert normalise_name(once) == once
