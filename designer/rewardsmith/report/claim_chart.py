"""The final claim as dots and intervals: every training, their mean, and how sure it is."""

import math
from collections.abc import Iterable
from typing import Final

from markupsafe import Markup, escape

from rewardsmith.messages import Claim, ClaimRow
from rewardsmith.report.charts import svg, text
from rewardsmith.report.scales import Scale, scale_of
from rewardsmith.report.table import fitness_interval

_ROW: Final = 34
_LEFT: Final = 96
_RIGHT: Final = 556
_WIDTH: Final = 572


def claim_chart(claim: Claim) -> Markup:
    """Fitness on report episodes, a row a reward; whiskers are 95 % intervals of the mean."""
    intervals = [fitness_interval(row) for row in claim.rows]
    values = [v for row in claim.rows for v in row.fitness]
    values += [v for one in intervals if one for v in (one.low, one.high)]
    x = scale_of(values, _LEFT, _RIGHT)
    bottom = 14 + _ROW * len(claim.rows)
    parts = [*_axis(x, bottom)]
    for number, row in enumerate(claim.rows):
        parts += _row(row, x, 14 + _ROW * (number + 0.5))
    return svg(_WIDTH, bottom + 38, "Fitness of the final trainings", parts, "claim")


def _axis(x: Scale, bottom: int) -> Iterable[str]:
    for value in x.ticks:
        at = x(value)
        yield f'<line class="rule" x1="{at:.1f}" x2="{at:.1f}" y1="8" y2="{bottom}"/>'
        yield text(at, bottom + 15, f"{value:g}", "tick", "middle")
    yield text((_LEFT + _RIGHT) / 2, bottom + 32, "fitness on report episodes", "label", "middle")


def _row(row: ClaimRow, x: Scale, y: float) -> Iterable[str]:
    kind = "win" if row.name == "final" else "control"
    yield text(_LEFT - 12, y + 4, row.name, f"name {kind}", "end")
    interval = fitness_interval(row)
    if interval is None:
        yield text(_LEFT + 4, y + 4, (row.outcome or "failed").replace("_", " "), "label")
        return
    for value in row.fitness:
        if math.isfinite(value):
            yield f'<circle class="dot small {kind}" cx="{x(value):.1f}" cy="{y:.1f}" r="3.5"/>'
    if interval.n > 1:
        yield (
            f'<line class="whisker {kind}" x1="{x(interval.low):.1f}" x2="{x(interval.high):.1f}" '
            f'y1="{y:.1f}" y2="{y:.1f}"/>'
        )
    at = x(interval.estimate)
    yield (
        f'<line class="mean {kind}" x1="{at:.1f}" x2="{at:.1f}" y1="{y - 9:.1f}" y2="{y + 9:.1f}">'
        f"<title>{escape(row.name)}: {escape(str(interval))}</title></line>"
    )
