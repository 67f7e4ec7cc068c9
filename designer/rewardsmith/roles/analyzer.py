"""The computed Trajectory Analyzer: why a policy did not do the task, without a language model.

Everything it says is a measure of the recorded rollouts, references and curves, and every cause
points at a moment that exists in them. Pure: no clock, no randomness, no I/O.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from rewardsmith.analysis import component_stats, spearman
from rewardsmith.messages import (
    Analysis,
    Cause,
    ComponentStats,
    EpisodeScore,
    Outcome,
    Result,
    StateSpec,
    Trajectory,
)
from rewardsmith.roles.behaviour import behaviour_symptoms
from rewardsmith.roles.causes import cause
from rewardsmith.roles.contrast import contrast_symptoms
from rewardsmith.roles.learning import is_misled, learning_symptoms
from rewardsmith.roles.peaks import peak_symptoms
from rewardsmith.roles.recording import Recording, Waymark
from rewardsmith.roles.symptoms import component_symptoms

HACKING_SHARE = 0.9
"""Share of the return that doing nothing earns from which hacking is suspected."""

_SEVERITY = {"error": 0, "warning": 1, "note": 2}
_VERDICTS: dict[str, Literal["rescale", "rewrite", "drop"]] = {
    "opposed-component": "drop",
    "stands-still": "drop",
    "dead-component": "rewrite",
    "dominating-component": "rescale",
    "saturated-component": "rescale",
}


def analyze(
    result: Result,
    *,
    rollouts: Sequence[Trajectory],
    episodes: Sequence[EpisodeScore],
    references: Mapping[str, Trajectory],
    weights: Mapping[str, float],
    curves: Mapping[str, Sequence[tuple[int, float]]],
    pairs: Sequence[tuple[float, float]],
    state: StateSpec,
    chance: Sequence[tuple[float, float]] = (),
    trail: Sequence[Waymark] = (),
    iteration_trail: Sequence[Waymark] = (),
    reads: Collection[str] = (),
) -> Analysis:
    """Say what a trained candidate's policy did, and why it is not the task.

    Args:
        result: What became of the candidate, with its evaluations in order.
        rollouts: Scored rollouts of the last policy: components and rewards are filled.
        episodes: Fitness of the same rollouts, in their order.
        references: `do_nothing` and `early_end` rollouts scored under the same program.
        weights: The program's.
        curves: Training statistics by key: (step, value); `rollout/ep_rew_mean` is read.
        pairs: (return, fitness) of evaluation episodes of all checkpoints.
        state: The card's fields, with units and ranges.
        chance: (return, fitness) of rollouts of random actions, scored under the same program.
        trail: Episodes of all recorded checkpoints, the earliest first.
        iteration_trail: Those of every candidate of the iteration.
        reads: State fields that the program reads.
    """
    if not rollouts or not rollouts[0].components:
        return _without_rollouts(result)
    recording = Recording(
        rollouts=rollouts,
        episodes=episodes,
        references=references,
        weights=weights,
        curves=curves,
        pairs=pairs,
        evaluations=result.evaluations,
        state=state,
        chance=chance,
        trail=trail,
        iteration_trail=iteration_trail,
        reads=reads,
    )
    return _analysis(result, recording)


def _analysis(result: Result, recording: Recording) -> Analysis:
    pairs = recording.pairs
    correlation = spearman([r for r, _ in pairs], [f for _, f in pairs])
    stats = component_stats(recording.rollouts, recording.weights)
    found = peak_symptoms(recording) + behaviour_symptoms(recording, stats)
    found += component_symptoms(recording, stats, correlation=correlation)
    found += learning_symptoms(recording, correlation=correlation)
    found += contrast_symptoms(recording)
    causes = tuple(sorted(found, key=lambda c: _SEVERITY[c.severity]))
    return Analysis(
        candidate=result.id,
        components=tuple(_judged(one, causes) for one in stats),
        causes=causes,
        hacking_suspected=_is_hacking(recording, correlation),
        return_fitness_correlation=correlation,
        do_nothing_share=recording.share_of("do_nothing"),
        early_end_share=recording.share_of("early_end"),
        best_episode=recording.best,
        worst_episode=recording.worst,
    )


def _without_rollouts(result: Result) -> Analysis:
    """A candidate that left nothing to look at: only how it ended is known."""
    if result.outcome in (Outcome.TRAINED, Outcome.STOPPED):
        return Analysis(candidate=result.id)
    reason = f"{result.outcome}{', ' + result.text if result.text else ''}"
    return Analysis(candidate=result.id, causes=(cause("not-trained", reason=reason),))


def _judged(stats: ComponentStats, causes: tuple[Cause, ...]) -> ComponentStats:
    """The component's verdict: that of the gravest cause that names it.

    Notes change nothing: a goal that dominates its own reward, or a charge never due, is no flaw.
    """
    for one in causes:
        if one.component == stats.name and one.severity != "note" and one.code in _VERDICTS:
            return replace(stats, verdict=_VERDICTS[one.code])
    return replace(stats, verdict="keep")


def _is_hacking(recording: Recording, correlation: float | None) -> bool:
    """Return without the task: against fitness, or earned by doing nothing."""
    idle = recording.share_of("do_nothing") or 0.0
    earns_idly = idle >= HACKING_SHARE and recording.success_rate < 0.5
    return earns_idly or is_misled(recording, correlation)
