"""Charts for HTML pages: inline SVG that takes its colours from the page's stylesheet.

Values in, markup out; no style attributes and no script, so that a strict content policy holds.
Everything that is not a number is escaped here.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from rewardsmith.report.scales import Scale, scale_of

N_COLOURS: Final = 8
MAX_POINTS: Final = 240
"""Points of one line, more where it is wide; of longer ones the extremes in each bin are kept."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of a chart."""

    name: str
    points: tuple[Point, ...]
    """In the order of their x."""
    kind: str = ""
    """Classes of the stylesheet: `c0` to `c7` for a colour, `best`, `faint`."""
    href: str = ""
    """Where a click leads; empty for nowhere."""
    note: str = ""
    """Shown when the pointer rests on it; the name by default."""
    is_stopped: bool = False
    is_labelled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A vertical line at one x."""

    x: float
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One point of a scatter plot."""

    x: float
    y: float
    kind: str = "c0"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Size and words of a chart."""

    title: str
    """Read by screen readers."""
    width: int = 560
    height: int = 260
    x_label: str = ""
    y_label: str = ""
    right: int = 56
    """Room for the names at the ends of lines, in pixels."""
    is_steps: bool = True
    """Whether x counts timesteps, and is written as 20k."""
    kind: str = ""
    with_zero: bool = False
    """Whether y = 0 has to be in the picture."""

    @property
    def edges(self) -> tuple[int, int, int, int]:
        """Left, right, top and bottom of the plot, in pixels."""
        left = 52
        return left, self.width - self.right, 16, self.height - (36 if self.x_label else 22)


def line_chart(series: Sequence[Series], frame: Frame, marks: Sequence[Mark] = ()) -> Markup:
    """Lines over a common x; the last of `series` is drawn on top."""
    shown = [one for one in series if _finite(one.points)]
    x, y = _scales([p for one in shown for p in _finite(one.points)], frame, marks)
    parts = [*_axes(x, y, frame), *_marks(marks, x, frame)]
    for one in shown:
        parts += _line(one, x, y)
    parts += _names(shown, x, y)
    return _svg(frame, parts)


def scatter(
    dots: Sequence[Dot], frame: Frame, *, path: Sequence[Point] = (), path_kind: str = "trail"
) -> Markup:
    """Points, and a line through `path` beneath them."""
    x, y = _scales(_with_room([*((d.x, d.y) for d in dots), *path]), frame, ())
    parts = list(_axes(x, y, frame))
    if len(_finite(path)) > 1:
        parts.append(f'<polyline class="line {path_kind}" points="{_path(path, x, y)}"/>')
    for dot in dots:
        if math.isfinite(dot.x) and math.isfinite(dot.y):
            parts.append(
                f'<circle class="dot {escape(dot.kind)}" cx="{x(dot.x):.1f}" cy="{y(dot.y):.1f}" '
                f'r="4"><title>{escape(dot.note)}</title></circle>'
            )
    return _svg(frame, parts)


def step_chart(series: Sequence[Series], frame: Frame, *, at: int, marks: Sequence[Mark]) -> Markup:
    """Lines over the steps of an episode, with a cursor and a shade that a script may move.

    The geometry stands in `data-` attributes: first and last step, and their pixels.
    """
    n_steps = max((int(one.points[-1][0]) for one in series if one.points), default=1)
    points = [p for one in series for p in _finite(one.points)]
    x, y = _scales([(0.0, 0.0), (float(n_steps), 0.0), *points], frame, ())
    left, right, top, bottom = frame.edges
    shade = f'<rect class="chosen-span" x="{left}" y="{top}" width="0" height="{bottom - top}"/>'
    parts = [shade, *_axes(x, y, frame), *_marks(marks, x, frame)]
    for one in series:
        parts += _line(one, x, y)
    parts += _names(series, x, y)
    here = x(min(at, n_steps))
    parts.append(f'<line class="cursor" x1="{here:.1f}" x2="{here:.1f}" y1="{top}" y2="{bottom}"/>')
    span = f'data-first="{x.low:g}" data-last="{x.high:g}" data-left="{left}" data-right="{right}"'
    return _svg(frame, parts, f"data-steps {span}")


def share_bar(shares: Sequence[tuple[str, float, str]], title: str) -> Markup:
    """Shares of a whole as one stacked bar: (name, share in [0, 1], colour class)."""
    parts, at = [], 0.0
    for name, share, kind in shares:
        width = 600.0 * max(0.0, min(share, 1.0))
        note = f"{escape(name)}: {share:.0%}"
        parts.append(
            f'<rect class="fill {escape(kind)}" x="{at:.1f}" y="0" width="{max(width - 1, 0):.1f}" '
            f'height="16"><title>{note}</title></rect>'
        )
        at += width
    return Markup(
        f'<svg class="chart shares" viewBox="0 0 600 16" preserveAspectRatio="none" role="img">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def spark(values: Sequence[float], title: str) -> Markup:
    """A line without axes, for a table's cell."""
    points = [(float(i), v) for i, v in enumerate(values)]
    x = scale_of([0.0, max(len(values) - 1.0, 1.0)], 2, 94)
    y = scale_of([v for _, v in points], 20, 4)
    return Markup(
        f'<svg class="chart spark" viewBox="0 0 96 24" role="img"><title>{escape(title)}</title>'
        f'<polyline class="line c0" points="{_path(points, x, y)}"/></svg>'
    )


