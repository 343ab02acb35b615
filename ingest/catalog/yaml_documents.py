"""YAML of strangers -> plain documents, one bad document costing only itself.

Built from parser events and not by a constructor: scalars stay as written (a version `1.10` is no number), tags run
nothing, nesting is counted while reading, and an alias is counted with all that it stands for, so that a few lines
cannot unfold into millions of nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from ingest.errors import Refused
from ingest.limits import Limits

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MARKER = re.compile(r"^(?:---(?=[ \t]|$)|\.\.\.[ \t]*$)", re.MULTILINE)
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_MOST_NODES = 1_000_000
_MOST_DOCUMENTS = 50_000
_MOST_UNFOLDED = 100_000
"""Nodes that the aliases of one document may stand for."""


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document of a file: its value, or the problem that kept it from being read."""

    line: int
    value: Any = None
    problem: str = ""


class _Unreadable(Exception):
    """A document that is not taken; the text says why."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


def split_documents(text: str, limits: Limits) -> Iterator[YamlDocument]:
    """The documents of a file, in its order; empty ones are left out.

    A document marker ends every YAML construct, so cutting there is safe and a broken document cannot take its
    neighbours with it.

    Raises:
        Refused: `too-large`, more than 50,000 documents.
    """
    start, line = 0, 1
    markers = list(_MARKER.finditer(text))
    if len(markers) > 2 * _MOST_DOCUMENTS:
        raise Refused("too-large", f"more than {_MOST_DOCUMENTS} documents in one file: split it")
    for marker in [*markers, None]:
        end = len(text) if marker is None else marker.start()
        part = text[start:end]
        if any(row.strip() and not row.lstrip().startswith(("#", "%")) for row in part.split("\n")):
            yield _read(part, line, limits)
        if marker is not None:
            line += text.count("\n", start, marker.end())
            start = marker.end()


def _read(part: str, line: int, limits: Limits) -> YamlDocument:
    """One document; the line is that of the text's first row in the file."""
    first = line + next(number for number, row in enumerate(part.split("\n")) if row.strip())
    body = re.sub(r"^%.*$", "", part, flags=re.MULTILINE) if part.lstrip().startswith("%") else part
    try:
        return YamlDocument(first, _Builder(limits.depth).build(body))
    except _Unreadable as problem:
        return YamlDocument(line + problem.line, problem=str(problem))
    except yaml.MarkedYAMLError as error:
        at = getattr(error.problem_mark, "line", 0)
        return YamlDocument(line + at, problem=f"no valid YAML: {error.problem or 'cannot be parsed'}")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return YamlDocument(first, problem=f"no valid YAML: {str(error)[:200]}")


@dataclass(slots=True)
class _Collection:
    """A mapping or sequence that is being filled."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    line: int
    size: int = 1
    key: Any = None
    has_key: bool = False


@dataclass(slots=True)
class _Builder:
    """Turns parser events into dicts, lists, strings and None."""

    depth: int
    _stack: list[_Collection] = field(default_factory=list)
    _anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    _nodes: int = 0
    _unfolded: int = 0
    _root: Any = None

    def build(self, text: str) -> Any:
        """The value of a document."""
        for event in yaml.parse(text, Loader=_Loader):
            line = getattr(event.start_mark, "line", 0)
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event, line)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event.anchor or "", line)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self._open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor, line)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self._close()
        return self._root

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        value = None if event.implicit[0] and event.value in _NULLS else event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(value, 1, line)

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self._anchors:
            raise _Unreadable(f"the alias *{anchor[:50]} is not defined before", line)
        value, size = self._anchors[anchor]
        self._unfolded += size
        if self._unfolded > _MOST_UNFOLDED:
            raise _Unreadable(f"its aliases unfold to more than {_MOST_UNFOLDED} nodes", line)
        self._add(value, size, line)

    def _open(self, value: dict[str, Any] | list[Any], anchor: str | None, line: int) -> None:
        if len(self._stack) >= self.depth:
            raise _Unreadable(f"nested deeper than the {self.depth} levels of limits.depth", line)
        self._stack.append(_Collection(value, anchor, line))

    def _close(self) -> None:
        done = self._stack.pop()
        if done.anchor:
            self._anchors[done.anchor] = (done.value, done.size)
        self._add(done.value, done.size, done.line)

    def _add(self, value: Any, size: int, line: int) -> None:
        """Put a finished value where it belongs."""
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise _Unreadable(f"more than {_MOST_NODES} nodes", line)
        if not self._stack:
            self._root = value
            return
        parent = self._stack[-1]
        parent.size += size
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif not parent.has_key:
            parent.key, parent.has_key = value, True
        else:
            parent.has_key = False
            _set(parent.value, parent.key, value)


def _set(target: dict[str, Any], key: Any, value: Any) -> None:
    """A mapping's entry; `<<` brings in the entries of others that the mapping does not have itself."""
    if key == "<<":
        for source in value if isinstance(value, list) else [value]:
            for name, inherited in source.items() if isinstance(source, dict) else ():
                target.setdefault(name, inherited)
    elif isinstance(key, str):
        target[key] = value
