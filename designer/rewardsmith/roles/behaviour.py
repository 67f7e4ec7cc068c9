"""Symptoms of behaviour: standing still, ending early, leaving a range, trembling."""

from collections import Counter
from statistics import fmean

import numpy as np

from rewardsmith.messages import Cause, ComponentStats, Evidence, FieldSpec, Severity, Trajectory
from rewardsmith.roles.causes import cause
from rewardsmith.roles.offline.lexicon import TYPICAL, unit_of
from rewardsmith.roles.recording import Recording
from rewardsmith.roles.symptoms import is_steady

IDLE_SHARE = 0.8
"""Share of the return earned for nothing from which standing still is the policy's answer."""

MANY = 0.5
"""Share of episodes from which something happens often."""

_MAX_UNMOVED = 3


def behaviour_symptoms(recording: Recording, stats: tuple[ComponentStats, ...]) -> list[Cause]:
    """Causes that lie in what the policy does; nothing where it mostly succeeds."""
    blown = _blow_up(recording)
    if recording.success_rate >= MANY:
        return blown + _oscillates(recording)
    unmoved = unmoved_fields(recording)
    found = _stands_still(recording, stats, unmoved)
    found += [_unmoved_cause(recording, spec) for spec in unmoved[:_MAX_UNMOVED]]
    early = _ends_early(recording)
    return blown + found + early + _early_end_pays(recording) + _oscillates(recording)


def unmoved_fields(recording: Recording) -> list[FieldSpec]:
    """Scalar fields that stayed within a twentieth of an everyday range in all rollouts."""
    found = []
    for spec in recording.state.fields:
        if spec.shape or spec.kind != "float" or spec.constant is not None:
            continue
        if spec.name in recording.rollouts[0].fields:
            low, high = _extent(recording, spec.name)
            if high - low < 0.05 * _everyday_range(spec):
                found.append(spec)
    return found


def _everyday_range(spec: FieldSpec) -> float:
    """The card's range, but no more than is usual for the unit: tracks are long."""
    unit = unit_of(spec.unit)
    usual = 4.0 * TYPICAL[unit.dimension] / unit.factor
    if spec.low is None or spec.high is None:
        return usual if unit.dimension else 0.0
    return min(spec.high - spec.low, usual) if unit.dimension else spec.high - spec.low


def _extent(recording: Recording, field: str) -> tuple[float, float]:
    values = [r.fields[field] for r in recording.rollouts]
    return float(min(v.min() for v in values)), float(max(v.max() for v in values))


def _stands_still(
    recording: Recording, stats: tuple[ComponentStats, ...], unmoved: list[FieldSpec]
) -> list[Cause]:
    """Most of the return comes for nothing: by the do-nothing rollout, or by steady components."""
    steady = [s for s in stats if is_steady(s) and s.weight * s.mean > 0]
    steady.sort(key=lambda s: -s.return_share)
    idle = sum(s.return_share for s in steady)
    share = recording.share_of("do_nothing")
    reasons = []
    if steady and idle >= IDLE_SHARE and (unmoved or (share or 0.0) >= IDLE_SHARE):
        names = ", ".join(f"`{s.name}`" for s in steady)
        reasons.append(f"{names} give{'s' * (len(steady) == 1)} {idle:.0%} of the return")
    reasons += _nothing_earns(recording, share)
    if not reasons:
        return []
    if unmoved:
        reasons.append(_standing(recording, unmoved[0]))
    return [
        cause(
            "stands-still",
            component=steady[0].name if steady else None,
            field=unmoved[0].name if unmoved else None,
            reason="; ".join(reasons),
            idle=", ".join(f"`{s.name}`" for s in steady) or "the do-nothing return",
            evidence=[_farthest(recording, unmoved[0].name)] if unmoved else _middle(recording),
        )
    ]


def _nothing_earns(recording: Recording, share: float | None) -> list[str]:
    """What the do-nothing rollout says, if it earns about as much as the policy."""
    value, mean = recording.reference_return("do_nothing"), recording.mean_return
    if value is None:
        return []
    if share is not None:
        return [f"doing nothing earns {share:.0%} of the policy's return"] * (share >= IDLE_SHARE)
    close = value >= mean - 0.05 * abs(mean)
    return [f"doing nothing earns {value:.4g}, the policy {mean:.4g}"] * close


def _standing(recording: Recording, spec: FieldSpec) -> str:
    middle, spread = _band(recording, spec)
    return f"`{spec.name}` never left {middle} ± {spread}{_spaced(spec.unit)}"


def _unmoved_cause(recording: Recording, spec: FieldSpec) -> Cause:
    middle, spread = _band(recording, spec)
    return cause(
        "unmoved-field",
        field=spec.name,
        middle=middle,
        spread=spread,
        unit=_spaced(spec.unit),
        evidence=[_farthest(recording, spec.name)],
    )


def _band(recording: Recording, spec: FieldSpec) -> tuple[str, str]:
    low, high = _extent(recording, spec.name)
    return f"{(low + high) / 2:.3g}", f"{(high - low) / 2:.2g}"


