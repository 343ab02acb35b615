"""Runs of plain cases, which make up most reports, read without an event of the parser for each. Pure.

expat reads the first case of a run. When it took exactly that for a case and nothing waits in it, then what follows in
the same form, byte by byte, is content of the same element, and well-formed: three attributes with printable ASCII
between double quotes, neither `<` nor `&`. Such a run is taken apart by `str.split`, in a third of the time, and expat
is given blanks of the same shape for it, so that lines, columns and offsets stay right. Whatever looks different in any
way is left to expat.

What is inside a case, the same few failures in most reports, is read by expat once: `Bodies` remembers what it made of
those bytes, and where they come again behind a head of that form, they mean the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol
from xml.parsers import expat

from ingest.model import Failure, Outcome

_OPENS, _ENDS, _BREAKS, _CLOSES = b"<testcase ", b"/>", b'">', b"</testcase>"
_FEWEST_BYTES = 2_000
"""A shorter run is not worth the trouble."""
_LONGEST_SHAPE = 200
"""What stands between two values, white space included; the shapes are remembered."""
_LONGEST_BODY, _MOST_BODIES = 4_000, 1_000
_FUTILE = 16
"""So many new bodies of a piece are looked at closely, and one more for as many cases that are read in runs."""
_PRINTABLE = bytes(range(0x20, 0x7F))
_SHAPE = re.compile(r"\s*/>\s*<testcase\s+(\w+)\s*=\s*")
_ATTRIBUTE = re.compile(r"\s+(\w+)\s*=\s*")
_TAIL = re.compile(r"\s*/>\s*")
_HEAD = re.compile(rb'<testcase(?:\s+\w+\s*=\s*"[^"<]*"){3}\s*(/?)>')
_WANTED = ["classname", "name", "time"]


class Body(NamedTuple):
    """What a case says by its one plain child."""

    result: tuple[Outcome, Failure | None] | None
    """None: it passed, and its output is of no account."""
    message: str
    """As the report has it."""


class Run(NamedTuple):
    """Columns of the cases of a run."""

    classnames: list[str]
    names: list[str]
    times: list[str]
    bodies: dict[int, Body]
    """By place, of those that hold anything."""


class Bodies:
    """What is inside cases, as bytes in ASCII up to the end tag, and what expat made of it; the latest ones."""

    def __init__(self) -> None:
        self._known: dict[bytes, Body] = {}
        self._former: dict[bytes, Body] = {}

    def get(self, body: bytes) -> Body | None:
        """What a body says, if that is known."""
        found = self._known.get(body)
        if found is None and (found := self._former.get(body)) is not None:
            self.learn(body, found)
        return found

    def learn(self, body: bytes, said: Body) -> None:
        """Note what a body says."""
        if len(self._known) >= _MOST_BODIES:
            self._former, self._known = self._known, {}
        self._known[body] = said


BODIES = Bodies()
"""The same ones come in report after report."""


class Cases(Protocol):
    """What becomes of cases."""

    def count_waiting(self) -> int:
        """How many cases with three attributes and at most one plain child the parser has told of."""

    def last_body(self) -> Body | None:
        """What the last of them says; None where its bytes do not mean that everywhere."""

    def take_run(self, run: Run) -> bool:
        """Take a run; False where cases of the open suite mean more than they say."""


def pieces(data: bytes, offset: int, parser: expat.XMLParserType, cases: Cases) -> Iterator[bytes]:
    """What the parser is to be given, one after the other, for a piece of a file.

    Args:
        offset: bytes that the parser was given before.
    """
    start, taken, unknown = 0, 0, 0
    begin = data.find(_OPENS)
    while begin >= 0:
        first_end, body = _case_at(data, begin)
        following = _Following(data, first_end or begin)
        is_new = bool(body) and BODIES.get(body) is None and unknown < _FUTILE + taken // _FUTILE
        if first_end and (is_new or following.is_long):
            unknown += is_new
            yield data[start:begin]
            before, is_between = cases.count_waiting(), parser.CurrentByteIndex == offset + begin
            yield data[begin:first_end]
            start = first_end
            if is_between and cases.count_waiting() == before + 1 and parser.CurrentByteIndex == offset + first_end:
                if is_new and (said := cases.last_body()) is not None:
                    BODIES.learn(body, said)
                run = following.run() if following.is_long else None
                if run is not None and cases.take_run(run):
                    taken += len(run.names)
                    yield _blanks(data[first_end : following.end])
                    start = following.end
        begin = data.find(_OPENS, max(following.end, begin + len(_OPENS)))
    yield data[start:]


def _case_at(data: bytes, begin: int) -> tuple[int, bytes]:
    """(end of the case that begins somewhere, 0 where it is of another form; what it holds, if that may be known)."""
    head = _HEAD.match(data, begin)
    if head is None:
        return 0, b""
    if head[1]:
        return head.end(), b""
    end = data.find(_CLOSES, head.end(), head.end() + _LONGEST_BODY) + len(_CLOSES)
    body = data[head.end() : end]
    return (end, body) if body.isascii() and body else (0, b"")


class _Following:
    """What follows a case: cases that are plain or hold what is known, and end before one that is neither."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self._start = start
        self._heads: list[bytes] = []
        """What stands before each body, and between them."""
        self._bodies: dict[int, Body] = {}
        at, place = start, 0
        while (broken := data.find(_BREAKS, at)) >= 0:
            begin = broken + len(_BREAKS)
            closed = data.find(_CLOSES, begin, begin + _LONGEST_BODY) + len(_CLOSES)
            said = BODIES.get(data[begin:closed])
            if said is None:
                break
            place += data.count(_OPENS, at, broken)
            self._heads.append(data[at : broken + 1])
            self._bodies[place - 1] = said
            at = closed
        self._rest = at
        self.end = max(at, data.rfind(_OPENS, at, broken if broken >= 0 else len(data)))

    @property
    def is_long(self) -> bool:
        """Whether it is worth the trouble."""
        return self.end - self._start >= _FEWEST_BYTES

    def run(self) -> Run | None:
        """All of it as a run, if it is one."""
        closing = b" />" if self._data.find(b'" />', self._start, self.end) >= 0 else b"/>"
        run = run_of(closing.join((*self._heads, self._data[self._rest : self.end])))
        return None if run is None else run._replace(bodies=self._bodies)


