"""The provider ``chart``: bar, line and pie charts as SVG, which shows any script and stays small."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from server.engine.ports import ToolMessage
from server.tools.builtin.part import Field, Provider, Tool, Work, World, told

_WIDTH, _HEIGHT, _EDGE = 800, 500, 60
_COLOURS = ("#5470c6", "#91cc75", "#fac858", "#ee6666", "#73c0de", "#3ba272", "#fc8452", "#9a60b4", "#ea7ccc")
_MOST = 500
_LONGEST = 24
_LINES = 5


class _NoDataError(Exception):
    """Something that is no data; the text is told."""


def _list(value: Any) -> list[str]:
    """``1;2;3``, ``1,2,3`` or a JSON list."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                value = json.loads(text)
            except ValueError:
                text = text.strip("[]")
        if isinstance(value, str):
            value = [part.strip() for part in text.split(";" if ";" in text else ",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        return []
    return [str(one) for one in value]


def _numbers(value: Any) -> list[float]:
    try:
        found = [float(one) for one in _list(value)]
    except ValueError:
        found = []
    if not found or len(found) > _MOST or not all(math.isfinite(one) for one in found):
        raise _NoDataError(f"Please input data: 1 to {_MOST} numbers, such as 1,2,3")
    return found


def _labels(value: Any, count: int) -> list[str]:
    found = _list(value)[:count]
    return found + [str(number + 1) for number in range(len(found), count)]


def _chart(draw: Callable[[Sequence[float], Sequence[str]], str], labels: str, name: str) -> Work:
    async def work(_: World, given: Mapping[str, Any]) -> AsyncIterator[ToolMessage]:
        try:
            numbers = _numbers(given.get("data"))
            svg = _page(draw(numbers, _labels(given.get(labels), len(numbers))))
        except _NoDataError as error:
            yield told(str(error))
            return
        yield ToolMessage("image", "image/svg+xml", svg.encode(), f"{name}.svg")

    return work


def _page(inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
        f"{inside}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    safe = escape("".join(one for one in shown if one.isprintable()))
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#333">{safe}</text>'


def _scale(numbers: Sequence[float]) -> tuple[Callable[[float], float], str]:
    """Heights of values, and the lines behind the chart."""
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    span = (high - low) or 1.0

    def height(value: float) -> float:
        return _HEIGHT - _EDGE - (value - low) / span * (_HEIGHT - 2 * _EDGE)

    lines = []
    for number in range(_LINES + 1):
        value = low + span * number / _LINES
        y = height(value)
        lines.append(f'<path d="M{_EDGE} {y:.1f}H{_WIDTH - _EDGE / 2}" stroke="#ddd"/>')
        lines.append(_text(_EDGE - 6, y + 4, f"{value:.6g}", "end"))
    lines.append(f'<path d="M{_EDGE} {height(0):.1f}H{_WIDTH - _EDGE / 2}" stroke="#333"/>')
    return height, "".join(lines)


def _places(count: int) -> tuple[float, list[float]]:
    """How much room a value has, and the middle of each."""
    room = (_WIDTH - 1.5 * _EDGE) / count
    return room, [_EDGE + room * (number + 0.5) for number in range(count)]


def _axis(places: Sequence[float], labels: Sequence[str]) -> str:
    step = max(1, math.ceil(len(places) / 20))
    return "".join(
        _text(x, _HEIGHT - _EDGE + 20, label)
        for number, (x, label) in enumerate(zip(places, labels, strict=True))
        if number % step == 0
    )


def _bars(numbers: Sequence[float], labels: Sequence[str]) -> str:
    height, lines = _scale(numbers)
    room, places = _places(len(numbers))
    width = room * 0.6
    bars = "".join(
        f'<rect x="{x - width / 2:.1f}" y="{min(height(value), height(0)):.1f}" width="{width:.1f}" '
        f'height="{abs(height(value) - height(0)):.1f}" fill="{_COLOURS[0]}"><title>{value:.6g}</title></rect>'
        for x, value in zip(places, numbers, strict=True)
    )
    return lines + bars + _axis(places, labels)


def _line(numbers: Sequence[float], labels: Sequence[str]) -> str:
    height, lines = _scale(numbers)
    _, places = _places(len(numbers))
    points = [(x, height(value)) for x, value in zip(places, numbers, strict=True)]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_COLOURS[0]}"/>' for x, y in points)
    return f'{lines}<path d="M{path}" fill="none" stroke="{_COLOURS[0]}" stroke-width="2"/>{dots}' + _axis(
        places, labels
    )


def _pie(numbers: Sequence[float], labels: Sequence[str]) -> str:
    total = sum(numbers)
    if total <= 0 or min(numbers) < 0:
        raise _NoDataError("A pie chart needs numbers that are not negative, and not all zero")
    x, y, radius = _WIDTH * 0.36, _HEIGHT / 2, _HEIGHT / 2 - _EDGE / 2
    angle, pieces = -math.pi / 2, []
    for number, (value, label) in enumerate(zip(numbers, labels, strict=True)):
        colour, share = _COLOURS[number % len(_COLOURS)], value / total
        end = angle + share * 2 * math.pi
        if share >= 1:
            pieces.append(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"/>')
        else:
            pieces.append(
                f'<path d="M{x} {y}L{x + radius * math.cos(angle):.2f} {y + radius * math.sin(angle):.2f}'
                f"A{radius} {radius} 0 {int(share > 0.5)} 1 {x + radius * math.cos(end):.2f} "
                f'{y + radius * math.sin(end):.2f}Z" fill="{colour}" stroke="#fff"/>'
            )
        angle = end
        if (row := _EDGE + number * 20) < _HEIGHT - _EDGE / 2:
            pieces.append(f'<rect x="{_WIDTH * 0.7}" y="{row - 10}" width="12" height="12" fill="{colour}"/>')
            pieces.append(_text(_WIDTH * 0.7 + 20, row, f"{label[: _LONGEST - 9]} ({share:.1%})", "start"))
    return "".join(pieces)


_DATA = Field("data", ("data", "数据"), 'A string with a list of numbers like "1,2,3,4,5"')


def _names(name: str, label: tuple[str, str]) -> Field:
    return Field(name, label, 'A string with a list of texts like "a,b,c", one for each number', required=False)


PROVIDER = Provider(
    "chart", ("ChartGenerator", "图表生成"),
    ("Chart Generator is a tool for generating statistical charts.", "图表生成是一个用于生成可视化图表的工具。"),
    ("design", "productivity", "utilities"),
    (
        Tool(
            "bar_chart", ("Bar Chart", "柱状图"), "generate a bar chart with input data",
            (_DATA, _names("x_axis", ("X Axis", "x 轴"))), _chart(_bars, "x_axis", "bar_chart"),
        ),
        Tool(
            "line_chart", ("Linear Chart", "线性图表"), "generate a linear chart with input data",
            (_DATA, _names("x_axis", ("X Axis", "x 轴"))), _chart(_line, "x_axis", "line_chart"),
        ),
        Tool(
            "pie_chart", ("Pie Chart", "饼图"), "generate a pie chart with input data",
            (_DATA, _names("categories", ("Categories", "分类"))), _chart(_pie, "categories", "pie_chart"),
        ),
    ),
)
