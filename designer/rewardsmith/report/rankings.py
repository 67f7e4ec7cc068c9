"""The ranking by people's comparisons, beside the fitness where there is one."""

from dataclasses import dataclass

from rewardsmith.analysis.intervals import Interval
from rewardsmith.errors import StoreError
from rewardsmith.feedback.ranking import Ranking, ranking_of
from rewardsmith.messages import CandidateId
from rewardsmith.report.candidates import candidate_lines
from rewardsmith.store.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingLine:
    """One candidate's place in the ranking."""

    id: CandidateId
    strength: Interval
    """Bradley and Terry's, with its 95 % interval; `n` is the comparisons it took part in."""
    chance: float
    """Probability of being the best, in [0, 1]."""
    fitness: float | None
    """Selection score; None where nothing is measured."""


def ranking_lines(run: Run, ranking: Ranking | None = None) -> tuple[RankingLine, ...]:
    """The ranking of a run, best first; empty before there is an answer, or when it is unreadable.

    Args:
        run: The run.
        ranking: Its ranking, for who has it already.
    """
    try:
        ranking = ranking or ranking_of(run)
    except StoreError:
        return ()
    if not ranking.n_answered:
        return ()
    is_ranked = run.manifest.task.is_ranked
    scores = {} if is_ranked else {line.id: line.score for line in candidate_lines(run)}
    intervals, chances = ranking.intervals, ranking.chances()
    return tuple(
        RankingLine(id=id_, strength=intervals[id_], chance=chances[id_], fitness=scores.get(id_))
        for id_ in ranking.best_first
    )
