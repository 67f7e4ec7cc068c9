"""The final claim as a table: on a terminal, as plain text and as Markdown.

Every number comes from report seeds. An interval stands only where there are at least two
trainings; what failed is said in its row, never left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from rich.table import Table
from rich.text import Text

from rewardsmith.analysis.intervals import Interval, bootstrap, mean, wilson
from rewardsmith.messages import Claim, ClaimRow

HEADINGS: Final = ("reward", "success", "fitness", "trainings", "steps each", "CPU-seconds", "note")
_NUMBERS: Final = HEADINGS[1:-1]
_NOTHING: Final = "-"
_SEED: Final = 0
"""Of the resamples, so that the same claim always prints the same intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """One row of the table as people read it, in the order of `HEADINGS`."""

    reward: str
    success: str
    fitness: str
    trainings: str
    steps: str
    cpu_s: str
    note: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts, in order."""
        return tuple(getattr(self, field.name) for field in fields(self))


def claim_lines(claim: Claim, *, n_episodes: int | None = None) -> tuple[ClaimLine, ...]:
    """The rows of the table.

    Args:
        claim: What a run may claim.
        n_episodes: Report episodes of one training, for the interval of success; None when unknown.
    """
    return tuple(_line(row, n_episodes) for row in claim.rows)


def claim_table(claim: Claim, *, n_episodes: int | None = None) -> Table:
    """The table for a terminal; the winner's row stands out."""
    table = Table(box=None, pad_edge=False)
    for name in HEADINGS:
        table.add_column(name, justify="right" if name in _NUMBERS else "left")
    for row, line in zip(claim.rows, claim_lines(claim, n_episodes=n_episodes), strict=True):
        style = "bold" if row.name == "final" else ""
        table.add_row(*(Text(cell) for cell in line.cells), style=style)
    return table


def claim_text(claim: Claim, *, n_episodes: int | None = None) -> str:
    """The table as plain text of aligned columns."""
    rows = _rows(claim, n_episodes)
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    lines = ("  ".join(_justified(row, widths)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def claim_markdown(claim: Claim, *, n_episodes: int | None = None) -> str:
    """The table as Markdown."""
    head, *body = ([cell.replace("|", "\\|") for cell in r] for r in _rows(claim, n_episodes))
    rule = ["---:" if name in _NUMBERS else "---" for name in HEADINGS]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *body))


def search_line(claim: Claim) -> str:
    """What the search itself cost."""
    return (
        f"The search took {claim.search_steps:,} steps and {claim.search_cpu_s:,.0f} CPU-seconds, "
        "stopped candidates included."
    )


def fitness_interval(row: ClaimRow) -> Interval | None:
    """Mean fitness over trainings with its 95 % bootstrap interval; None when none was judged."""
    if not row.fitness:
        return None
    return bootstrap([row.fitness], np.random.default_rng(_SEED), statistic=mean)


def success_interval(row: ClaimRow, n_episodes: int | None = None) -> Interval | None:
    """Mean success rate over trainings with a 95 % interval; None when none was judged.

    The wider of two: the bootstrap over trainings, which says nothing when all of them reach the
    same rate, and Wilson's over all episodes, which takes episodes of one training for independent.
    """
    if not row.success_rate:
        return None
    over = bootstrap([row.success_rate], np.random.default_rng(_SEED), statistic=mean)
    if n_episodes is None:
        return over
    n = n_episodes * len(row.success_rate)
    pooled = wilson(round(n_episodes * sum(row.success_rate)), n)
    low, high = min(over.low, pooled.low), max(over.high, pooled.high)
    return Interval(estimate=over.estimate, low=low, high=high, n=over.n)


def _rows(claim: Claim, n_episodes: int | None) -> list[Sequence[str]]:
    lines = claim_lines(claim, n_episodes=n_episodes)
    return [HEADINGS, *(line.cells for line in lines)]


def _line(row: ClaimRow, n_episodes: int | None) -> ClaimLine:
    return ClaimLine(
        reward=_name(row),
        success=_share(success_interval(row, n_episodes)),
        fitness=_number(fitness_interval(row)),
        trainings=str(len(row.fitness)),
        steps=f"{row.steps:,}",
        cpu_s=f"{row.cpu_s:,.0f}",
        note=_note(row),
    )


def _name(row: ClaimRow) -> str:
    return f"{row.name} ({row.candidate})" if row.candidate else row.name


def _note(row: ClaimRow) -> str:
    if row.outcome is None:
        return ""
    failed = row.outcome.replace("_", " ")
    return f"a training failed: {failed}" if row.fitness else f"failed: {failed}"


def _share(interval: Interval | None) -> str:
    if interval is None:
        return _NOTHING
    return _with_bounds(interval, f"{interval.estimate:.0%}", ".0%")


def _number(interval: Interval | None) -> str:
    if interval is None:
        return _NOTHING
    return _with_bounds(interval, f"{interval.estimate:.3g}", ".3g")


def _with_bounds(interval: Interval, text: str, form: str) -> str:
    if interval.n < 2:
        return text
    return f"{text} [{interval.low:{form}}, {interval.high:{form}}]"


def _justified(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.rjust(width) if name in _NUMBERS else cell.ljust(width)
        for cell, width, name in zip(row, widths, HEADINGS, strict=True)
    ]
