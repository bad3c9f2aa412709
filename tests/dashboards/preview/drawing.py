"""The panels of a dashboard as HTML and SVG: what Grafana would show, without being Grafana."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from math import floor, inf, log10
from pathlib import Path
from typing import Any

from tests.dashboards.files import Panel, asked

from .asking import Answer, Prometheus, Series, Span
from .units import UNITS, written

WIDTH, CELL, GAP = 1400, 38, 8
"""Pixels: of the page, of a row of the grid with what is between two, and that."""

COLOURS = {"green": "#3a9d5d", "red": "#d64550", "orange": "#e08a2c", "blue": "#4477cc", "text": "#c8ccd4"}
PALETTE = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#c4a000", "#96d98d", "#e0b0ff")

STYLE = (Path(__file__).parent / "preview.css").read_text()

Point = tuple[float, float]


class Frame:
    """Where a panel draws, and how values become places in it. low, high: of its values."""

    LEFT, BOTTOM = 62, 18

    def __init__(self, width: float, height: float, span: Span, high: float, low: float = 0) -> None:
        self.width, self.height, self.span = width, height, span
        self.low, self.high = low, high if high > low else low + 1

    def x(self, at: float) -> float:
        return self.LEFT + (at - self.span.start) / self.span.seconds * (self.width - self.LEFT)

    def y(self, value: float) -> float:
        inside = self.height - self.BOTTOM
        return inside - (value - self.low) / (self.high - self.low) * (inside - 6)

    def path(self, points: Sequence[Point]) -> str:
        """Lines between neighbours; a gap where one of them is missing."""
        placed = [f"{self.x(at):.1f},{self.y(value):.1f}" for at, value in points]
        near = [False] + [later - earlier <= 1.5 * self.span.step for (earlier, _), (later, _) in pairwise(points)]
        return " ".join(f"{'L' if close else 'M'}{place}" for place, close in zip(placed, near, strict=True))

    def axes(self, unit: str) -> Iterator[str]:
        for tick in ticks(self.low, self.high):
            yield f"<line class=grid x1={self.LEFT} x2={self.width} y1={self.y(tick):.1f} y2={self.y(tick):.1f} />"
            yield f"<text x={self.LEFT - 6} y={self.y(tick) + 3:.1f} text-anchor=end>{UNITS[unit](tick)}</text>"
        yield from self.clock()

    def clock(self) -> Iterator[str]:
        parts = 5 if self.width > 400 else 3
        for part in range(1, parts):
            at = self.span.start + part * self.span.seconds / parts
            said = datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
            yield f"<text x={self.x(at):.1f} y={self.height - 4} text-anchor=middle>{said}</text>"


def ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers from one to the other."""
    rough = (high - low) / 4
    power = 10 ** floor(log10(rough))
    step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= rough)
    return [low + step * number for number in range(int((high - low) / step) + 1)]


def page(sheet: dict[str, Any], prometheus: Prometheus, span: Span) -> str:
    """A dashboard as a page that says that it is a preview."""
    drawn, height = "", 0
    for panel in sheet["panels"]:
        answers = [prometheus.answer(question, span) for question in asked(sheet, panel)]
        drawn += draw(panel, answers, span)
        height = max(height, panel["gridPos"]["y"] + panel["gridPos"]["h"])
    title = f"{escape(sheet['title'])} — preview, not Grafana"
    style = f"<style>{STYLE}</style><main style='width:{WIDTH}px;height:{height * CELL}px'>"
    return f"<!doctype html><meta charset=utf-8><title>{title}</title>{style}<h1>{title}</h1><div>{drawn}</div></main>"