def thinned(points: Sequence[Point], limit: int = MAX_POINTS) -> tuple[Point, ...]:
    """At most about `limit` points: of each bin the lowest and the highest, and both ends.

    >>> thinned([(0, 1), (1, 9), (2, 0), (3, 1), (4, 1), (5, 1)], 4)
    ((0, 1), (1, 9), (2, 0), (3, 1), (5, 1))
    """
    if len(points) <= limit:
        return tuple(points)
    n_bins = max(limit // 2, 1)
    size = -(-len(points) // n_bins)
    kept: dict[int, Point] = {0: points[0], len(points) - 1: points[-1]}
    for start in range(0, len(points), size):
        bin_ = range(start, min(start + size, len(points)))
        for chosen in (
            min(bin_, key=lambda i: points[i][1]),
            max(bin_, key=lambda i: points[i][1]),
        ):
            kept[chosen] = points[chosen]
    return tuple(kept[i] for i in sorted(kept))


def steps_text(value: float) -> str:
    """A number of timesteps in few characters.

    >>> [steps_text(v) for v in (500, 20_000, 1_500_000)]
    ['500', '20k', '1.5M']
    """
    if abs(value) >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value / 1e3:g}k" if abs(value) >= 1e3 else f"{value:g}"


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    """A `text` element; unprintable characters are left out."""
    printable = "".join(c for c in words if c.isprintable())
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f"{escape(printable)}</text>"
    )


