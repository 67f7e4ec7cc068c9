"""A run on one page: its task, where it stands, its candidates, its claim."""

from rich.console import Console
from rich.table import Table

from rewardsmith.cli.conclusion import show_claim
from rewardsmith.cli.terminal import console, heading, safe
from rewardsmith.environments.cards import environment_name
from rewardsmith.environments.wording import fitness_words, success_words
from rewardsmith.messages import SpanMean
from rewardsmith.report.candidates import CandidateLine, best_line, candidate_lines
from rewardsmith.report.conclusions import called, concluding_evaluation, judged
from rewardsmith.report.costs import claim_cpu_s, cost_text, run_cost
from rewardsmith.report.remarks import remark_lines
from rewardsmith.store.edits import read_edits
from rewardsmith.store.run import Run


def show_run(run: Run) -> None:
    """Print the page."""
    out, lines = console(), candidate_lines(run)
    _show_task(run, lines, out)
    out.print(heading("Candidates"))
    out.print(_candidates_table(run, lines) if lines else safe("None was proposed yet."))
    show_claim(run, out)
    _show_conclusion(run, out)
    _show_remarks(run, lines, out)
    if lines:
        example = best_line(run, lines) or lines[0]
        out.print(safe(f"\n`rewardsmith inspect {run.folder.name} {example.id}` shows one.", "dim"))


def _show_task(run: Run, lines: tuple[CandidateLine, ...], out: Console) -> None:
    task = run.manifest.task
    facts = {
        "environment": environment_name(task.env),
        "task": task.instruction,
        "fitness": fitness_words(task),
        "success": success_words(task),
        "started": run.manifest.created,
        "status": _status(run),
        "cost": _cost(run, lines),
        "edits": _edits(run),
        "folder": str(run.folder),
    }
    out.print(safe(run.id, "bold"))
    table = Table.grid(padding=(0, 2))
    for name, text in facts.items():
        if not text:
            continue
        table.add_row(safe(name, "dim"), safe(text))
    out.print(table)


def _status(run: Run) -> str:
    ended = run.recall("run_ended")
    if ended is not None:
        return f"ended: {ended['reason']}"
    events = run.events()
    last = f", last event {events[-1].time}" if events else ""
    n_done = len(run.events("iteration_ended"))
    return f"not ended: {n_done} iterations done{last}; `rewardsmith resume {run.folder.name}`"


def _cost(run: Run, lines: tuple[CandidateLine, ...]) -> str:
    beside = claim_cpu_s(run)
    more = f"; confirmations and claim {beside:,.0f} CPU-seconds" if beside else ""
    return f"search {cost_text(run_cost(run, lines))}{more}"


def _edits(run: Run) -> str:
    """People's programs that wait to be taken in."""
    read = max((e.data["up_to_line"] for e in run.events("edits_read")), default=0)
    n = len(read_edits(run.folder, after_line=read).edits)
    return f"{n} of yours wait for the next iteration" if n else ""


def _show_conclusion(run: Run, out: Console) -> None:
    """The evaluation that ended a run without a claim."""
    evaluation = concluding_evaluation(run)
    if evaluation is not None:
        found, n = judged(evaluation), len(evaluation.episodes)
        out.print(heading(f"Judged on {n} {called(evaluation.seed_set)} episodes"))
        out.print(safe(f"fitness {found.fitness}, success {found.success}"))


def _show_remarks(run: Run, lines: tuple[CandidateLine, ...], out: Console) -> None:
    remarks = remark_lines(run, lines)
    if remarks:
        out.print(heading("Remarks, and what followed"))
    for one in remarks:
        about = f" (on {one.remark.about})" if one.remark.about else ""
        out.print(safe(f"{one.remark.text}{about}"), soft_wrap=True)
        for mean in one.remark.seen:
            out.print(safe(f"  {_seen(mean)}", "dim"), soft_wrap=True)
        if one.read_by is None:
            out.print(safe("  not read yet", "dim"))
        for response in one.responses:
            score = "" if response.score is None else f", score {response.score:.3g}"
            said = f"  {response.candidate}{score}: {response.link}"
            out.print(safe(said, "dim"), soft_wrap=True)


def _seen(mean: SpanMean) -> str:
    unit = f" {mean.unit}" if mean.unit else ""
    return f"{mean.name}: {mean.inside:.3g}{unit} in these steps, {mean.elsewhere:.3g} elsewhere"


def _candidates_table(run: Run, lines: tuple[CandidateLine, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    score = "strength" if run.manifest.task.is_ranked else "score"
    for name in ("candidate", "author", "outcome", score, "success", "steps", "cause"):
        numeric = name in (score, "success", "steps")
        table.add_column(name, justify="right" if numeric else "left", no_wrap=name != "cause")
    best = best_line(run, lines)
    for line in lines:
        is_best = best is not None and line.id == best.id
        table.add_row(*(safe(cell) for cell in _cells(line)), style="bold" if is_best else "")
    return table


def _cells(line: CandidateLine) -> tuple[str, ...]:
    return (
        str(line.id),
        line.candidate.author,
        line.state,
        "-" if line.score is None else f"{line.score:.3g}",
        "-" if line.success_rate is None else f"{line.success_rate:.0%}",
        f"{line.result.steps:,}" if line.result else "-",
        line.cause,
    )