def draw(panel: Panel, answers: list[Answer], span: Span) -> str:
    """The place of a panel on the page, with all that is in it."""
    place = panel["gridPos"]
    left, width = place["x"] * WIDTH / 24, place["w"] * WIDTH / 24 - GAP
    top, height = place["y"] * CELL, place["h"] * CELL - GAP
    style = f"left:{left:.0f}px;top:{top}px;width:{width:.0f}px;height:{height}px"
    if panel["type"] == "row":
        return f'<h2 style="{style}">{escape(panel["title"])}</h2>'
    errors = "".join(f"<p class=error>{escape(answer.error)}</p>" for answer in answers if answer.error)
    shown = [(one, answer) for answer in answers for one in answer.series]
    body = KINDS[panel["type"]](panel, answers, (width - 20, height - 34), span) if shown else "<p>No data</p>"
    title = f'<h3 title="{escape(panel["description"])}">{escape(panel["title"])}</h3>'
    return f'<section class="{panel["type"]}" style="{style}">{title}{errors}{body}</section>'


Size = tuple[float, float]


def stat(panel: Panel, answers: list[Answer], size: Size, span: Span) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    ((series, _),) = _all(answers)
    colour = COLOURS[threshold(defaults["thresholds"]["steps"], series.last)]
    spark = ""
    if panel["options"]["graphMode"] == "area" and len(series.points) > 1:
        frame = Frame(*size, span, max(value for _, value in series.points))
        frame.LEFT, frame.BOTTOM = 0, 0
        spark = _svg(size, f'<path d="{frame.path(series.points)}" stroke="{colour}" fill=none opacity=.4 />')
    return f'{spark}<b style="color:{colour}">{written(defaults["unit"], series.last, defaults.get("decimals"))}</b>'


def timeseries(panel: Panel, answers: list[Answer], size: Size, span: Span) -> str:
    width, height = size[0], size[1] - 34
    unit, custom = panel["fieldConfig"]["defaults"]["unit"], panel["fieldConfig"]["defaults"]["custom"]
    stacked = custom.get("stacking", {}).get("mode") == "normal"
    drawn = _stack(_named(answers)) if stacked else _named(answers)
    frame = Frame(width, height, span, max(value for _, one in drawn for _, value in one if value != inf))
    dashed = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
    parts = [*frame.axes(unit)]
    for number, (name, points) in enumerate(drawn):
        line = 'stroke="#d64550" stroke-dasharray="8 6"' if name in dashed else f'stroke="{_colour(number)}"'
        parts.append(f'<path d="{frame.path([(at, v) for at, v in points if v != inf])}" fill=none {line} />')
    names = [(name, COLOURS["red"] if name in dashed else _colour(n)) for n, (name, _) in enumerate(drawn)]
    return _svg((width, height), *parts) + _legend(names)


def table(panel: Panel, answers: list[Answer], _size: Size, _span: Span) -> str:
    """A row for each set of labels, as `merge` makes it; sorted by the first query."""
    names = panel["transformations"][1]["options"]["renameByName"]
    columns = [names[f"Value #{target['refId']}"] for target in panel["targets"]]
    units = {one["matcher"]["options"]: one["properties"][0]["value"] for one in panel["fieldConfig"]["overrides"]}
    rows: dict[tuple[str, ...], dict[int, float]] = {}
    labels = sorted({label for one, _ in _all(answers) for label in one.labels})
    for number, answer in enumerate(answers):
        for one in answer.series:
            rows.setdefault(tuple(one.labels.get(label, "") for label in labels), {})[number] = one.last
    head = "".join(f"<th>{escape(name)}</th>" for name in (*labels, *columns))
    body = ""
    for key, values in sorted(rows.items(), key=lambda row: -row[1].get(0, -inf)):
        said = [units.get(name, panel["fieldConfig"]["defaults"]["unit"]) for name in columns]
        cells = [written(unit, values[number], 0) if number in values else "" for number, unit in enumerate(said)]
        body += "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in (*key, *cells)) + "</tr>"
    return f"<table><tr>{head}</tr>{body}</table>"


def bargauge(panel: Panel, answers: list[Answer], size: Size, _span: Span) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    longest = max(one.last for one, _ in _all(answers)) or 1
    bars = ""
    for one, answer in _all(answers):
        colour = COLOURS[threshold(defaults["thresholds"]["steps"], one.last)]
        bar = f'<i style="background:{colour};width:{one.last / longest * (size[0] - 190):.0f}px"></i>'
        name = escape(one.named(answer.question.legend))
        said = written(defaults["unit"], one.last, defaults.get("decimals"))
        bars += f"<div class=bar><span>{name}</span>{bar}<em>{said}</em></div>"
    return bars


