"""Symptoms of learning: return without fitness, collapse, stagnation, a curve that still rises."""

from statistics import fmean

from rewardsmith.analysis import spearman
from rewardsmith.messages import Cause, Evaluation, Evidence
from rewardsmith.roles.causes import cause
from rewardsmith.roles.recording import Recording

RETURN_KEY = "rollout/ep_rew_mean"
"""Training curve of the designed return."""

_MIN_PAIRS = 6


def learning_symptoms(recording: Recording, *, correlation: float | None) -> list[Cause]:
    """Causes that show in the curves rather than in the last policy."""
    evidence = [Evidence(episode=recording.best, step=0)]
    found = _misled(recording, correlation, evidence)
    curve = [e.fitness for e in recording.evaluations]
    if len(curve) < 3:
        return found
    return found + _shape_of(curve, recording, evidence)


def is_misled(recording: Recording, correlation: float | None) -> bool:
    """Whether the reward rose while the task's measure fell, over checkpoints or over training.

    Never of a policy that does the task: a longer episode may earn less a step and be worth more.
    """
    if recording.success_rate >= 0.5:
        return False
    enough = len(recording.pairs) >= _MIN_PAIRS
    is_against = enough and correlation is not None and correlation < -0.2
    return is_against or _diverges(recording) or _is_worse_than_chance(recording)


def _misled(
    recording: Recording, correlation: float | None, evidence: list[Evidence]
) -> list[Cause]:
    if is_misled(recording, correlation):
        reason = "return rose while fitness fell"
        if not _diverges(recording):
            reason = f"rank correlation {correlation:.2f}" if correlation is not None else ""
            if _is_worse_than_chance(recording):
                reason = "random actions earn less and do more of the task"
        return [cause("return-without-fitness", reason=reason, evidence=evidence)]
    weak = correlation is not None and correlation < 0.2 and len(recording.pairs) >= _MIN_PAIRS
    if weak and recording.success_rate < 0.5:
        reason = f"rank correlation {correlation:.2f}"
        return [cause("return-without-fitness", reason=reason, evidence=evidence)]
    return []


def _diverges(recording: Recording) -> bool:
    returns = recording.curves.get(RETURN_KEY, ())
    grows = spearman([float(s) for s, _ in returns], [v for _, v in returns])
    points = [(float(e.step), e.fitness) for e in recording.evaluations]
    falls = spearman([s for s, _ in points], [f for _, f in points])
    return grows is not None and falls is not None and grows > 0.5 and falls < -0.5


def _is_worse_than_chance(recording: Recording) -> bool:
    """Whether every rollout of random actions earned less than the policy and was worth more.

    It shows what no curve does where a policy left the task before it was first evaluated.
    """
    if not recording.chance or not recording.episodes:
        return False
    mine = fmean(episode.fitness for episode in recording.episodes)
    earned = recording.mean_return
    return all(paid < earned and fitness > mine for paid, fitness in recording.chance)


def _shape_of(curve: list[float], recording: Recording, evidence: list[Evidence]) -> list[Cause]:
    """Collapsed, stalled or unfinished: at most one of them."""
    low, high, last = min(curve), max(curve), curve[-1]
    peak = curve.index(high)
    if recording.success_rate >= 0.95:
        return []
    if high - low <= 0.05 * max(abs(high), abs(low), 1e-9):
        return [cause("stalled", evidence=evidence, low=f"{low:.4g}", high=f"{high:.4g}")]
    if high - last > 0.5 * (high - low) and peak > 0:
        return [_collapse(recording.evaluations[peak], last, evidence)]
    before = curve[max(0, (2 * len(curve)) // 3 - 1)]
    if peak == len(curve) - 1 and last - before > 0.1 * (high - low):
        before_text, last_text = f"{before:.4g}", f"{last:.4g}"
        return [cause("unfinished", evidence=evidence, before=before_text, last=last_text)]
    return []


def _collapse(peak: Evaluation, last: float, evidence: list[Evidence]) -> Cause:
    return cause(
        "collapsed",
        peak=f"{peak.fitness:.4g}",
        step=peak.step,
        last=f"{last:.4g}",
        evidence=evidence,
    )
