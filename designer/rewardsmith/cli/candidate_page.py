"""Everything known of one candidate on one page: code, verdict, training, causes."""

import math
from difflib import unified_diff

from rich.console import Console
from rich.table import Table

from rewardsmith.analysis.curves import sample_curve
from rewardsmith.cli.probe_page import show_exploits
from rewardsmith.cli.terminal import cleaned, code, console, diff, heading, safe
from rewardsmith.errors import UsageError, unknown
from rewardsmith.messages import Analysis, Cause, Judged, Result, Verdict
from rewardsmith.report.candidates import (
    AUTHORS,
    CandidateLine,
    best_line,
    candidate_lines,
    lineage,
)
from rewardsmith.report.conclusions import judged
from rewardsmith.report.costs import candidate_cost, cost_text
from rewardsmith.report.curves import sparkline
from rewardsmith.report.remarks import remark_lines, remarks_before
from rewardsmith.store.codec import load
from rewardsmith.store.evaluations import read_evaluations
from rewardsmith.store.events import candidate_of, is_search
from rewardsmith.store.run import Run

CURVE_POINTS = 40
_SEVERITY_STYLE = {"error": "red", "warning": "yellow", "note": "dim"}


def show_candidate(
    run: Run, name: str, *, with_compiled: bool = False, out: Console | None = None
) -> None:
    """Print the page of the candidate that `name` means.

    Raises:
        UsageError: The run has no such candidate.
    """
    line, out, lines = find_candidate(run, name), out or console(), candidate_lines(run)
    _show_head(run, line, lines, out)
    out.print(heading("Program"), code(line.candidate.text))
    _show_change(line, lines, out)
    verdict = line.judged.verdict if line.judged else None
    if with_compiled:
        out.print(heading("Compiled"), _compiled(verdict))
    if verdict is not None:
        _show_repairs(run, line, out)
        _show_verdict(verdict, out)
    if line.result is not None:
        _show_result(line.result, out, called="strength" if line.is_ranked else "score")
    _show_curves(run, line, out)
    _show_later(run, line, out)
    if line.analysis is not None:
        _show_analysis(line.analysis, out)


def find_candidate(run: Run, name: str) -> CandidateLine:
    """The candidate called `name`, or the best one for `best`.

    Raises:
        UsageError: There is no such candidate.
    """
    lines = candidate_lines(run)
    if name == "best":
        best = best_line(run, lines)
        if best is None:
            raise UsageError(f"Run {run.id!r} has no winner: no candidate was scored yet.")
        return best
    iteration, slash, number = name.partition("/")
    for line in lines:
        if slash and str(line.id) == f"{iteration.zfill(3)}/{number}":
            return line
    raise UsageError(unknown("candidate", name, (str(line.id) for line in lines)))


def _show_head(
    run: Run, line: CandidateLine, lines: tuple[CandidateLine, ...], out: Console
) -> None:
    candidate = line.candidate
    out.print(safe(f"{candidate.id}: {line.state}", "bold"))
    if candidate.rationale:
        out.print(safe(candidate.rationale), soft_wrap=True)
    facts = {
        "author": AUTHORS[candidate.author],
        "parents": ", ".join(map(str, candidate.parents)) or "none",
        "lineage": " <- ".join(map(_scored, lineage(line, lines))),
        "children": ", ".join(_scored(x) for x in lines if line.id in x.candidate.parents),
        "cost": cost_text(candidate_cost(run, line)),
    }
    for name, text in facts.items():
        if text:
            out.print(safe(f"{name} {text}", "dim"), soft_wrap=True)
    for remark, response in remarks_before(line.id, remark_lines(run, lines)):
        out.print(safe(f"remark {remark.text!r}: {response.link}", "dim"), soft_wrap=True)


def _scored(line: CandidateLine) -> str:
    return f"{line.id} ({line.state if line.score is None else f'{line.score:.3g}'})"


def _show_change(line: CandidateLine, lines: tuple[CandidateLine, ...], out: Console) -> None:
    parent = next((x for x in lines if x.id in line.candidate.parents[:1]), None)
    text = diff_text(parent, line) if parent else ""
    if parent is not None:
        out.print(heading(f"What changed since {parent.id}"))
        out.print(diff(text) if text else safe("Nothing."))


def _show_later(run: Run, line: CandidateLine, out: Console) -> None:
    """What `rewardsmith evaluate` measured since."""
    made = [one.evaluation for one in read_evaluations(run.folder) if one.candidate == line.id]
    for evaluation in made:
        found = judged(evaluation)
        if evaluation is made[0]:
            out.print(heading("Judged on fresh episodes"))
        said = f"fitness {found.fitness}, success {found.success}"
        out.print(safe(f"{said}, {found.success.n} episodes"))


