"""The handlers that expat calls for every element of a JUnit file: few steps for a plain case, C for the others.

A case with three attributes, one of them a duration, is only noted; the reader turns a row of them into attempts at
once. A case with one plain child, which most red ones are, is handed over with it. The children of any other case are
built by the C `TreeBuilder`; the element of a case is dropped with it.
"""

from __future__ import annotations

from typing import Protocol
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ingest.errors import Refused
from ingest.formats.bounded import BoundedText
from ingest.formats.junit_children import OUTPUT_TAGS, RESULT_TAGS
from ingest.limits import Limits

CHILDREN_KEPT = 10_000
PLAIN_CHILDREN = frozenset({*RESULT_TAGS, *OUTPUT_TAGS})
_FEW = 20
"""Attributes of a plain child; one with more is looked at closely."""

Attributes = dict[str, str]


class Surroundings(Protocol):
    """What is around an element that is built."""

    def depth(self) -> int:
        """How many elements are open outside."""

    def odd_child(self, tag: str, attrs: Attributes, kept: bool) -> None:
        """A child that is a case itself, or is one too many."""


class Owner(Surroundings, Protocol):
    """What becomes of the elements."""

    def outer_start(self, tag: str, attrs: Attributes) -> str:
        """An element outside cases opens; a tag when it is to be built: `testcase` or one of a suite's own elements."""

    def outer_end(self, tag: str) -> None:
        """An element outside cases closes."""

    def plain(self, case: Attributes) -> object:
        """A case with three attributes, one of them `time`, has ended."""

    def passed(self, case: Attributes) -> None:
        """Any other case without children has ended."""

    def single(self, case: Attributes, tag: str, attrs: Attributes, text: str) -> None:
        """A case has ended whose one child is plain: a result or output, without children and not very long."""

    def built(self, tag: str, attrs: Attributes, element: Element) -> None:
        """A case with children, or an element of a suite, has ended."""


class Children:
    """Builds the element of one case after another; `tag` is that element's, `open` the tags of its open children."""

    def __init__(self, parser: expat.XMLParserType, owner: Surroundings, limits: Limits) -> None:
        self._parser = parser
        self._owner = owner
        self._limits = limits
        self.budget = 4 * limits.text_chars
        self._builder = TreeBuilder()
        self._all = self._builder.start("cases", {})
        self._rest: BoundedText | None = None
        self._room = self.budget
        self._kept = 0
        self._beyond = 0
        self._most_depth = limits.depth
        self.tag = ""
        self.open: list[str] = []

    def begin(self, tag: str, attrs: Attributes) -> None:
        """Start the element of a case, or of a suite."""
        self.tag = tag
        self._kept = 0
        self._room = self.budget
        self._most_depth = self._limits.depth - self._owner.depth() - 1
        self._builder.start(tag, attrs)
        self._parser.CharacterDataHandler = self.data

    def start(self, tag: str, attrs: Attributes) -> None:
        """Open a child."""
        if "}" in tag:
            tag = tag.rpartition("}")[2]
        self.open.append(tag)
        self._kept += 1
        if len(self.open) > self._most_depth or len(attrs) > self._limits.attributes:
            check(self._limits, len(self.open) + self._owner.depth() + 1, attrs, self._parser)
        if self._rest is not None:
            self._settle()
        if tag == "testcase" or self._kept > CHILDREN_KEPT:
            self._owner.odd_child(tag, attrs, self._kept <= CHILDREN_KEPT)
        if self._kept > CHILDREN_KEPT:
            self._beyond += 1
        else:
            self._builder.start(tag, attrs)

    def end(self) -> None:
        """Close the innermost child."""
        tag = self.open.pop()
        if self._rest is not None:
            self._settle()
        if self._beyond:
            self._beyond -= 1
        else:
            self._builder.end(tag)

    def finish(self) -> Element:
        """Close the element of the case, or of the suite."""
        if self._rest is not None:
            self._settle()
        self._parser.CharacterDataHandler = None
        element = self._builder.end(self.tag)
        self._all.clear()
        self.tag = ""
        return element

    def innermost(self) -> str:
        """Tag of the innermost open child, or of a suite's own element; empty when there is none."""
        return self.open[-1] if self.open else "" if self.tag == "testcase" else self.tag

    def data(self, text: str) -> None:
        """Take text of the innermost element."""
        self._room -= len(text)
        if self._room >= 0:
            self._builder.data(text)
            return
        if self._rest is None:
            self._rest = BoundedText(self.budget)
        self._rest.add(text)

    def _settle(self) -> None:
        """What a long text keeps goes into its element."""
        if self._rest is not None:
            self._builder.data(self._rest.text())
            self._rest = None