def svg(width: int, height: int, title: str, parts: Iterable[str], kind: str = "") -> Markup:
    """A whole picture."""
    return Markup(
        f'<svg class="chart {kind}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _svg(frame: Frame, parts: Iterable[str], attributes: str = "") -> Markup:
    return Markup(
        f'<svg class="chart {frame.kind}" width="{frame.width}" height="{frame.height}" '
        f'viewBox="0 0 {frame.width} {frame.height}" role="img" {attributes}>'
        f"<title>{escape(frame.title)}</title>{''.join(parts)}</svg>"
    )


def _scales(points: Sequence[Point], frame: Frame, marks: Sequence[Mark]) -> tuple[Scale, Scale]:
    left, right, top, bottom = frame.edges
    start = [0.0] if frame.is_steps else []
    xs = [*start, *(p[0] for p in points), *(mark.x for mark in marks)]
    ys = [*([0.0] if frame.with_zero else []), *(p[1] for p in points)]
    return scale_of(xs, left, right), scale_of(ys, bottom, top)


def _with_room(points: Sequence[Point]) -> list[Point]:
    """The points and a little around them, so that none lies on the edge."""
    finite = _finite(points)
    if not finite:
        return []
    xs, ys = [p[0] for p in finite], [p[1] for p in finite]
    a, b = 0.05 * (max(xs) - min(xs)), 0.06 * (max(ys) - min(ys))
    return [*finite, (min(xs) - a, min(ys) - b), (max(xs) + a, max(ys) + b)]


def _axes(x: Scale, y: Scale, frame: Frame) -> Iterable[str]:
    left, right, top, bottom = frame.edges
    for value in y.ticks:
        kind = "rule zero" if value == 0 else "rule"
        at = y(value)
        yield f'<line class="{kind}" x1="{left}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>'
        yield text(left - 7, at + 3.5, f"{value:g}", "tick", "end")
    for value in x.ticks:
        written = steps_text(value) if frame.is_steps else f"{value:g}"
        yield text(x(value), bottom + 15, written, "tick", "middle")
    if frame.x_label:
        yield text((left + right) / 2, frame.height - 4, frame.x_label, "label", "middle")
    if frame.y_label:
        yield text(left, top - 5, frame.y_label, "label")


def _marks(marks: Sequence[Mark], x: Scale, frame: Frame) -> Iterable[str]:
    _, _, top, bottom = frame.edges
    for mark in marks:
        at = x(mark.x)
        yield (
            f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{bottom}">'
            f"<title>{escape(mark.name)}</title></line>"
        )


def _line(one: Series, x: Scale, y: Scale) -> Iterable[str]:
    points = _finite(one.points)
    if not points:
        return
    note = f"<title>{escape(one.note or one.name)}</title>"
    drawn = f'<polyline class="line {escape(one.kind)}" points="{_path(points, x, y)}">{note}'
    drawn += "</polyline>"
    if len(points) == 1:
        a, b = x(points[0][0]), y(points[0][1])
        drawn += f'<circle class="dot {escape(one.kind)}" cx="{a:.1f}" cy="{b:.1f}" r="3"/>'
    if one.is_stopped:
        a, b = x(points[-1][0]), y(points[-1][1])
        cross = f"M{a - 3.5:.1f},{b - 3.5:.1f}l7,7m0,-7l-7,7"
        drawn += (
            f'<path class="line stop {escape(one.kind)}" d="{cross}"><title>stopped</title></path>'
        )
    group = f'<g class="series" data-name="{escape(one.name)}">{drawn}</g>'
    yield f'<a href="{escape(one.href)}">{group}</a>' if one.href else group


def _names(series: Sequence[Series], x: Scale, y: Scale) -> Iterable[str]:
    """Names at the ends of the lines, pushed apart where they would overlap."""
    labelled = [one for one in series if one.is_labelled and _finite(one.points)]
    ends = [(y(_finite(one.points)[-1][1]), x(_finite(one.points)[-1][0]), one) for one in labelled]
    ends.sort(key=lambda end: (end[0], end[2].name))
    for height, (_, at, one) in zip(_apart([end[0] for end in ends], y.start), ends, strict=True):
        yield text(at + 8, height + 3.5, one.name, f"name {escape(one.kind)}")


def _apart(heights: Sequence[float], lowest: float) -> list[float]:
    """Rising heights at least 12 pixels apart, none below `lowest` if they fit."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + 12) if placed else height)
    floor = lowest
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], floor)
        floor = placed[index] - 12
    return placed


def _path(points: Sequence[Point], x: Scale, y: Scale) -> str:
    limit = max(MAX_POINTS, round(abs(x.stop - x.start) / 2))  # one in two pixels is seen
    return " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in thinned(_finite(points), limit))


def _finite(points: Sequence[Point]) -> list[Point]:
    return [p for p in points if math.isfinite(p[0]) and math.isfinite(p[1])]