def heatmap(panel: Panel, answers: list[Answer], size: Size, span: Span) -> str:
    """Buckets are cumulative: of each what is not in the one below."""
    rows = sorted((float(one.labels["le"]), dict(one.points)) for one, _ in _all(answers))
    cells = [
        (number, at, count - (rows[number - 1][1].get(at, 0) if number else 0))
        for number, (_, points) in enumerate(rows)
        for at, count in points.items()
    ]
    most = max(count for *_, count in cells) or 1
    frame = Frame(*size, span, len(rows))
    wide, high = (size[0] - frame.LEFT) * span.step / span.seconds + 0.5, frame.y(0) - frame.y(1)
    parts = [
        f"<rect x={frame.x(at):.1f} y={frame.y(number + 1):.1f} width={wide:.1f} height={high:.1f} fill=#ff9830 "
        f"opacity={count / most:.2f} />"
        for number, at, count in cells
        if count > 0
    ]
    unit = panel["options"]["yAxis"]["unit"]
    for number, (bound, _) in enumerate(rows):
        if number % 3 == 0:
            said = "more" if bound == inf else UNITS[unit](bound)
            parts.append(f"<text x={frame.LEFT - 6} y={frame.y(number + 1) + 8:.1f} text-anchor=end>{said}</text>")
    return _svg(size, *parts, *frame.clock())


def state_timeline(panel: Panel, answers: list[Answer], size: Size, span: Span) -> str:
    width, height = size[0], size[1] - 20
    meant = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    drawn = sorted(_named(answers))
    frame = Frame(width, height, span, len(drawn))
    frame.LEFT = 130
    wide, high = (width - frame.LEFT) * span.step / span.seconds + 0.5, max(frame.y(0) - frame.y(1) - 2, 1)
    parts = [*frame.clock()]
    for number, (name, points) in enumerate(reversed(drawn)):
        top = frame.y(number + 1)
        parts.append(f"<text x={frame.LEFT - 6} y={top + high / 2 + 3:.1f} text-anchor=end>{escape(name)}</text>")
        for at, value in points:
            colour = COLOURS[meant[f"{value:.0f}"]["color"]]
            parts.append(f"<rect x={frame.x(at):.1f} y={top:.1f} width={wide:.1f} height={high:.1f} fill={colour} />")
    return _svg((width, height), *parts) + _legend([(one["text"], COLOURS[one["color"]]) for one in meant.values()])


KINDS: dict[str, Callable[[Panel, list[Answer], Size, Span], str]] = {
    "stat": stat,
    "timeseries": timeseries,
    "table": table,
    "bargauge": bargauge,
    "heatmap": heatmap,
    "state-timeline": state_timeline,
}


def threshold(steps: list[dict[str, float | str | None]], value: float) -> str:
    """The colour of a value."""
    reached = [step for step in steps if step["value"] is None or float(step["value"]) <= value]
    return str(reached[-1]["color"])


def _all(answers: list[Answer]) -> list[tuple[Series, Answer]]:
    return [(one, answer) for answer in answers for one in answer.series]


def _named(answers: list[Answer]) -> list[tuple[str, list[Point]]]:
    return [(one.named(answer.question.legend), one.points) for one, answer in _all(answers)]


def _stack(drawn: list[tuple[str, list[Point]]]) -> list[tuple[str, list[Point]]]:
    """Each on top of those before it."""
    below: dict[float, float] = {}
    stacked = []
    for name, points in drawn:
        below |= {at: below.get(at, 0) + value for at, value in points}
        stacked.append((name, [(at, below[at]) for at, _ in points]))
    return stacked


def _colour(number: int) -> str:
    return PALETTE[number % len(PALETTE)]


def _svg(size: Size, *parts: str) -> str:
    return f"<svg width={size[0]:.0f} height={size[1]:.0f}>{''.join(parts)}</svg>"


def _legend(names: list[tuple[str, str]]) -> str:
    said = "".join(f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in names)
    return f"<div class=legend>{said}</div>"
