"""What reports of JavaScript test tools have in common: error stacks, paths of test files, free key-value texts. Pure.

These reports name test files by absolute paths and do not say where the checkout lies. A path is cut, in this order:

- behind the folder that a CI service checks out into;
- before its first folder with a name that only the inside of a project has, such as `src`, `test` or `packages`;
- behind the folder that all files of the report have in common.

The first two look at one path alone, so that a shard and the whole run give a file the same path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from posixpath import commonpath, dirname
from typing import Any

import msgspec

from ingest.formats.json_reader import plain
from ingest.formats.json_values import error_parts
from ingest.model import Failure

_CHECKOUT = re.compile(
    r"(?:/(?:home|Users)/runner/work/[^/]+/[^/]+"  # GitHub Actions
    r"|/__w/[^/]+/[^/]+|/github/workspace"
    r"|/(?:home|Users)/vsts/work/\d+/s|[A-Za-z]:/a/[^/]+/[^/]+"  # Azure Pipelines; GitHub Actions on Windows
    r"|/home/circleci/project|/root/project"
    r"|/opt/atlassian/pipelines/agent/build"
    r"|/home/travis/build/[^/]+/[^/]+"
    r"|/var/(?:lib/jenkins|jenkins_home)/workspace/[^/]+)/"
)
_PROJECT_FOLDER = re.compile(
    r"/(?<!/usr/)(?:src|tests?|__tests__|specs?|e2e|cypress|integration|packages|apps|libs|features)/"
)
_ABSOLUTE = re.compile(r"/|[A-Za-z]:/")

_FRAME = re.compile(r"^\s+at \S|^\s*❯ ", re.MULTILINE)
_VITEST_TIMEOUT = "STACK_TRACE_ERROR"
"""Stands in Vitest's stack of a test that timed out, in place of the message (seen in 4.1.12 and 5.1.1)."""


def checkout_paths(files: Iterable[str]) -> dict[str, str]:
    """Each file as a path inside the checkout, see the rule above; a relative path stays what it is.

    >>> list(checkout_paths(["/builds/7/shop/src/a.test.js", "D:/a/shop/shop/b.test.js", "./c.js"]).values())
    ['src/a.test.js', 'b.test.js', 'c.js']
    """
    written = {file: file.replace("\\", "/") for file in files}
    inside = {file: _inside(path) for file, path in written.items()}
    unplaced = [path for file, path in written.items() if inside[file] is None]
    return {file: _below(written[file], unplaced) if path is None else path for file, path in inside.items()}


def _inside(path: str) -> str | None:
    """The path inside the checkout as far as the path alone tells it."""
    if not _ABSOLUTE.match(path):
        return path.removeprefix("./")
    checkout = _CHECKOUT.match(path)
    if checkout:
        return path[checkout.end() :]
    folder = _PROJECT_FOLDER.search(path)
    return path[folder.start() + 1 :] if folder else None


def _below(path: str, others: list[str]) -> str:
    """The path below what it has in common with others on its disk."""
    disk = path.partition("/")[0]
    common = commonpath([dirname(other) for other in others if other.partition("/")[0] == disk])
    return path[len(common) :].lstrip("/")


def failure_of_stack(stack: str, message: str = "") -> Failure:
    """A failure from an error's stack: its class, its message, which may have several lines, and all of it.

    >>> failure_of_stack("TypeError: x is null\\n    at a.js:1")
    Failure(type='TypeError', message='x is null', text='TypeError: x is null\\n    at a.js:1')
    """
    text = stack or message
    frame = _FRAME.search(text)
    head = (text[: frame.start()] if frame else text).strip().removeprefix("Uncaught ")
    kind, stated = error_parts(head)
    if stated == _VITEST_TIMEOUT:
        stated = "the test timed out"
    return Failure(kind, message.strip() or stated, text)


def count_of(raw: msgspec.Raw, most: int) -> int:
    """A whole number between 0 and `most`; 0 for anything else, `most` for a larger one."""
    value = plain(raw)
    return max(0, min(value, most)) if isinstance(value, int) and not isinstance(value, bool) else 0


def text_pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Keys with their texts; a key with a list of texts comes once for each.

    >>> text_pairs({"service.peer.name": ["payments", "stock"], "url": "https://x", "n": 1})
    [('service.peer.name', 'payments'), ('service.peer.name', 'stock'), ('url', 'https://x')]
    """
    return [
        (key, item)
        for key, value in values.items()
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, str)
    ]
