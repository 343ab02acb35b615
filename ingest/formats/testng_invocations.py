"""Invocations of TestNG's methods: their names, and which of them are retries of another. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from ingest.formats.xml_elements import text_of
from ingest.model import CaseAttempt, Failure, Outcome

_IDENTITY_HASH = re.compile(r"((?:[A-Za-z_$][\w$]*\.)+[\w$]+;?|\[[A-Z][\w$.]*;?)@[0-9a-f]{1,8}(?![\w.@])")
_ASSERTIONS = (
    "AssertionError",
    "AssertionFailedError",
    "ComparisonFailure",
    "AssertionException",
    "MultipleFailuresError",
)
_SKIPS = ("SkipException", "TestNGException")
_DEPENDS = re.compile(r"(?:Method|Test|Group) .{1,2000} depends on (?:not successfully|nonexistent|missing)", re.DOTALL)


class Invocation(NamedTuple):
    """One invocation of a method; `failure` is what it threw, whatever its status; `key` is the same for retries.

    `place` names the `<suite>` and the `<test>` that it ran in.
    """

    attempt: CaseAttempt
    place: tuple[str, str]
    key: tuple[tuple[str, str], str, str]
    failure: Failure
    is_marked: bool


def parameters_of(method: Element) -> list[str]:
    """Texts of the parameters in order; null where there is none."""
    texts = []
    for parameter in method.iterfind("params/param"):
        value = parameter.find("value")
        is_null = value is not None and value.get("is-null") == "true"
        texts.append("null" if is_null or value is None else stable(text_of(value).strip()))
    return texts


def named(method: Element, parameters: list[str]) -> str:
    """The name of an invocation: method, parameters, instance; empty where the report gives none.

    >>> named(Element("m", {"name": "vmfs", "test-instance-name": "vmfs", "signature": "mounts()"}), ["1", "a"])
    'mounts(1, a) @vmfs'
    """
    name, instance = method.get("name", "").strip(), method.get("test-instance-name", "").strip()
    instance = instance or method.get("instance-name", "").strip()
    written = method.get("signature", "").partition("(")[0].strip()
    if written and (not name or name == instance):
        name = written
    if not name:
        return ""
    brackets = f"({', '.join(parameters)})" if parameters else ""
    return f"{name}{brackets}{f' @{stable(instance)}' if instance and instance != name else ''}"


def is_assertion(kind: str) -> bool:
    """Whether an exception class is one of an assertion.

    >>> is_assertion("java.lang.AssertionError"), is_assertion("java.io.IOException"), is_assertion("")
    (True, False, True)
    """
    return not kind or kind.endswith(_ASSERTIONS)


def in_order(invocations: list[Invocation], marks_retries: bool) -> Iterator[Invocation]:
    """The invocations in the order of first occurrence, attempts of one test together, retried ones first."""
    groups: dict[tuple[tuple[str, str], str, str], list[Invocation]] = {}
    for invocation in invocations:
        groups.setdefault(invocation.key, []).append(invocation)
    for group in groups.values():
        retried: list[Invocation] = []
        others: list[Invocation] = []
        for one in group:
            is_retried = one.is_marked or (not marks_retries and _looks_retried(one, len(group)))
            (retried if is_retried else others).append(one)
        is_marked = bool(retried) and retried[0].is_marked
        if not retried or (len(others) != 1 and not is_marked):
            yield from group
            continue
        retried.sort(key=lambda one: one.attempt.started_ms or 0)
        for number, one in enumerate([*map(_as_failed, retried), *others[:1]]):
            yield one._replace(attempt=one.attempt._replace(retry=number))
        yield from others[1:]


def _looks_retried(one: Invocation, group_size: int) -> bool:
    """Whether a skipped invocation of an older TestNG is one that failed and was retried."""
    if one.attempt.outcome != Outcome.SKIPPED or group_size < 2 or not one.failure.type:
        return False
    return not one.failure.type.endswith(_SKIPS) and not _DEPENDS.match(one.failure.message)


def _as_failed(one: Invocation) -> Invocation:
    """A retried invocation as what it was: TestNG calls it skipped."""
    if one.attempt.outcome != Outcome.SKIPPED or one.failure.type.endswith(_SKIPS):
        return one
    outcome = Outcome.FAILED if is_assertion(one.failure.type) else Outcome.ERRORED
    return one._replace(attempt=one.attempt._replace(outcome=outcome, failure=one.failure))


def stable(text: str) -> str:
    """Text without the identity hashes of Java objects, which differ in every run.

    >>> stable("wolf.Cart@1b6d3586"), stable("[Ljava.lang.String;@7f31245a"), stable("ann@cafe.org")
    ('wolf.Cart', '[Ljava.lang.String;', 'ann@cafe.org')
    """
    return _IDENTITY_HASH.sub(r"\1", text) if "@" in text else text
