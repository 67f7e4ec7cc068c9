"""Which candidates go on after a rung.

Rank halving (Jamieson and Talwalkar 2016; Li et al. 2020 for its use on trainings), synchronous,
with the rules that noisy fitness asks for: nobody is stopped while all tie, a tie at the edge
keeps all concerned, and a rung never leaves fewer than two. It decides and acts on nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A rung's decision, as indices into the scores, each in candidate order."""

    kept: tuple[int, ...]
    stopped: tuple[int, ...]


def decide(scores: Sequence[float | None], *, keep: float = 0.5, minimum: int = 2) -> Rung:
    """Keep the best share of candidates by their scores.

    Args:
        scores: Graded fitness in candidate order, best a mean over several evaluations; higher is
            better. None where there is none.
        keep: Share to keep, in (0, 1]; rounded up.
        minimum: Never keep fewer than this, if there are as many.

    Returns:
        The better ones. A score that is missing or not finite ranks below every finite one, and
        only fills up to `minimum`. Candidates that tie with the last one kept are kept as well.

    >>> decide([0.1, 0.9, None, 0.8])
    Rung(kept=(1, 3), stopped=(0, 2))
    >>> decide([0.0, 0.0, 0.0, 0.0]).stopped
    ()
    """
    if not 0 < keep <= 1:
        raise ValueError(f"keep has to lie in (0, 1], got {keep}")
    ranks = [_rank(score) for score in scores]
    n_kept = max(minimum, math.ceil(len(ranks) * keep))
    edge = sorted(ranks, reverse=True)[min(n_kept, len(ranks)) - 1] if ranks else -math.inf
    if edge == -math.inf and any(rank > edge for rank in ranks):
        return _with_fillers(ranks, minimum)
    return _split(ranks, {i for i, rank in enumerate(ranks) if rank >= edge})


def _with_fillers(ranks: Sequence[float], minimum: int) -> Rung:
    """Every candidate with a finite score, and the first others up to `minimum`."""
    finite = [i for i, rank in enumerate(ranks) if rank > -math.inf]
    others = [i for i, rank in enumerate(ranks) if rank == -math.inf]
    return _split(ranks, {*finite, *others[: max(0, minimum - len(finite))]})


def _split(ranks: Sequence[float], kept: set[int]) -> Rung:
    stopped = tuple(i for i in range(len(ranks)) if i not in kept)
    return Rung(kept=tuple(sorted(kept)), stopped=stopped)


def _rank(score: float | None) -> float:
    return -math.inf if score is None or not math.isfinite(score) else score
