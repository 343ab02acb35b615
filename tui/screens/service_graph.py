"""The services around one, drawn in text: who uses it on the left, what it depends on on the right. Pure.

Two steps are drawn in each direction; what lies beyond is counted. A service with red tests stands out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tui.widgets.pieces import Line, Piece, clip_line, fit, line, width_of

SHOWN = 2
"""Neighbours of a neighbour that are named."""


@dataclass(frozen=True, slots=True)
class Signs:
    """How the lines between services are drawn."""

    first: str
    middle: str
    last: str
    only: str
    through: str
    step: str


UNICODE = {"left": Signs("─┐", "─┤", "─┘", "──", " │", " › "), "right": Signs("┌─", "├─", "└─", "──", "│ ", " › ")}
ASCII = {"left": Signs("-.", "-|", "-'", "--", " |", " > "), "right": Signs(".-", "|-", "'-", "--", "| ", " > ")}


def service_graph(
    name: str,
    users: Callable[[str], Sequence[str]],
    needs: Callable[[str], Sequence[str]],
    red: Callable[[str], int],
    width: int,
    *,
    is_plain: bool = False,
) -> list[Line]:
    """Lines of the graph; one above the other where there is no room beside each other.

    Args:
        users: services that call a service.
        needs: services that a service calls.
        red: tests that are red now by service.
    """
    signs = ASCII if is_plain else UNICODE
    left = [_chain(one, name, users, red, signs["left"].step, is_left=True) for one in users(name)]
    right = [_chain(one, name, needs, red, signs["right"].step, is_left=False) for one in needs(name)]
    middle = (*line(" "), *_node(name, red, tone="strong"), *line(" "))
    wide = max((width_of(one) for one in left), default=0)
    far = max((width_of(one) for one in right), default=0)
    if wide + far + width_of(middle) + 6 <= width:
        return _beside(left, middle, right, signs, wide)
    return _below(left, middle, right, signs["right"], width)


def _node(name: str, red: Callable[[str], int], tone: str = "text") -> Line:
    number = red(name)
    return line((name, "bad"), (f" {number} red", "bad")) if number else line((name, tone))


def _chain(
    name: str,
    origin: str,
    following: Callable[[str], Sequence[str]],
    red: Callable[[str], int],
    step: str,
    *,
    is_left: bool,
) -> Line:
    """A neighbour with its own, those beyond named or counted."""
    beyond = [one for one in following(name) if one not in (name, origin)]
    text = ", ".join(beyond[:SHOWN]) + (f" +{len(beyond) - SHOWN}" if len(beyond) > SHOWN else "")
    node = _node(name, red)
    if not beyond:
        return node
    return (*line((f"{text}{step}", "muted")), *node) if is_left else (*node, *line((f"{step}{text}", "muted")))


def _beside(left: list[Line], middle: Line, right: list[Line], signs: dict[str, Signs], wide: int) -> list[Line]:
    height = max(len(left), len(right), 1)
    centre = (height - 1) // 2
    lines = []
    for n in range(height):
        before = _side(left, n, height, centre, signs["left"])
        after = _side(right, n, height, centre, signs["right"])
        own = middle if n == centre else line(" " * width_of(middle))
        first = (*fit(before[0], wide, "right"), *line((f" {before[1]}", "faint"))) if left else ()
        second = (*line((after[1], "faint")), *line(" "), *after[0]) if right else ()
        lines.append((*first, *own, *second))
    return lines


def _side(items: list[Line], n: int, height: int, centre: int, signs: Signs) -> tuple[Line, str]:
    """(neighbour, sign) of a line of the graph; a line without a neighbour leads on to the middle."""
    top = centre - (len(items) - 1) // 2
    place = n - top
    if not 0 <= place < len(items):
        return (), "  "
    if len(items) == 1:
        return items[0], signs.only
    return items[place], signs.first if place == 0 else signs.last if place == len(items) - 1 else signs.middle


def _below(left: list[Line], middle: Line, right: list[Line], signs: Signs, width: int) -> list[Line]:
    lines: list[Line] = [line(("used by", "muted"))] if left else []
    lines += [(Piece(f"  {signs.middle} ", "faint"), *one) for one in left]
    lines.append(middle)
    lines += [line(("depends on", "muted"))] if right else []
    lines += [(Piece(f"  {signs.last if one is right[-1] else signs.middle} ", "faint"), *one) for one in right]
    return [clip_line(one, width) for one in lines]
