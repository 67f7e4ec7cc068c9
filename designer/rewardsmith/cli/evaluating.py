"""`rewardsmith evaluate`: a stored policy, judged on episodes that nothing was ever judged on."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from rewardsmith import session
from rewardsmith.cli.candidate_page import find_candidate
from rewardsmith.cli.documents import evaluate_document
from rewardsmith.cli.printing import print_json
from rewardsmith.cli.terminal import console, safe
from rewardsmith.messages import Evaluation
from rewardsmith.report.conclusions import judged
from rewardsmith.store.run import Run


def evaluate_candidate(folder: Path, name: str, n_episodes: int, *, as_json: bool = False) -> None:
    """Judge the policy of the candidate that `name` means, write it down and print it.

    Raises:
        UsageError: There is no such candidate or policy, or there are too many episodes.
        RewardsmithError: The evaluation did not come to an end.
    """
    run = Run.read(folder)
    candidate = find_candidate(run, name).id
    made = session.evaluate_stored(run, candidate, n_episodes)
    if as_json:
        print_json(evaluate_document(run, made))
        return
    out, evaluation = console(), made.evaluation
    out.print(
        safe(f"{candidate} after {evaluation.step:,} steps, on {n_episodes} fresh episodes", "bold")
    )
    out.print(evaluation_table([evaluation]))
    seeds = f"{evaluation.episodes[0].seed} to {evaluation.episodes[-1].seed}"
    said = f"Seeds {seeds}, used by nothing before and never again; written to evaluations.jsonl."
    out.print(safe(said, "dim"), soft_wrap=True)


def evaluation_table(evaluations: Sequence[Evaluation]) -> Table:
    """Success, fitness and audit metrics, each with what it is an interval of."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "mean", "95 % interval", "episodes"):
        table.add_column(name, justify="right" if name else "left")
    for evaluation in evaluations:
        found, n = judged(evaluation), str(len(evaluation.episodes))
        success, fitness = found.success, found.fitness
        bounds = f"{success.low:.0%} to {success.high:.0%}"
        table.add_row("success", f"{success.estimate:.0%}", bounds, n)
        bounds = f"{fitness.low:.4g} to {fitness.high:.4g}"
        table.add_row("fitness", f"{fitness.estimate:.4g}", bounds, n)
        for name in evaluation.episodes[0].audit:
            values = [episode.audit[name] for episode in evaluation.episodes]
            table.add_row(safe(name), f"{sum(values) / len(values):.4g}", "", n)
    return table