def run_of(region: bytes) -> Run | None:
    """The cases of a region that begins behind a case and ends before one; None unless all of it is a run.

    >>> run_of(b'<testcase name="a" classname="b" time="1"/>\\n<testcase name="c" classname="d" time="2"/>')
    Run(classnames=['b', 'd'], names=['a', 'c'], times=['1', '2'], bodies={})
    >>> run_of(b'<testcase name="a" classname="b" time="1"/> <skipped/>')
    """
    if not region.isascii():
        return None
    pieces = region.decode("ascii").split('"')
    number, rest = divmod(len(pieces), 6)
    if rest != 1 or not number:
        return None
    between = pieces[6] if number > 1 else "/>" + pieces[0]
    if max(map(len, (between, pieces[0], pieces[2], pieces[4]))) > _LONGEST_SHAPE:
        return None
    order = _order(between, pieces[2], pieces[4])
    if order is None or not _TAIL.fullmatch(pieces[-1]) or _order("/>" + pieces[0], pieces[2], pieces[4]) != order:
        return None
    is_even = (
        pieces[6:-1:6].count(between) == number - 1
        and pieces[2::6].count(pieces[2]) == number
        and pieces[4::6].count(pieces[4]) == number
    )
    if not is_even or b"&" in region or region.count(b"<") != number:
        return None
    controls = (pieces[0] + between * (number - 1) + (pieces[2] + pieces[4]) * number + pieces[-1]).encode()
    if len(region.translate(None, _PRINTABLE)) != len(controls.translate(None, _PRINTABLE)):
        return None
    columns = (pieces[1::6], pieces[3::6], pieces[5::6])
    classnames, names, times = (columns[place] for place in order)
    return Run(classnames, names, times, {}) if all(classnames) and all(names) else None


@lru_cache(maxsize=256)
def _order(between: str, second: str, third: str) -> tuple[int, int, int] | None:
    """Where class name, name and time stand among the attributes; None where others stand there."""
    found = _SHAPE.fullmatch(between), _ATTRIBUTE.fullmatch(second), _ATTRIBUTE.fullmatch(third)
    names = [match[1] for match in found if match is not None]
    if sorted(names) != _WANTED:
        return None
    return names.index("classname"), names.index("name"), names.index("time")


def _blanks(region: bytes) -> bytes:
    """As many bytes, lines and columns as a region has, without anything in them."""
    last = region.rfind(b"\n") + 1
    lines, tail = region.count(b"\n"), len(region) - last
    return b" " * (last - lines) + b"\n" * lines + b" " * tail