def check(limits: Limits, depth: int, attrs: Attributes, parser: expat.XMLParserType) -> None:
    """Refuse an element that is nested too deeply or has too many attributes."""
    if depth > limits.depth:
        reason = f"elements are nested deeper than {limits.depth}; raise limits.depth to read it"
        raise Refused("xml-depth", reason, line=parser.CurrentLineNumber)
    if len(attrs) > limits.attributes:
        reason = f"one element has more than {limits.attributes:,} attributes; raise limits.attributes to read it"
        raise Refused("too-large", reason, line=parser.CurrentLineNumber)


class Events:
    """What expat tells of the elements of one reading."""

    __slots__ = (
        "_budget",
        "_case",
        "_child",
        "_child_attrs",
        "_children",
        "_is_building",
        "_is_child_open",
        "_is_inside",
        "_is_plain",
        "_owner",
        "_parser",
        "_pieces",
        "_plain",
        "_room",
    )

    def __init__(self, owner: Owner, children: Children, parser: expat.XMLParserType) -> None:
        self._owner = owner
        self._plain = owner.plain
        self._children = children
        self._parser = parser
        self._case: Attributes | None = None
        self._is_inside = False  # the root element is open
        self._is_plain = False  # a case is open and has no children so far
        self._is_building = False
        self._child = ""  # the one plain child of the open case
        self._is_child_open = False
        self._child_attrs: Attributes = {}
        self._pieces: list[str] = []
        self._budget = self._room = children.budget

    def innermost(self) -> tuple[Attributes | None, str]:
        """(attributes of the open case, tag of its open plain child)."""
        return self._case, self._child if self._is_child_open else ""

    def start(self, tag: str, attrs: Attributes) -> None:
        """An element opens."""
        if self._case is None:
            if tag == "testcase" and self._is_inside:
                self._case = attrs
                self._is_plain = True
            else:
                self._outer_start(tag, attrs)
            return
        self._is_plain = False
        if not self._is_building:
            if not self._child and tag in PLAIN_CHILDREN and len(attrs) <= _FEW:
                self._child, self._child_attrs, self._is_child_open = tag, attrs, True
                self._room = self._budget
                self._parser.CharacterDataHandler = self._data
                return
            self._build()
        self._children.start(tag, attrs)

    def end(self, tag: str) -> None:
        """An element closes."""
        case = self._case
        if case is None:
            self._owner.outer_end(tag)
            self._is_inside = self._owner.depth() > 0
        elif self._is_plain:
            self._is_plain = False
            self._case = None
            if len(case) == 3 and "time" in case:
                self._plain(case)
            else:
                self._owner.passed(case)
        elif self._is_building:
            if self._children.open:
                self._children.end()
                return
            self._case, self._is_building = None, False
            built = self._children.tag
            self._owner.built(built, case, self._children.finish())
        elif self._is_child_open:
            self._is_child_open = False
            self._parser.CharacterDataHandler = None
        else:
            child, text = self._child, "".join(self._pieces)
            self._case, self._child = None, ""
            self._pieces.clear()
            self._owner.single(case, child, self._child_attrs, text)

    def _outer_start(self, tag: str, attrs: Attributes) -> None:
        wanted = self._owner.outer_start(tag, attrs)
        self._is_inside = True
        if wanted:
            self._case = attrs
            self._is_plain = wanted == "testcase"
            if not self._is_plain:
                self._is_building = True
                self._children.begin(wanted, attrs)

    def _data(self, text: str) -> None:
        self._room -= len(text)
        self._pieces.append(text)
        if self._room < 0 and not self._is_building:  # a change of handler brings what is left for the former one
            self._build()

    def _build(self) -> None:
        """The case is not that simple after all: its element is built, from what is known of its first child on."""
        self._is_building = True
        self._children.begin("testcase", {})
        if self._child:
            self._children.start(self._child, self._child_attrs)
            for piece in self._pieces:
                self._children.data(piece)
            self._pieces.clear()
            if not self._is_child_open:
                self._children.end()
            self._child = ""
