"""What a person can do while a run pauses: the next steps, as commands."""

from rich.console import Console

from rewardsmith.cli.terminal import heading, safe
from rewardsmith.messages import CandidateId
from rewardsmith.pausing import Paused
from rewardsmith.report.candidates import best_line, candidate_lines
from rewardsmith.session import config_of
from rewardsmith.store.run import Run


def show_pause(run: Run, paused: Paused, where: str, out: Console) -> None:
    """Print where the run stands and the commands that go on from there.

    Args:
        run: The run.
        paused: Where it stopped.
        where: What commands call the run.
        out: Where to print.
    """
    out.print(safe(f"\n{paused} Everything so far is on disk.", "bold"), soft_wrap=True)
    out.print(heading("Next"))
    example = _example(run, paused)
    edited = "joins this iteration" if paused.after == "critic" else "opens the next iteration"
    again = f"rewardsmith resume {where}"
    steps = [
        (f"rewardsmith inspect {where}", "every candidate"),
        (f"rewardsmith edit {where} {example}", f"change a program; yours {edited}"),
        (f'rewardsmith feedback {where} "..."', "say something that the next iteration reads"),
        (again, "go on"),
        (f"{again} --pause-after {paused.after}", "go on, and pause again"),
    ]
    if _is_last(run) and paused.after == "iteration":
        n = len(run.history().iterations) + 1
        more = (f"{again} --set search.iterations={n}", "one more iteration before the claim")
        steps = [step for step in steps if "--pause-after" not in step[0]] + [more]
        steps[1] = (steps[1][0], "change a program; it needs one more iteration, as below")
    for command, purpose in steps:
        out.print(safe(f"  {command}"), safe(f"  # {purpose}", "dim"), soft_wrap=True)


def _example(run: Run, paused: Paused) -> CandidateId:
    """The candidate that a person would look at first."""
    lines = candidate_lines(run)
    best = best_line(run, lines)
    if best is not None and paused.after == "iteration":
        return best.id
    return next(line.id for line in lines if line.id.iteration == paused.iteration)


def _is_last(run: Run) -> bool:
    return len(run.history().iterations) >= config_of(run).search.iterations
