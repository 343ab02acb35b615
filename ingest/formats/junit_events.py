"""The handlers that expat calls for every element of a JUnit file: few steps for a plain case, C for the others.

They are closures, because a method's attribute look-ups would cost as much as all the rest. A case with three
attributes, one of them a duration, is only noted; the reader turns a row of them into attempts at once. A case with one
plain child, which most red ones are, is handed over with it. The children of any other case are built by the C
`TreeBuilder`; the element of a case is dropped with it.
"""

from __future__ import annotations

from collections.abc import Callable
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


def handlers(  # noqa: C901 - closures over one state
    owner: Owner, children: Children, parser: expat.XMLParserType
) -> tuple[Callable[[str, Attributes], None], Callable[[str], None], Callable[[], tuple[Attributes | None, str]]]:
    """Start handler, end handler, and a look at the attributes of the open case and the tag of its open plain child."""
    case: Attributes | None = None
    is_inside = False  # the root element is open
    is_plain = False  # a case is open and has no children so far
    is_building = False
    child = ""  # the one plain child of the open case
    is_child_open = False
    child_attrs: Attributes = {}
    pieces: list[str] = []
    room = 0
    budget = children.budget
    plain, single = owner.plain, owner.single

    def data(text: str) -> None:
        nonlocal room
        room -= len(text)
        pieces.append(text)
        if room < 0 and not is_building:  # a change of handler brings what is left for the former one
            build()

    def build() -> None:
        """The case is not that simple after all: its element is built, from what is known of its first child on."""
        nonlocal is_building, child
        is_building = True
        children.begin("testcase", {})
        if child:
            children.start(child, child_attrs)
            for piece in pieces:
                children.data(piece)
            pieces.clear()
            if not is_child_open:
                children.end()
            child = ""

    def start(tag: str, attrs: Attributes) -> None:
        nonlocal case, is_inside, is_plain, is_building, child, is_child_open, child_attrs, room
        if case is None:
            if tag == "testcase" and is_inside:
                case = attrs
                is_plain = True
                return
            wanted = owner.outer_start(tag, attrs)
            is_inside = True
            if wanted:
                case = attrs
                is_plain = wanted == "testcase"
                if not is_plain:
                    is_building = True
                    children.begin(wanted, attrs)
            return
        is_plain = False
        if not is_building:
            if not child and tag in PLAIN_CHILDREN and len(attrs) <= _FEW:
                child, child_attrs, is_child_open, room = tag, attrs, True, budget
                parser.CharacterDataHandler = data
                return
            build()
        children.start(tag, attrs)

    def end(tag: str) -> None:
        nonlocal case, is_inside, is_plain, is_building, child, is_child_open
        if is_plain and case is not None:
            is_plain = False
            attrs, case = case, None
            if len(attrs) == 3 and "time" in attrs:
                plain(attrs)
            else:
                owner.passed(attrs)
        elif case is None:
            owner.outer_end(tag)
            is_inside = owner.depth() > 0
        elif is_building:
            if children.open:
                children.end()
                return
            attrs, case, is_building = case, None, False
            built = children.tag
            owner.built(built, attrs, children.finish())
        elif is_child_open:
            is_child_open = False
            parser.CharacterDataHandler = None
        else:
            attrs, case, text = case, None, "".join(pieces)
            tag, child = child, ""
            pieces.clear()
            single(attrs, tag, child_attrs, text)

    return start, end, lambda: (case, child if is_child_open else "")
