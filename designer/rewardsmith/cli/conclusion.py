"""What a finished run came to: the table, the winner, how it came about, and what to do next."""

from rich.console import Console

from rewardsmith.cli.candidate_page import diff_text
from rewardsmith.cli.ranking import show_ranking
from rewardsmith.cli.terminal import code, diff, heading, safe
from rewardsmith.messages import Claim, rank_of
from rewardsmith.report.candidates import CandidateLine, best_line, candidate_lines, lineage
from rewardsmith.report.opinions import opinion_of
from rewardsmith.report.table import claim_table, search_line
from rewardsmith.store.codec import load
from rewardsmith.store.run import Run


def show_conclusion(run: Run, out: Console) -> bool:
    """Print the claim, the winner's program, its diff to its ancestor, and the next commands.

    Returns:
        Whether there is a winner.
    """
    show_claim(run, out)
    show_ranking(run, out)
    lines = candidate_lines(run)
    best = best_line(run, lines)
    if best is not None:
        by = "strength in comparisons" if run.manifest.task.is_ranked else "score"
        out.print(heading(f"The winner: {best.id}, {by} {best.score:.3g}"))
        out.print(code(best.candidate.text))
        _show_descent(best, lines, out)
    opinion = opinion_of(run)
    if opinion is not None:
        out.print(safe(f"\n{opinion}"))
    _show_next(run, best, out)
    return best is not None


def show_claim(run: Run, out: Console) -> None:
    """Print the table of the final claim, if there is one."""
    claim = recalled_claim(run)
    if claim is None:
        return
    out.print(heading("Trained from scratch, judged on episodes that the search never saw"))
    out.print(claim_table(claim, n_episodes=report_episodes(run)))
    out.print(safe(search_line(claim), "dim"))


def recalled_claim(run: Run) -> Claim | None:
    """The claim as it was recorded; None before the run came that far."""
    data = run.recall("report_ready")
    return load(Claim, data["claim"]) if data else None


def report_episodes(run: Run) -> int | None:
    """Episodes on which each training of the claim was judged."""
    n = run.manifest.config.get("evaluation", {}).get("report_episodes")
    return n if isinstance(n, int) else None


def _show_descent(best: CandidateLine, lines: tuple[CandidateLine, ...], out: Console) -> None:
    """What refinement changed: in the winner, or else in the best that did not beat it."""
    shown = best
    if best.id.iteration == 0:
        results = (line.result for line in lines if line.parents)
        later = [result for result in results if result and result.score is not None]
        if not later:
            return
        first = min(later, key=rank_of).id
        shown = next(line for line in lines if line.id == first)
        text = "\nNo refined candidate scored higher; the best of them is"
        out.print(safe(f"{text} {shown.id}, score {shown.score:.3g}.", "dim"))
    ancestor = lineage(shown, lines)[-1]
    if ancestor.id == shown.id:
        return
    out.print(heading(f"What {shown.id} changed since {ancestor.id}"))
    if shown.candidate.rationale:
        out.print(safe(shown.candidate.rationale, "dim"), soft_wrap=True)
    text = diff_text(ancestor, shown)
    out.print(diff(text) if text else safe("Nothing."))


def _show_next(run: Run, best: CandidateLine | None, out: Console) -> None:
    out.print(heading("Next"))
    name = run.folder.name
    where = "" if str(run.folder.parent) == "runs" else f" --runs {run.folder.parent}"
    commands = [(f"rewardsmith inspect {name}{where}", "every candidate")]
    if best is not None:
        shown = f"rewardsmith inspect {name} {best.id}{where}"
        commands.append((shown, "the winner in detail"))
        if opinion_of(run) is not None:
            commands.append((f"rewardsmith label {name}{where}", "did it do what you asked?"))
        commands.append((f"rewardsmith export {name}{where} --to my_reward", "use it elsewhere"))
    for command, purpose in commands:
        out.print(safe(f"  {command}"), safe(f"  # {purpose}", "dim"), soft_wrap=True)
    out.print(safe(f"The run lies in {run.folder}"), soft_wrap=True)