def _compiled(verdict: Verdict | None) -> object:
    if verdict is None or verdict.compiled is None:
        return safe("It was not compiled.")
    return code(verdict.compiled)


def _show_repairs(run: Run, line: CandidateLine, out: Console) -> None:
    """Why its earlier texts were refused."""
    judged = [e for e in run.events("candidate_judged") if candidate_of(e) == line.id]
    rounds = {e.key["round"]: load(Judged, e.data["judged"]).verdict for e in judged}
    for number, verdict in sorted(rounds.items())[:-1]:
        out.print(heading(f"Text {number} was refused, and mended"))
        for finding in verdict.findings:
            if finding.severity == "error":
                out.print(safe(f"{finding.layer:6} {finding}", "red"), soft_wrap=True)


def _show_verdict(verdict: Verdict, out: Console) -> None:
    after = f" after {verdict.round} repairs" if verdict.round else ""
    out.print(heading(f"Verdict: {'accepted' if verdict.ok else 'refused'}{after}"))
    for finding in verdict.findings:
        style = _SEVERITY_STYLE[finding.severity]
        out.print(safe(f"{finding.severity:7} {finding.layer:6} {finding}", style), soft_wrap=True)
    show_exploits(verdict, out)


def _show_result(result: Result, out: Console, *, called: str) -> None:
    score = f"no {called}" if result.score is None else f"{called} {result.score:.4g}"
    out.print(heading(f"Training: {result.outcome.value}, {score}"))
    out.print(safe(f"{result.steps:,} steps, {result.cpu_s:,.0f} CPU-seconds"))
    if result.text:
        out.print(safe(result.text, "yellow"), soft_wrap=True)


def _show_curves(run: Run, line: CandidateLine, out: Console) -> None:
    table = Table("curve", "", "first", "last", box=None, pad_edge=False)
    for name, values in _curves(run, line).items():
        ends = (f"{values[0]:.3g}", f"{values[-1]:.3g}")
        table.add_row(safe(name), sparkline(values), *ends)
    if table.row_count:
        out.print(heading("Curves over the training"), table)


def _curves(run: Run, line: CandidateLine) -> dict[str, tuple[float, ...]]:
    curves: dict[str, tuple[float, ...]] = {}
    if line.evaluations:
        curves["eval/fitness"] = tuple(e.fitness for e in line.evaluations)
        curves["eval/success"] = tuple(e.success_rate for e in line.evaluations)
    for seed in _seeds(run, line):
        points = run.load_metrics(line.id, seed)
        names = dict.fromkeys(name for point in points for name in point.values)
        for name in names:
            curve = sample_curve(points, name, n_points=CURVE_POINTS)
            if curve is not None and name.startswith(("reward/", "rollout/")):
                curves[name] = curve.values
    return {name: values for name, values in curves.items() if all(map(math.isfinite, values))}


def _seeds(run: Run, line: CandidateLine) -> tuple[int, ...]:
    started = (e for e in run.events("segment_started") if is_search(e))
    return tuple(dict.fromkeys(e.key["seed"] for e in started if candidate_of(e) == line.id))


def _show_analysis(analysis: Analysis, out: Console) -> None:
    if analysis.components:
        out.print(heading("Components in the rollouts of the trained policy"))
        out.print(_components_table(analysis))
    if analysis.hacking_suspected:
        out.print(
            safe("\nReward hacking is suspected: its return rises, the fitness does not.", "red")
        )
    if analysis.causes:
        out.print(heading("Causes"))
    for cause in analysis.causes:
        _show_cause(cause, out)


def _components_table(analysis: Analysis) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("component", "weight", "mean", "std", "share", "of return", "range", "verdict"):
        table.add_column(name, justify="left" if name in ("component", "verdict") else "right")
    for part in analysis.components:
        table.add_row(
            safe(part.name),
            f"{part.weight:g}",
            f"{part.mean:.3g}",
            f"{part.std:.3g}",
            f"{part.share:.0%}",
            f"{part.return_share:.0%}",
            f"{part.low:.3g} to {part.high:.3g}",
            part.verdict,
        )
    return table


def _show_cause(cause: Cause, out: Console) -> None:
    style = _SEVERITY_STYLE[cause.severity]
    out.print(safe(f"{cause.code}: {cause.message}", style), soft_wrap=True)
    if cause.suggestion:
        out.print(safe(f"  {cause.suggestion}"), soft_wrap=True)
    if cause.evidence:
        seen = ", ".join(f"episode {e.episode} step {e.step}" for e in cause.evidence)
        out.print(safe(f"  seen in {seen}", "dim"), soft_wrap=True)


def diff_text(old: CandidateLine, new: CandidateLine) -> str:
    """A unified diff of two programs."""
    before, after = (cleaned(one.candidate.text).splitlines() for one in (old, new))
    return "\n".join(unified_diff(before, after, str(old.id), str(new.id), lineterm=""))