def _farthest(recording: Recording, field: str) -> Evidence:
    """The step at which a field was farthest from its start."""
    moved = [np.abs(r.fields[field][1:] - r.fields[field][0]) for r in recording.rollouts]
    episode = int(np.argmax([m.max() for m in moved]))
    return Evidence(episode=episode, step=int(moved[episode].argmax()))


def _middle(recording: Recording) -> list[Evidence]:
    best = recording.best
    return [Evidence(episode=best, step=recording.rollouts[best].length // 2)]


def _failures(recording: Recording) -> list[int]:
    """Rollouts that the environment ended without success."""
    solved = [e.success for e in recording.episodes] + [False] * len(recording.rollouts)
    return [i for i, r in enumerate(recording.rollouts) if r.terminated and not solved[i]]


def _ends_early(recording: Recording) -> list[Cause]:
    failed = _failures(recording)
    if len(failed) < MANY * len(recording.rollouts):
        return []
    lengths = [recording.rollouts[i].length for i in failed]
    evidence = [Evidence(episode=i, step=recording.rollouts[i].length - 1) for i in failed[:3]]
    ended = cause(
        "ends-early",
        n=len(failed),
        total=len(recording.rollouts),
        length=fmean(lengths),
        evidence=evidence,
    )
    return [ended, *_left_range(recording, failed)]


def _left_range(recording: Recording, failed: list[int]) -> list[Cause]:
    """The field that was most often at or beyond the edge of its range at the end."""
    votes: Counter[str] = Counter()
    for i in failed:
        name = _most_extreme(recording, recording.rollouts[i])
        if name:
            votes[name] += 1
    if not votes:
        return []
    name, n = votes.most_common(1)[0]
    episode = next(i for i in failed if _most_extreme(recording, recording.rollouts[i]) == name)
    rollout = recording.rollouts[episode]
    return [
        cause(
            "left-range",
            field=name,
            value=f"{float(rollout.fields[name][-1]):.3g}",
            unit=_spaced(recording.state.field(name).unit),
            n=n,
            total=len(failed),
            evidence=[Evidence(episode=episode, step=rollout.length - 1)],
        )
    ]


def _most_extreme(recording: Recording, rollout: Trajectory) -> str | None:
    """The scalar nearest to, or farthest beyond, an edge of its range in the last step."""
    found: list[tuple[float, str]] = []
    for spec in recording.state.fields:
        if spec.shape or spec.low is None or spec.high is None or spec.constant is not None:
            continue
        if spec.name in rollout.fields and spec.high > spec.low:
            place = (float(rollout.fields[spec.name][-1]) - spec.low) / (spec.high - spec.low)
            found.append((abs(place - 0.5), spec.name))
    edge, name = max(found, default=(0.0, ""))
    return name if edge >= 0.45 else None


def _early_end_pays(recording: Recording) -> list[Cause]:
    """Ending at once earns about as much as the policy does, or loses less."""
    value, mean = recording.reference_return("early_end"), recording.mean_return
    if value is None or value < (IDLE_SHARE * mean if mean > 0 else mean):
        return []
    ended = _failures(recording)
    episode = ended[0] if ended else recording.worst
    step = recording.rollouts[episode].length - 1
    return [
        cause(
            "early-end-pays",
            early=f"{value:.4g}",
            mean=f"{mean:.4g}",
            evidence=[Evidence(episode=episode, step=step)],
        )
    ]


def _oscillates(recording: Recording) -> list[Cause]:
    """Actions that reverse at nearly every step, over most of their range."""
    spec = recording.state.action
    rollout = recording.rollouts[recording.worst]
    if spec.choices or rollout.length < 4 or not spec.low:
        return []
    size = np.maximum(np.asarray(spec.high) - np.asarray(spec.low), 1e-9)
    changes = np.diff(rollout.actions.reshape(rollout.length, -1), axis=0) / size.reshape(1, -1)
    turns = float((changes[1:] * changes[:-1] < 0).mean())
    mean_size = float(np.abs(changes).mean())
    if turns < 0.8 or mean_size < 0.4:
        return []
    step = int(np.abs(changes).max(axis=1).argmax()) + 1
    evidence = [Evidence(episode=recording.worst, step=step)]
    severity: Severity = "note" if recording.success_rate >= MANY else "warning"
    return [cause("oscillates", share=turns, size=mean_size, evidence=evidence, severity=severity)]


def _blow_up(recording: Recording) -> list[Cause]:
    """A field ten times its range away: physics gave way."""
    for spec in recording.state.fields:
        if spec.low is None or spec.high is None or spec.constant is not None:
            continue
        limit = 10.0 * max(spec.high - spec.low, abs(spec.high), abs(spec.low))
        for episode, rollout in enumerate(recording.rollouts):
            values = np.abs(rollout.fields.get(spec.name, np.zeros(1)).astype(float))
            values = values.reshape(len(values), -1).max(axis=1)
            if not (values <= limit).all():
                step = max(int(np.nan_to_num(values, nan=np.inf).argmax()) - 1, 0)
                return [
                    cause(
                        "blow-up",
                        field=spec.name,
                        value=f"{values.max():.3g}",
                        unit=_spaced(spec.unit),
                        evidence=[Evidence(episode=episode, step=step)],
                    )
                ]
    return []


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""
