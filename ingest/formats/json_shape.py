"""The outline of a JSON document from its first bytes, without parsing it: its first object's keys, two levels deep."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*:)?|[{}\[\]"]', re.DOTALL)
_JSON_START = re.compile(r'\s*(?:\{\s*(?:["}]|\Z)|\[\s*(?:[\[{"\]]|\Z))')
_SCALAR = re.compile(r'\s*(?:null|true|false|-?\d[\d.eE+-]*|"[^"\\\n]*")\s*\Z')


class JsonShape(NamedTuple):
    """`keys`: of the first object, and `outer.inner` of objects right inside it. `outer`: object, array or lines."""

    keys: frozenset[str]
    outer: str
    depth: int
    """Deepest nesting seen."""


def looks_like_json(head: str) -> bool:
    """Whether text starts like a JSON object or array, and not like `[INFO]` or a set in braces.

    >>> looks_like_json(' {"a"'), looks_like_json("[INFO] x"), looks_like_json("[]")
    (True, False, True)
    """
    return _JSON_START.match(head) is not None


def is_scalar(head: str) -> bool:
    """Whether the whole text is one JSON value that is neither object nor array."""
    return _SCALAR.match(head) is not None


class _Scan:
    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.path: list[str] = []
        self.open: list[str] = []
        self.base = 0  # depth of the first object
        self.deepest = 0
        self.outer = ""
        self.is_closed = False

    def take(self, token: str, key: str | None) -> bool:
        """One token; True when the outline is complete."""
        if token in ("{", "["):
            return self._open(token)
        if token in ("}", "]"):
            if self.open:
                self.open.pop()
            self.is_closed = self.is_closed or (bool(self.base) and len(self.open) < self.base)
        elif key is not None and not self.is_closed and self.base and self.open[-1:] == ["{"]:
            self._key(key)
        return False

    def _open(self, token: str) -> bool:
        if not self.outer:
            self.outer = "object" if token == "{" else "array"
        elif not self.open and token == "{" and self.outer == "object":
            self.outer = "lines"
            return True
        self.open.append(token)
        self.deepest = max(self.deepest, len(self.open))
        if token == "{" and not self.base and len(self.open) <= 2:
            self.base = len(self.open)
        return self.is_closed and self.outer == "array"

    def _key(self, key: str) -> None:
        level = len(self.open) - self.base
        if level == 0:
            self.path = [key]
            self.keys.add(key)
        elif level == 1 and self.path and "[" not in self.open[self.base :]:
            self.keys.add(f"{self.path[0]}.{key}")


def shape_of(head: str) -> JsonShape:
    """The outline of a document that starts so; a head that ends in the middle is fine.

    >>> shape = shape_of('{"results": {"tests": [{"name": 1')
    >>> sorted(shape.keys), shape.outer, shape.depth
    (['results', 'results.tests'], 'object', 4)
    """
    scan = _Scan()
    for match in _TOKEN.finditer(head):
        token = match[0]
        if token == '"':  # a string that the head cuts off
            break
        if scan.take(token, match[1] if match[2] else None):
            break
    return JsonShape(frozenset(scan.keys), scan.outer, scan.deepest)
