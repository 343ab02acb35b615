"""Runs of plain cases, which make up most reports, read without an event of the parser for each. Pure.

expat reads the first case of a run. When it took exactly that for a plain case and nothing waits in it, then what
follows in the same form, byte by byte, is content of the same element, and well-formed: three attributes with printable
ASCII between double quotes, neither `<` nor `&`. Such a run is taken apart by `str.split`, in a third of the time, and
expat is given blanks of the same shape for it, so that lines, columns and offsets stay right. Whatever looks different
in any way is left to expat.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple
from xml.parsers import expat

_OPENS, _ENDS, _BREAKS = b"<testcase ", b"/>", b'">'
_FEWEST_BYTES = 2_000
"""A shorter run is not worth the trouble."""
_LONGEST_SHAPE = 200
"""What stands between two values, white space included; the shapes are remembered."""
_PRINTABLE = bytes(range(0x20, 0x7F))
_SHAPE = re.compile(r"\s*/>\s*<testcase\s+(\w+)\s*=\s*")
_ATTRIBUTE = re.compile(r"\s+(\w+)\s*=\s*")
_TAIL = re.compile(r"\s*/>\s*")
_WANTED = ["classname", "name", "time"]


class Run(NamedTuple):
    """Columns of the cases of a run."""

    classnames: list[str]
    names: list[str]
    times: list[str]


def pieces(
    data: bytes, offset: int, parser: expat.XMLParserType, count_waiting: Callable[[], int], take: Callable[[Run], bool]
) -> Iterator[bytes]:
    """What the parser is to be given, one after the other, for a piece of a file.

    Args:
        offset: bytes that the parser was given before.
        count_waiting: how many plain cases the parser has told of.
        take: takes a run; False where cases of the open suite are no plain ones.
    """
    start = 0
    for begin, first_end, end in _places(data):
        yield data[start:begin]
        before, is_between = count_waiting(), parser.CurrentByteIndex == offset + begin
        yield data[begin:first_end]
        start = first_end
        if is_between and count_waiting() == before + 1 and parser.CurrentByteIndex == offset + first_end:
            run = run_of(data[first_end:end])
            if run is not None and take(run):
                yield _blanks(data[first_end:end])
                start = end
    yield data[start:]


def _places(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(begin, end of the first case, end) of what may be runs."""
    begin = data.find(_OPENS)
    while begin >= 0:
        broken = data.find(_BREAKS, begin)
        end = data.rfind(_OPENS, begin, broken if broken >= 0 else len(data))
        if end - begin >= _FEWEST_BYTES:
            first_end = data.find(_ENDS, begin, end) + len(_ENDS)
            if first_end > begin and data.count(b"<", begin, first_end) == 1:
                yield begin, first_end, end
        begin = data.find(_OPENS, broken) if broken >= 0 else -1


def run_of(region: bytes) -> Run | None:
    """The cases of a region that begins behind a case and ends before one; None unless all of it is a run.

    >>> run_of(b'<testcase name="a" classname="b" time="1"/>\\n<testcase name="c" classname="d" time="2"/>')
    Run(classnames=['b', 'd'], names=['a', 'c'], times=['1', '2'])
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
    run = Run(*(columns[place] for place in order))
    return run if all(run.classnames) and all(run.names) else None


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
