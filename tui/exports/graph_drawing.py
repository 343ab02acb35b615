"""The service graph as a picture: callers left of what they call, red tests in their boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tui import present
from tui.colours import Scheme
from tui.exports.drawings import LEFT, LINE, TOP, tone
from tui.exports.pictures import CELL_PX, Box, Picture, Shape, Stroke, Words, fitted, framed

if TYPE_CHECKING:
    from tui.answers.services import ServiceRow

_CELLS = 22
_BOX = (_CELLS * CELL_PX + 12, 34.0)
_GAP = (70.0, 14.0)
_PASSES = 4


def graph_picture(rows: Sequence[ServiceRow], scheme: Scheme) -> Picture:
    """Every service with what it depends on; a box stands one column right of the last that calls it."""
    by_name = {row.name: row for row in rows}
    calls = {row.name: [name for name in row.depends_on if name in by_name] for row in rows}
    layers = layers_of(calls)
    places = _places(layers, calls)
    shapes: list[Shape] = [Words(LEFT, TOP, "services, callers on the left", tone(scheme, "strong"), is_bold=True)]
    for name, targets in calls.items():
        for target in targets:
            is_hot = by_name[name].red_now > 0 and by_name[target].red_now > 0
            shapes.append(_edge(places[name], places[target], tone(scheme, "bad" if is_hot else "faint"), is_hot))
    for name, (x, y) in places.items():
        shapes += _node(by_name[name], x, y, scheme)
    return framed("service graph", shapes, scheme.background)


def layers_of(calls: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Columns: a service stands right of all that call it; calls that go round are cut where they close.

    >>> layers_of({"web": ["cart", "pay"], "cart": ["pay"], "pay": ["web"]})
    {'web': 0, 'cart': 1, 'pay': 2}
    """
    called = {target for targets in calls.values() for target in targets}
    order: list[str] = []
    state: dict[str, int] = {}
    for start in sorted(calls, key=lambda name: (name in called, name)):
        stack = [(start, iter(calls[start]))] if start not in state else []
        state.setdefault(start, 1)
        while stack:
            name, targets = stack[-1]
            following = next((target for target in targets if target not in state), None)
            if following is None:
                stack.pop()
                state[name] = 2
                order.append(name)
            else:
                state[following] = 1
                stack.append((following, iter(calls[following])))
    place = {name: n for n, name in enumerate(reversed(order))}
    layers = dict.fromkeys(place, 0)
    for name in place:
        for target in calls[name]:
            if place[target] > place[name]:
                layers[target] = max(layers[target], layers[name] + 1)
    return {name: layers[name] for name in calls}


def _places(layers: Mapping[str, int], calls: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, float]]:
    """Left upper corners: within a column near the middle of the neighbours, to have fewer lines cross."""
    columns: dict[int, list[str]] = {}
    for name in sorted(layers):
        columns.setdefault(layers[name], []).append(name)
    near: dict[str, list[str]] = {name: list(targets) for name, targets in calls.items()}
    for name, targets in calls.items():
        for target in targets:
            near[target].append(name)
    rank = {name: float(n) for names in columns.values() for n, name in enumerate(names)}
    for _ in range(_PASSES):
        for names in columns.values():
            middle = {
                name: sum(rank[one] for one in near[name]) / len(near[name]) if near[name] else rank[name]
                for name in names
            }
            names.sort(key=lambda name: (middle[name], name))
            rank.update((name, float(n)) for n, name in enumerate(names))
    tallest = max((len(names) for names in columns.values()), default=0)
    step = _BOX[1] + _GAP[1]
    return {
        name: (
            LEFT + column * (_BOX[0] + _GAP[0]),
            TOP + LINE + (tallest - len(names)) * step / 2 + n * step,
        )
        for column, names in columns.items()
        for n, name in enumerate(names)
    }


def _edge(start: tuple[float, float], end: tuple[float, float], colour: str, is_hot: bool) -> Stroke:
    """From the right side of a box to the left side of another; back round below where that stands left of it."""
    x, y = start[0] + _BOX[0], start[1] + _BOX[1] / 2
    to_x, to_y = end[0], end[1] + _BOX[1] / 2
    half = _GAP[0] / 2
    if to_x >= x:
        points: tuple[tuple[float, float], ...] = ((x, y), (x + 10, y), (to_x - 10, to_y), (to_x, to_y))
    else:
        low = max(start[1], end[1]) + _BOX[1] + _GAP[1] / 2
        points = (
            (x, y),
            (x + half / 2, y),
            (x + half / 2, low),
            (to_x - half / 2, low),
            (to_x - half / 2, to_y),
            (to_x, to_y),
        )
    return Stroke(points, colour, 1.8 if is_hot else 1.2)


def _node(row: ServiceRow, x: float, y: float, scheme: Scheme) -> list[Shape]:
    colour = tone(scheme, "bad" if row.red_now else "muted")
    red = f"{row.red_now} of {row.tests} red" if row.tests else "no test"
    owner = present.owners_text((row.owner,)) if row.owner else "unowned"
    said = fitted(f"{red}, {owner}", _CELLS)
    return [
        Box(x, y, *_BOX, scheme.background),
        Box(x, y, *_BOX, colour, is_filled=False),
        Box(x, y, 4, _BOX[1], colour, is_filled=bool(row.red_now)),
        Words(x + 9, y + 14, fitted(row.name, _CELLS), scheme.foreground, is_bold=bool(row.red_now)),
        Words(x + 9, y + 28, said, tone(scheme, "bad" if row.red_now else "muted")),
    ]
