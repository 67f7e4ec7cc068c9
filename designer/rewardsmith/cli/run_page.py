"""A run on one page: its task, where it stands, its candidates, its claim."""

from rich.console import Console
from rich.table import Table

from rewardsmith.cli.conclusion import show_claim
from rewardsmith.cli.terminal import console, heading, safe
from rewardsmith.environments.cards import environment_name
from rewardsmith.report.candidates import CandidateLine, best_line, candidate_lines
from rewardsmith.store.run import Run


def show_run(run: Run) -> None:
    """Print the page."""
    out, lines = console(), candidate_lines(run)
    _show_task(run, out)
    out.print(heading("Candidates"))
    out.print(_candidates_table(run, lines) if lines else safe("None was proposed yet."))
    show_claim(run, out)
    if lines:
        example = best_line(run, lines) or lines[0]
        out.print(safe(f"\n`rewardsmith inspect {run.folder.name} {example.id}` shows one.", "dim"))


def _show_task(run: Run, out: Console) -> None:
    task = run.manifest.task
    facts = {
        "environment": environment_name(task.env),
        "task": task.instruction,
        "fitness": task.fitness,
        "success": f"{task.success}  ({task.semantics})",
        "started": run.manifest.created,
        "status": _status(run),
        "folder": str(run.folder),
    }
    out.print(safe(run.id, "bold"))
    table = Table.grid(padding=(0, 2))
    for name, text in facts.items():
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


def _candidates_table(run: Run, lines: tuple[CandidateLine, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("candidate", "outcome", "score", "success", "steps", "cause"):
        numeric = name in ("score", "success", "steps")
        table.add_column(name, justify="right" if numeric else "left", no_wrap=name != "cause")
    best = best_line(run, lines)
    for line in lines:
        is_best = best is not None and line.id == best.id
        table.add_row(*(safe(cell) for cell in _cells(line)), style="bold" if is_best else "")
    return table


def _cells(line: CandidateLine) -> tuple[str, ...]:
    return (
        str(line.id),
        line.state,
        "-" if line.score is None else f"{line.score:.3g}",
        "-" if line.success_rate is None else f"{line.success_rate:.0%}",
        f"{line.result.steps:,}" if line.result else "-",
        line.cause,
    )
