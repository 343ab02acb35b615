"""Names of test cases in Allure 2 results: the same for every run, adapter by adapter. Pure.

- Class name and name come from what stays: the labels `testClass` and `testMethod`, else `fullName`; a title set by
  the test (`@allure.title`, `@DisplayName`) may hold values of the day and names a case only where nothing else does.
- JavaScript: the class name is the test file, the name the suites and the title, joined by ` > `.
- Parameters that are not `excluded` belong to the name, unless it has them in brackets already, as in pytest; Allure
  tells tests from retries by the same rule. Places such as `:12:5` do not belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

NO_NAME = "(no name)"
_PLACE = re.compile(r"(?::\d+){1,2}$")
_SCRIPT = re.compile(r"(?:[^:/\\]*:)?(?P<file>[^:]+\.[cm]?[jt]sx?): ?(?P<titles>.+)", re.DOTALL)
_FILE = re.compile(r".+\.[A-Za-z]{1,8}")
_SUITES = ("parentSuite", "suite", "subSuite")


class Written(NamedTuple):
    """What a result says of its name."""

    name: str
    full_name: str
    title_path: Sequence[str]
    labels: Mapping[str, Sequence[str]]
    parameters: Sequence[tuple[str, str]]
    """Those that are not excluded."""


class CaseName(NamedTuple):
    """Class name, name and file of a test case."""

    classname: str
    name: str
    file: str | None


def name_of(written: Written) -> CaseName:
    """The names of a test case.

    >>> labels = {"testClass": ["shop.CartTest"], "testMethod": ["adds"]}
    >>> name_of(Written("Adds 2 things today", "shop.CartTest.adds", (), labels, [("n", "2")]))
    CaseName(classname='shop.CartTest', name='adds [n=2]', file=None)
    """
    classname, name, file = _bare(written)
    return CaseName(classname, _with_parameters(name or NO_NAME, written.parameters), file or _file_of(written))


def _bare(written: Written) -> tuple[str, str, str]:
    labels, name = written.labels, written.name.strip()
    method = _first(labels, "testMethod") or _first(labels, "method")
    owner = _first(labels, "testClass") or _first(labels, "class")
    if owner and method:
        return owner, _stable(name, method), ""
    full = _PLACE.sub("", written.full_name.strip())
    script = _SCRIPT.fullmatch(full)
    if script:
        return script["file"], script["titles"], script["file"]
    owner, mark, method = full.rpartition("#")
    if mark and owner and method:
        return *_python_or_path(owner, _stable(name, method), method), ""
    for mark in (".", "::", "/", " > ", ": "):
        if name and full.endswith(mark + name):
            return full[: -len(mark + name)], name, ""
    suites = " > ".join(text for key in _SUITES if (text := _first(labels, key)))
    return suites or _first(labels, "package"), name or full, ""


def _stable(name: str, method: str) -> str:
    """The name where it is the method's with something behind it, else the method.

    >>> _stable("test_codes[TEN]", "test_codes"), _stable("A fine title", "test_codes")
    ('test_codes[TEN]', 'test_codes')
    """
    rest = name.removeprefix(method)
    return name if rest != name and not rest[:1].isalnum() else method


def _python_or_path(owner: str, name: str, method: str) -> tuple[str, str]:
    """Owner and name; allure-pytest puts a part of a parameter with `::` into the owner.

    >>> _python_or_path("tests.test_a.TestB.test_c[a/b", "test_c[a/b::d]", "test_c")
    ('tests.test_a.TestB', 'test_c[a/b::d]')
    """
    if "[" in owner:
        owner = owner[: owner.index("[")].removesuffix(f".{method}")
    return _PLACE.sub("", owner), name


def _with_parameters(name: str, parameters: Sequence[tuple[str, str]]) -> str:
    if not parameters or (name.endswith("]") and "[" in name):
        return name
    pairs = dict.fromkeys(f"{key}={value}" if key else value for key, value in parameters)
    return f"{name} [{', '.join(pairs)}]"


def _file_of(written: Written) -> str | None:
    """The test file, where the path of titles begins with folders."""
    path = list(written.title_path)
    for length, part in enumerate(path, 1):
        if _FILE.fullmatch(part):
            return "/".join(path[:length])
    return None


def _first(labels: Mapping[str, Sequence[str]], key: str) -> str:
    return next((text.strip() for text in labels.get(key, ()) if text.strip()), "")
