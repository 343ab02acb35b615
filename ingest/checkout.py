"""Where a test file lies inside its checkout. Pure: it looks at paths and never at a disk.

Many reports name test files by absolute paths and do not say where the checkout lies; rules of CODEOWNERS that begin
at its root match none of them. A path is cut, in this order:

- behind the folder that a CI service checks out into;
- before its first folder with a name that only the inside of a project has, such as `src`, `test` or `packages`;
- behind a folder that these two found for other files of the report.

The first two look at one path alone, so that a shard and the whole run give a file the same path. Whatever is left
stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from posixpath import commonpath, dirname

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
_MOST_ROOTS, _MOST_SEEN = 100, 10_000
"""Checkouts, and files that were looked at, that are remembered of one report."""


class CheckoutPaths:
    """Paths of one report."""

    def __init__(self) -> None:
        self._seen: set[str | None] = set()
        self._roots: list[str] = []

    def learn(self, files: Iterable[str | None]) -> None:
        """Take the test files of some attempts, before any of them is cut."""
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        for file in dict.fromkeys(files):
            if file is None or file in self._seen or len(self._roots) >= _MOST_ROOTS:
                continue
            self._seen.add(file)
            path = file.replace("\\", "/")
            inside = _inside(path) if _ABSOLUTE.match(path) else None
            root = path[: -len(inside)] if inside else ""
            if root.count("/") > 1 and root not in self._roots:
                self._roots.append(root)

    def cut(self, file: str) -> tuple[str, bool]:
        """(a file as a path inside the checkout, whether the path alone tells that).

        >>> paths = CheckoutPaths()
        >>> paths.learn(["/w/shop/src/a.js", "/w/shop/b.js"])
        >>> paths.cut("/w/shop/src/a.js"), paths.cut("/w/shop/b.js"), paths.cut("/opt/c.js")
        (('src/a.js', True), ('b.js', False), ('/opt/c.js', False))
        """
        path = file.replace("\\", "/")
        if not _ABSOLUTE.match(path):
            return file, True
        inside = _inside(path)
        if inside:
            return inside, True
        roots = [root for root in self._roots if path.startswith(root) and path != root]
        return (path[len(max(roots, key=len)) :] if roots else file), False


def checkout_paths(files: Iterable[str]) -> dict[str, str]:
    """Each file of a whole report as a path inside the checkout; a relative path stays what it is.

    What the first two rules leave is cut behind the folder that all such files have in common.

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
