"""What the probe measured of one program, as a person reads it."""

from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.table import Table

from rewardsmith.cli.terminal import heading, safe
from rewardsmith.language.findings import EXPLOITS
from rewardsmith.messages import Exploit, Verdict
from rewardsmith.rewards.contract import RewardProgram
from rewardsmith.rewards.exploits import doing_nothing
from rewardsmith.rewards.probe import ComponentRange, CornerRange, Measurements, ProbeReport

_PAYING = {True: ("pays", "yellow"), False: ("does not pay", "")}


def show_probe(report: ProbeReport, program: RewardProgram, out: Console) -> None:
    """Print ranges, corners, the potential and what a call costs."""
    measured = report.measurements
    if measured is None:
        return
    out.print(heading("Components"), _components(measured, program))
    n_rollouts = len(measured.returns)
    out.print(
        safe(
            f"Probed on {measured.n_rows} steps of {n_rollouts} rollouts; "
            f"one step of 16 environments takes {measured.us_per_call:.0f} us.",
            "dim",
        )
    )
    if measured.telescoping_difference is not None:
        out.print(safe(_shaping(measured.telescoping_difference, n_rollouts)))


def show_exploits(verdict: Verdict, out: Console, competent_return: float | None = None) -> None:
    """Print what ways not to do the task would earn."""
    if not verdict.exploits:
        return
    against = "" if competent_return is None else f" (a competent rollout: {competent_return:.4g})"
    out.print(heading(f"What not doing the task earns{against}"), _exploits(verdict.exploits))
    out.print(safe(_do_nothing(verdict.exploits)))


def _components(measured: Measurements, program: RewardProgram) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("component", "weight", "on rollouts", "std", "at corners"):
        table.add_column(name, justify="left" if name == "component" else "right")
    for name in program.components:
        seen, corner = measured.ranges.get(name), measured.corners.get(name)
        table.add_row(safe(name), f"{program.weights[name]:g}", *_ranges(seen, corner))
    if measured.potential is not None:
        corner = measured.corners.get("potential")
        table.add_row("potential", "", *_ranges(measured.potential, corner))
    return table


def _ranges(
    seen: ComponentRange | None, corner: CornerRange | None
) -> tuple[RenderableType, RenderableType, RenderableType]:
    std = "" if seen is None else f"{seen.std:.3g}"
    return _range(seen), std, _range(corner)


def _range(seen: ComponentRange | CornerRange | None) -> RenderableType:
    if seen is None or not seen.is_finite:
        return safe("not finite", "red")
    return f"{seen.low + 0.0:.3g} to {seen.high + 0.0:.3g}"  # + 0.0: no -0


def _shaping(difference: float, n_rollouts: int) -> str:
    if difference <= 1.0:
        return (
            "The discounted shaping adds up to the potential's end minus its start: proved on "
            f"{n_rollouts} rollouts."
        )
    return "The discounted shaping does not add up to the potential's end minus its start."


def _exploits(exploits: Sequence[Exploit]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("", "return", "of competent", ""):
        table.add_column(name, justify="right" if name else "left")
    for one in exploits:
        word, style = _PAYING.get(bool(one.pays), ("", ""))
        said = f"not applicable: {one.reason}" if one.pays is None else word
        table.add_row(
            EXPLOITS[one.name].act if one.name in EXPLOITS else safe(one.name),
            "-" if one.episode_return is None else f"{one.episode_return:.4g}",
            "-" if one.share is None else _percent(one.share),
            safe(said, "dim" if one.pays is None else style),
        )
    return table


def _percent(share: float) -> str:
    return f"{share + 0.0:.0%}" if abs(share) < 100.0 else f"{100.0 * share:.0e}%"


def _do_nothing(exploits: Sequence[Exploit]) -> str:
    idle = doing_nothing(exploits)
    if idle is None or idle.share is None:
        reason = (
            idle.reason if idle and idle.reason else "a competent rollout does not earn more than 0"
        )
        return f"The share that doing nothing earns is not known: {reason}."
    return (
        f"{EXPLOITS[idle.name].act} earns {_percent(idle.share)} of a competent rollout's return."
    )
