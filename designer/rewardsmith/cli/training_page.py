"""What a run that trained one program came to: how its policy was judged, and what to do next."""

from rich.console import Console

from rewardsmith.cli.candidate_page import show_candidate
from rewardsmith.cli.evaluating import evaluation_table
from rewardsmith.cli.terminal import heading, safe
from rewardsmith.messages import Evaluation
from rewardsmith.report.conclusions import called, concluding_evaluation
from rewardsmith.store.run import Run


def show_training(run: Run, out: Console) -> None:
    """Print how the policy was judged, or why there is none, and the next commands."""
    evaluation = concluding_evaluation(run)
    if evaluation is None:
        show_candidate(run, "000/0", out=out)
        out.print(safe("\nNo policy came of it.", "bold red"))
    else:
        _show_judged(evaluation, out)
    _show_next(run, out, is_trained=evaluation is not None)


def _show_judged(evaluation: Evaluation, out: Console) -> None:
    n = len(evaluation.episodes)
    title = f"After {evaluation.step:,} steps, on {n} {called(evaluation.seed_set)} episodes"
    out.print(heading(title))
    out.print(evaluation_table([evaluation]))
    said = "One training: another training seed gives another policy."
    out.print(safe(said, "dim"), soft_wrap=True)


def _show_next(run: Run, out: Console, *, is_trained: bool) -> None:
    out.print(heading("Next"))
    name = run.folder.name
    where = "" if str(run.folder.parent) == "runs" else f" --runs {run.folder.parent}"
    commands = [(f"rewardsmith inspect {name} 000/0{where}", "code, curves, causes")]
    if is_trained:
        commands.append((f"rewardsmith evaluate {name}{where}", "judge it on fresh episodes"))
        commands.append((f"rewardsmith export {name}{where} --to my_reward", "use it elsewhere"))
    for command, purpose in commands:
        out.print(safe(f"  {command}"), safe(f"  # {purpose}", "dim"), soft_wrap=True)
