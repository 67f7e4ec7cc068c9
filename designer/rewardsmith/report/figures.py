"""A picture of a run as one self-contained SVG: how candidates learned, what the winner reaches.

Written by hand, so that no plotting library is needed; readable on light and on dark pages. The
numbers are the journal's: selection fitness on the left, the final claim on the right.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from rewardsmith.messages import CandidateId, Claim, ClaimRow, Evaluation, Outcome
from rewardsmith.report.candidates import best_line, candidate_lines
from rewardsmith.report.scales import Scale, scale_of
from rewardsmith.report.table import fitness_interval, success_interval
from rewardsmith.store.codec import load
from rewardsmith.store.events import candidate_of, is_search
from rewardsmith.store.run import Run

WIDTH: Final = 960
HEIGHT: Final = 420
_TOP, _BOTTOM = 70, 360
_CURVES: Final = (64, 520)
"""Left and right edge of the learning curves, in pixels."""
_BARS: Final = (620, 936)
_N_COLOURS: Final = 6

_INK, _SOFT, _RULE, _PAGE, _WIN, _BAR = range(_N_COLOURS, _N_COLOURS + 6)
_LIGHT: Final = (
    *("#8250df", "#1a7f37", "#bf3989", "#9a6700", "#0a7ea4", "#57606a"),
    *("#1f2328", "#656d76", "#d0d7de", "#ffffff", "#0969da", "#afb8c1"),
)
_DARK: Final = (
    *("#ab7df8", "#3fb950", "#db61a2", "#d29922", "#39c5cf", "#9198a1"),
    *("#e6edf3", "#8d96a0", "#30363d", "#0d1117", "#4493f8", "#484f58"),
)
_FORMS: Final = """
svg { font: 13px system-ui, sans-serif; } .title { font-size: 16px; font-weight: 600; }
.small { font-size: 11px; } .rung { stroke-dasharray: 4 4; }
.curve { fill: none; stroke-width: 1.6; opacity: 0.85; } .stop { fill: none; stroke-width: 2; }
.best { stroke-width: 3; opacity: 1; } .whisker { stroke-width: 1.5; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningCurve:
    """Fitness of one candidate's policy over its training."""

    candidate: CandidateId
    points: tuple[tuple[int, float], ...]
    """(timesteps, mean fitness), in the order of their steps."""
    is_stopped: bool = False
    """Whether a rung ended it."""


def run_picture(run: Run) -> str:
    """The picture of `run` as SVG text; what is not known yet is left empty."""
    data = run.recall("report_ready")
    best = best_line(run, candidate_lines(run))
    return picture(
        f"{run.manifest.task.env}: {run.manifest.task.instruction}",
        learning_curves(run),
        rungs=rung_steps(run),
        best=best.id if best else None,
        claim=load(Claim, data["claim"]) if data else None,
        n_episodes=run.manifest.config.get("evaluation", {}).get("report_episodes"),
    )


def picture(
    title: str,
    curves: Sequence[LearningCurve],
    *,
    rungs: Sequence[int] = (),
    best: CandidateId | None = None,
    claim: Claim | None = None,
    n_episodes: int | None = None,
) -> str:
    """A picture of learning curves beside the final claim.

    Args:
        title: Any text; it is escaped.
        curves: Of all candidates that were evaluated.
        rungs: Timesteps after which the worst were stopped.
        best: Whose curve stands out.
        claim: What is drawn on the right; None draws nothing there.
        n_episodes: Report episodes of one training, for the intervals of success.
    """
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(_short(title, 200))}</title><style>{_style()}</style>",
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        _text(24, 32, _short(title, 110), "title"),
        *_curves_panel(curves, rungs, best),
        *(_bars_panel(claim, n_episodes) if claim and claim.rows else ()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def learning_curves(run: Run) -> tuple[LearningCurve, ...]:
    """The curve of every candidate that was measured, in candidate order."""
    if run.manifest.task.is_ranked:
        return ()
    points: defaultdict[CandidateId, dict[int, float]] = defaultdict(dict)
    for event in run.events("candidate_evaluated"):
        candidate = candidate_of(event)
        if candidate is not None and is_search(event):
            evaluation = load(Evaluation, event.data["evaluation"])
            points[candidate][evaluation.step] = evaluation.fitness
    stopped = {
        line.id
        for line in candidate_lines(run)
        if line.result is not None and line.result.outcome is Outcome.STOPPED
    }
    return tuple(
        LearningCurve(candidate=c, points=tuple(sorted(points[c].items())), is_stopped=c in stopped)
        for c in sorted(points)
    )


def rung_steps(run: Run) -> tuple[int, ...]:
    """Timesteps of the rungs: where segments of the search ended, but for the last."""
    ended = {e.data["training"]["end_step"] for e in run.events("segment_ended") if is_search(e)}
    return tuple(sorted(ended))[:-1]


# -------------------------------------------------------------- learning curves


def _curves_panel(
    curves: Sequence[LearningCurve], rungs: Sequence[int], best: CandidateId | None
) -> Iterable[str]:
    points = [point for curve in curves for point in curve.points]
    x = scale_of([0, *(step for step, _ in points), *rungs], *_CURVES)
    y = scale_of([fitness for _, fitness in points], _BOTTOM, _TOP)
    yield _text(_CURVES[0], 56, "Fitness over environment steps, on selection episodes", "soft")
    yield from _axes(x, y, _CURVES)
    for rung in rungs:
        at = x(rung)
        yield f'<line class="rung" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_BOTTOM}"/>'
        yield _text(at + 4, _TOP + 10, "rung", "soft small")
    for curve in sorted(curves, key=lambda curve: curve.candidate == best):
        yield from _curve(curve, x, y, is_best=curve.candidate == best)
    yield from _names(curves, x, y)


def _curve(curve: LearningCurve, x: Scale, y: Scale, *, is_best: bool) -> Iterable[str]:
    path = " ".join(f"{x(step):.1f},{y(fitness):.1f}" for step, fitness in curve.points)
    colour = "win" if is_best else f"c{curve.candidate.iteration % _N_COLOURS}"
    kind = "curve best win" if is_best else f"curve {colour}"
    name = f"<title>{curve.candidate}</title>"
    yield f'<polyline class="{kind}" points="{path}">{name}</polyline>'
    if curve.is_stopped:
        step, fitness = curve.points[-1]
        a, b = x(step), y(fitness)
        cross = f"M{a - 4:.1f},{b - 4:.1f}l8,8m0,-8l-8,8"
        yield f'<path class="stop {colour}" d="{cross}"><title>stopped</title></path>'


def _names(curves: Sequence[LearningCurve], x: Scale, y: Scale) -> Iterable[str]:
    """Names at the ends of the curves, pushed apart where they would overlap."""
    ends = sorted((y(c.points[-1][1]), x(c.points[-1][0]), str(c.candidate)) for c in curves)
    lowest = float("-inf")
    for height, at, name in ends:
        lowest = max(height + 4, lowest + 12)
        yield _text(at + 7, lowest, name, "small")


# ------------------------------------------------------------------- the claim


def _bars_panel(claim: Claim, n_episodes: int | None) -> Iterable[str]:
    intervals = {i: fitness_interval(row) for i, row in enumerate(claim.rows)}
    known = [v for one in intervals.values() if one for v in (one.low, one.high, one.estimate)]
    y = scale_of([0.0, *known], _BOTTOM, _TOP)
    yield _text(_BARS[0], 56, "Fitness of final trainings; below, success", "soft")
    yield from _axes(None, y, _BARS)
    slot = (_BARS[1] - _BARS[0]) / len(claim.rows)
    for number, row in enumerate(claim.rows):
        middle = _BARS[0] + slot * (number + 0.5)
        yield from _bar(row, middle, min(slot * 0.6, 48.0), y, n_episodes)


def _bar(
    row: ClaimRow, middle: float, width: float, y: Scale, n_episodes: int | None
) -> Iterable[str]:
    yield _text(middle, _BOTTOM + 18, row.name, "small", "middle")
    interval, success = fitness_interval(row), success_interval(row, n_episodes)
    if interval is None or success is None:
        yield _text(middle, _BOTTOM + 34, row.outcome or "failed", "soft small", "middle")
        return
    ends = sorted((y(0.0), y(interval.estimate)))
    kind = "winner" if row.name == "final" else "bar"
    yield (
        f'<rect class="{kind}" x="{middle - width / 2:.1f}" y="{ends[0]:.1f}" '
        f'width="{width:.1f}" height="{max(ends[1] - ends[0], 1.0):.1f}">'
        f"<title>{escape(row.name)}: {interval}</title></rect>"
    )
    if interval.n > 1:
        yield (
            f'<line class="whisker" x1="{middle:.1f}" x2="{middle:.1f}" '
            f'y1="{y(interval.low):.1f}" y2="{y(interval.high):.1f}"/>'
        )
    yield _text(middle, _BOTTOM + 34, f"{success.estimate:.0%}", "soft small", "middle")


# ------------------------------------------------------------------------ parts


def _style() -> str:
    """Colours as plain rules: many programs that draw SVG know no CSS variables."""
    dark = f"@media (prefers-color-scheme: dark) {{\n{_colours(_DARK)}}}\n"
    return _FORMS + _colours(_LIGHT) + dark


def _colours(palette: Sequence[str]) -> str:
    lines = [f".c{i} {{ stroke: {palette[i]}; }}" for i in range(_N_COLOURS)]
    lines += [
        f"text {{ fill: {palette[_INK]}; }} .soft {{ fill: {palette[_SOFT]}; }}",
        f".page {{ fill: {palette[_PAGE]}; }} .rule {{ stroke: {palette[_RULE]}; }}",
        f".rung {{ stroke: {palette[_SOFT]}; }} .whisker {{ stroke: {palette[_INK]}; }}",
        f".bar {{ fill: {palette[_BAR]}; }} .winner {{ fill: {palette[_WIN]}; }}",
        f".win {{ stroke: {palette[_WIN]}; }}",
    ]
    return "\n".join(lines) + "\n"


def _axes(x: Scale | None, y: Scale, edges: tuple[int, int]) -> Iterable[str]:
    left, right = edges
    for value in y.ticks:
        at = y(value)
        yield f'<line class="rule" x1="{left}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>'
        yield _text(left - 6, at + 4, f"{value:g}", "soft small", "end")
    for value in x.ticks if x else ():
        yield _text(x(value) if x else 0, _BOTTOM + 18, _steps(value), "soft small", "middle")


def _steps(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value / 1e3:g}k" if value >= 1e3 else f"{value:g}"


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    printable = "".join(c for c in text if c.isprintable())
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f"{escape(printable)}</text>"
    )


def _short(text: str, length: int) -> str:
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain if len(plain) <= length else f"{plain[: length - 1]}…"
