"""Symptoms of single components: never paid, flat, at a bound, dominating, opposed to the task.

A charge that the policy avoids is told from a dead component by the reference rollouts.
"""

from rewardsmith.analysis import is_dead, is_dominating, is_flat, spearman
from rewardsmith.messages import Cause, ComponentStats, Evidence, Severity
from rewardsmith.roles.causes import cause
from rewardsmith.roles.recording import Recording

OPPOSED_BELOW = -0.6
"""Rank correlation with fitness below which a component works against the task."""


def component_symptoms(
    recording: Recording, stats: tuple[ComponentStats, ...], *, correlation: float | None
) -> list[Cause]:
    """Causes that lie in one component; those of weight 0 are not paid and never concerned."""
    found: list[Cause] = []
    for one in (s for s in stats if s.weight):
        found += _dead(recording, one) or _flat(recording, one) or _saturated(recording, one)
        found += _opposed(recording, one)
    return found + _dominating(recording, stats, correlation)


def is_steady(stats: ComponentStats) -> bool:
    """Whether a component pays about the same in every step."""
    return stats.mean != 0.0 and stats.std < 0.1 * abs(stats.mean)


def _dead(recording: Recording, stats: ComponentStats) -> list[Cause]:
    """Zero throughout, unless it is a charge that the policy avoids."""
    if not is_dead(stats):
        return []
    elsewhere = [r.components[stats.name] for r in recording.references.values()
                 if stats.name in r.components]  # fmt: skip
    if any(stats.weight * float(values.sum()) < 0 for values in elsewhere):
        return []
    last = recording.rollouts[recording.best].length - 1
    evidence = [Evidence(episode=recording.best, step=last)]
    severity: Severity = "warning" if "early_end" in recording.references else "note"
    solved = recording.success_rate >= 0.95
    return [
        cause(
            "dead-component",
            component=stats.name,
            evidence=evidence,
            severity="note" if solved else severity,
        )
    ]


def _flat(recording: Recording, stats: ComponentStats) -> list[Cause]:
    if not is_flat(stats):
        return []
    evidence = [Evidence(episode=recording.best, step=0)]
    return [
        cause("flat-component", component=stats.name, value=f"{stats.mean:.3g}", evidence=evidence)
    ]


def _saturated(recording: Recording, stats: ComponentStats) -> list[Cause]:
    """At its highest value nearly always."""
    values = recording.values(stats.name)
    at_top = values >= stats.high - 0.01 * (stats.high - stats.low)
    share = float(at_top.mean())
    if share < 0.9 or stats.high <= 0:
        return []
    worst = recording.rollouts[recording.worst].components[stats.name]
    evidence = [Evidence(episode=recording.worst, step=int(worst.argmax()))]
    severity: Severity = "note" if recording.success_rate >= 0.5 else "warning"
    return [
        cause(
            "saturated-component",
            component=stats.name,
            value=f"{stats.high:.3g}",
            share=share,
            evidence=evidence,
            severity=severity,
        )
    ]


def _opposed(recording: Recording, stats: ComponentStats) -> list[Cause]:
    """Paid more in the worse episodes, and large enough to matter."""
    fitness = [e.fitness for e in recording.episodes]
    if stats.share < 0.1 or len(fitness) < 5 or len(fitness) != len(recording.rollouts):
        return []
    paid = [float(r.components[stats.name].sum()) * stats.weight for r in recording.rollouts]
    rho = spearman(paid, fitness)
    if rho is None or rho > OPPOSED_BELOW:
        return []
    highest = paid.index(max(paid))
    values = recording.rollouts[highest].components[stats.name] * stats.weight
    evidence = [Evidence(episode=highest, step=int(values.argmax()))]
    return [cause("opposed-component", component=stats.name, rho=rho, evidence=evidence)]


def _dominating(
    recording: Recording, stats: tuple[ComponentStats, ...], correlation: float | None
) -> list[Cause]:
    """One component drowns the rest; a flaw only where return does not go with fitness."""
    paid = [s for s in stats if s.weight]
    if not paid:
        return []
    top = max(paid, key=lambda s: s.share)
    if not is_dominating(top, len(paid)):
        return []
    misleads = correlation is not None and correlation < 0.3
    values = recording.rollouts[recording.best].components[top.name]
    evidence = [Evidence(episode=recording.best, step=int(abs(values - values.mean()).argmax()))]
    severity: Severity = "warning" if misleads and recording.success_rate < 0.5 else "note"
    return [
        cause(
            "dominating-component",
            component=top.name,
            share=top.share,
            evidence=evidence,
            severity=severity,
        )
    ]
