"""Builds the element of one test case that has children, or of one element of a suite; text is kept within bounds."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement
from xml.parsers import expat

from ingest.formats.bounded import BoundedText
from ingest.formats.notes import Notes
from ingest.limits import Limits

_CHILDREN_KEPT = 10_000


class Builder:
    """One element at a time. Asks the parser for text only while an element is being built."""

    def __init__(self, limits: Limits, notes: Notes) -> None:
        self._room = 4 * limits.text_chars
        self._notes = notes
        self._open: list[Element] = []
        self._mute: Element | None = None
        self._long: dict[Element, BoundedText] = {}
        self._children = 0

    def attach(self, parser: expat.XMLParserType) -> None:
        """Take the parser."""
        self._parser = parser

    def begin(self, element: Element, wants_text: bool) -> None:
        """Start with the outermost element; its own text is dropped unless wanted."""
        self._open = [element]
        self._mute = None if wants_text else element
        self._children = 0
        self._parser.CharacterDataHandler = self._data

    def child(self, tag: str, attrs: dict[str, str]) -> None:
        """Open an element inside the innermost open one."""
        self._children += 1
        if tag == "testcase":
            self._notes.add("a test case inside a test case is not counted", attrs.get("name", ""))
        if self._children > _CHILDREN_KEPT:
            self._notes.add(f"more than {_CHILDREN_KEPT:,} elements inside one case; the rest is left out")
            self._open.append(Element(tag))
        else:
            self._open.append(SubElement(self._open[-1], tag, attrs))

    def end(self) -> Element | None:
        """Close the innermost open element; the outermost one when it is complete."""
        element = self._open.pop()
        if self._long:
            text = self._long.pop(element, None)
            if text is not None:
                element.text = text.text()
        if self._open:
            return None
        self._parser.CharacterDataHandler = None
        return element

    def innermost(self) -> str:
        """Tag of the innermost open element, empty when none is open."""
        return self._open[-1].tag if self._open else ""

    def _data(self, text: str) -> None:
        element = self._open[-1]
        if element is self._mute:
            return
        if element.text is None and not self._long and len(text) <= self._room:
            element.text = text
            return
        collected = self._long.get(element)
        if collected is None:
            collected = self._long[element] = BoundedText(self._room)
            collected.add(element.text or "")
        collected.add(text)
