"""Recorded episodes as tables: every n-th step, the first, the last, and where something jumps.

Shows state fields, components and rewards; fitness only as the value of a whole episode.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rewardsmith.messages import EpisodeScore, FieldSpec, StateSpec, Trajectory
from rewardsmith.roles.model.formats import listed, number

MAX_COLUMNS = 24
MAX_ENTRIES = 6
"""Entries of a vector that are written out; of longer ones the extremes are."""
N_JUMPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step."""

    step: int
    """From 0; field values are those after it."""
    cells: tuple[str, ...]
    is_critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One recorded episode in a line."""

    index: int
    fitness: float | None
    success: bool | None
    earned: float
    length: int
    terminated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeView:
    """One episode, some of its steps."""

    index: int
    label: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def marks(self) -> bool:
        """Whether any step is marked."""
        return any(row.is_critical for row in self.rows)


def summaries(
    rollouts: Sequence[Trajectory], episodes: Sequence[EpisodeScore]
) -> tuple[Summary, ...]:
    """Every recorded episode in a line."""
    scores: list[EpisodeScore | None] = [*episodes[: len(rollouts)]]
    scores += [None] * (len(rollouts) - len(scores))
    return tuple(
        Summary(
            index=i,
            fitness=score.fitness if score else None,
            success=score.success if score else None,
            earned=float(rollout.rewards.sum()) if rollout.rewards is not None else 0.0,
            length=rollout.length,
            terminated=rollout.terminated,
        )
        for i, (rollout, score) in enumerate(zip(rollouts, scores, strict=True))
    )


def chosen_episodes(found: Sequence[Summary], n: int) -> list[tuple[int, str]]:
    """(index, label) of at most `n` episodes: a failure, the worst, the best, the middle one.

    Fitness often measures how hard a start was: the lowest need not be a failure.
    """
    if not found:
        return []
    failed = [s for s in found if s.success is False]
    order = sorted(found, key=lambda s: (s.earned if s.fitness is None else s.fitness, s.index))
    wanted = [(s, "failure of the lowest return") for s in sorted(failed, key=_earned)[:1]]
    wanted += [(order[0], "one of the lowest fitness"), (order[-1], "one of the highest fitness")]
    wanted += [(order[len(order) // 2], "one in the middle")]
    chosen: dict[int, str] = {}
    for one, label in wanted:
        chosen.setdefault(one.index, label)
    return list(chosen.items())[:n]


def _earned(summary: Summary) -> tuple[float, int]:
    return (summary.earned, summary.index)


def episode_view(
    rollout: Trajectory, state: StateSpec, *, index: int, label: str, n_rows: int,
    reads: Sequence[str] = (),
) -> EpisodeView:  # fmt: skip
    """Some steps of a scored rollout.

    Args:
        rollout: Scored.
        state: The card's fields.
        index: Of the episode among the recorded ones.
        label: What kind of an episode it is.
        n_rows: Steps at even distances; critical ones come on top.
        reads: Fields that the program reads: they are shown first where there are many.
    """
    fields = _shown(rollout, state, reads)
    components = list(rollout.components)[: max(1, MAX_COLUMNS - len(fields))]
    critical = critical_steps(rollout)
    steps = sorted({*_evenly(rollout.length, n_rows), *critical})
    return EpisodeView(
        index=index,
        label=label,
        columns=(*(f.name for f in fields), *components, "reward"),
        rows=tuple(
            Row(
                step=t,
                cells=(
                    *(_cell(rollout.fields[f.name][t + 1]) for f in fields),
                    *(number(float(rollout.components[c][t])) for c in components),
                    "-" if rollout.rewards is None else number(float(rollout.rewards[t])),
                ),
                is_critical=t in critical,
            )
            for t in steps
        ),
    )


def critical_steps(rollout: Trajectory, n: int = N_JUMPS) -> set[int]:
    """Steps at which a component changes most, against its own spread; none in flat episodes."""
    jumps: dict[int, float] = {}
    for values in rollout.components.values():
        spread = float(np.std(values))
        if len(values) > 1 and spread > 1e-9:
            change = np.abs(np.diff(values)) / spread
            step = int(change.argmax()) + 1
            jumps[step] = max(jumps.get(step, 0.0), float(change.max()))
    return set(sorted((s for s in jumps if jumps[s] > 2.0), key=lambda s: -jumps[s])[:n])


def _shown(rollout: Trajectory, state: StateSpec, reads: Sequence[str]) -> list[FieldSpec]:
    known = [f for f in state.fields if f.constant is None and f.name in rollout.fields]
    if len(known) <= MAX_COLUMNS // 2:
        return known
    first = sorted(known, key=lambda f: f.name not in reads)[: MAX_COLUMNS // 2]
    return [f for f in known if f in first]


def _evenly(length: int, n: int) -> list[int]:
    """The first and the last step, and others between them."""
    if length <= 0:
        return []
    return sorted({round(float(t)) for t in np.linspace(0, length - 1, num=max(2, min(n, length)))})


def _cell(value: np.ndarray) -> str:
    entries = np.asarray(value)
    if not entries.ndim:
        return number(entries.item())
    flat = entries.reshape(-1)
    if len(flat) <= MAX_ENTRIES:
        return listed((float(v) for v in flat), 2)
    return f"{number(float(flat.min()), 2)}..{number(float(flat.max()), 2)}"
