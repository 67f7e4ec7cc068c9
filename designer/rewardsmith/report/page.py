"""A run as one HTML file that needs no network, no script and no other file.

It is written at the end of a run and holds what a reader needs to judge it: the task, the claim
with its intervals, how candidates learned, every program with its change from its parent, what was
found about it, and the curves of its components. Everything that a model wrote is escaped.
"""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId, Claim, Evaluation, Feedback
from rewardsmith.report.candidates import AUTHORS, CandidateLine, best_line, candidate_lines
from rewardsmith.report.charts import Frame, Mark, Point, Series, line_chart
from rewardsmith.report.claim_chart import claim_chart
from rewardsmith.report.conclusions import Judged, called, concluding_evaluation, judged
from rewardsmith.report.figures import learning_curves, rung_steps
from rewardsmith.report.highlight import CodeLine, code_lines, diff_lines
from rewardsmith.report.lineage_chart import Node, lineage_chart
from rewardsmith.report.opinions import opinion_of
from rewardsmith.report.rankings import ranking_lines
from rewardsmith.report.remarks import RemarkLine, Response, remark_lines, remarks_before
from rewardsmith.report.table import HEADINGS, claim_lines, search_line
from rewardsmith.report.templating import page_environment, stylesheet
from rewardsmith.store.codec import load
from rewardsmith.store.events import candidate_of, is_search
from rewardsmith.store.films import WINNER_FILM
from rewardsmith.store.run import Run

REPORT_FILE: Final = "report.html"
SHOWN_IN_FULL: Final = 40
"""Candidates with a section of their own; of more, the best ones."""
MAX_FILM_BYTES: Final = 8 << 20
"""Film up to which the file holds it; a larger one stays beside it."""
_NAMED: Final = 24
"""Curves up to which all are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One candidate of the report."""

    line: CandidateLine
    code: tuple[CodeLine, ...]
    parent: CandidateId | None
    changes: tuple[CodeLine, ...]
    """From its first parent; empty when it has none."""
    components: tuple[tuple[str, Markup], ...]
    """Name and curve over the training."""
    remarks: tuple[tuple[Feedback, Response], ...]
    """Those that were new when it was designed, and what ties it to them."""

    @property
    def anchor(self) -> str:
        """Where it stands in the file."""
        return _anchor(self.line.id)


def write_report(run: Run) -> str:
    """Write `report.html` into the folder of `run`, which has to be open for writing.

    Returns:
        The file's name, relative to the run's folder.

    Raises:
        StoreError: The run is only being read, or the disk is full or read-only.
    """
    run.save_artifact(REPORT_FILE, report_html(run).encode("utf-8"))
    return REPORT_FILE


def report_html(run: Run) -> str:
    """The report of `run` as it is now; what is not known yet is left out."""
    lines = candidate_lines(run)
    best = best_line(run, lines)
    data = run.recall("report_ready")
    claim = load(Claim, data["claim"]) if data else None
    shown = _shown(lines, best)
    remarks = remark_lines(run, lines)
    template = page_environment().get_template("report.html.j2")
    return template.render(
        run=run,
        task=run.manifest.task,
        style=Markup(stylesheet()),  # ours
        best=best,
        lines=lines,
        claim=claim,
        claim_headings=HEADINGS,
        claim_lines=claim_lines(claim, n_episodes=_report_episodes(run)) if claim else (),
        claim_chart=claim_chart(claim) if claim and claim.rows else None,
        search_line=search_line(claim) if claim else "",
        curves=_curves(run, best),
        lineage=_lineage(lines, best) if lines else None,
        sections=_sections(run, shown, {line.id: line for line in lines}, remarks),
        n_left_out=len(lines) - len(shown),
        ended=run.recall("run_ended"),
        remarks=remarks,
        concluding=_concluding(run),
        film=_film(run),
        ranking=ranking_lines(run),
        opinion=opinion_of(run),
        chosen=run.recall("fitness_chosen"),
        authors=AUTHORS,
        called=called,
        href=lambda candidate: f"#{_anchor(candidate)}",
    )


def _concluding(run: Run) -> tuple[Evaluation, Judged] | None:
    """The evaluation that ended a run without a claim."""
    evaluation = concluding_evaluation(run)
    return (evaluation, judged(evaluation)) if evaluation else None


def _film(run: Run) -> str:
    """The winner's film as an address that holds it whole; empty when there is none to show."""
    try:
        film = run.load_artifact(WINNER_FILM)
    except StoreError:
        return ""
    if not 0 < len(film) <= MAX_FILM_BYTES:
        return ""
    return f"data:video/mp4;base64,{b64encode(film).decode()}"


def _shown(lines: Sequence[CandidateLine], best: CandidateLine | None) -> list[CandidateLine]:
    """The candidates with a section: the winner first, then in candidate order."""
    by_score = sorted(lines, key=lambda line: (line.score is None, -(line.score or 0.0)))
    kept = {line.id for line in by_score[:SHOWN_IN_FULL]} | ({best.id} if best else set())
    return sorted(
        (line for line in lines if line.id in kept),
        key=lambda line: (best is None or line.id != best.id, line.id),
    )


def _sections(
    run: Run,
    shown: Sequence[CandidateLine],
    by_id: Mapping[CandidateId, CandidateLine],
    remarks: Sequence[RemarkLine],
) -> list[Section]:
    seeds = _seeds(run)
    return [
        replace(
            _section(run, line, by_id, seeds[line.id]), remarks=remarks_before(line.id, remarks)
        )
        for line in shown
    ]


def _section(
    run: Run,
    line: CandidateLine,
    by_id: Mapping[CandidateId, CandidateLine],
    seeds: Sequence[int],
) -> Section:
    parent = next((p for p in line.candidate.parents if p in by_id), None)
    text = line.candidate.text
    return Section(
        line=line,
        code=code_lines(text),
        parent=parent,
        changes=diff_lines(by_id[parent].candidate.text, text) if parent else (),
        components=_components(run, line.id, seeds),
        remarks=(),
    )


def _seeds(run: Run) -> Mapping[CandidateId, list[int]]:
    seeds: defaultdict[CandidateId, list[int]] = defaultdict(list)
    for event in run.events("segment_started"):
        candidate = candidate_of(event)
        if candidate is not None and is_search(event):
            if event.key["seed"] not in seeds[candidate]:
                seeds[candidate].append(event.key["seed"])
    return seeds


def _components(
    run: Run, candidate: CandidateId, seeds: Sequence[int]
) -> tuple[tuple[str, Markup], ...]:
    curves: defaultdict[str, list[tuple[Point, ...]]] = defaultdict(list)
    for seed in seeds:
        try:
            points = run.load_metrics(candidate, seed)
        except StoreError:
            continue
        for name in dict.fromkeys(n for p in points for n in p.values if n.startswith("reward/")):
            curve = tuple((float(p.step), p.values[name]) for p in points if name in p.values)
            curves[name.partition("/")[2]].append(curve)
    return tuple(
        (name, _small_chart(name, found, number))
        for number, (name, found) in enumerate(curves.items())
    )


def _small_chart(name: str, curves: Sequence[Sequence[Point]], number: int) -> Markup:
    frame = Frame(title=f"{name} over the training", width=270, height=120, right=14)
    kind = f"c{number % 8}"
    lines = [Series(name=name, points=tuple(c), kind=kind, is_labelled=False) for c in curves]
    return line_chart(lines, frame)


def _curves(run: Run, best: CandidateLine | None) -> Markup | None:
    curves = learning_curves(run)
    if not curves:
        return None
    winner = best.id if best else None
    leaders = sorted(curves, key=lambda c: c.points[-1][1], reverse=True)[:8]
    named = {c.candidate for c in (curves if len(curves) <= _NAMED else leaders)}
    series = [
        Series(
            name=str(c.candidate),
            points=tuple((float(step), fitness) for step, fitness in c.points),
            kind="best" if c.candidate == winner else f"c{c.candidate.iteration % 8}",
            href=f"#{_anchor(c.candidate)}",
            is_stopped=c.is_stopped,
            is_labelled=c.candidate in named or c.candidate == winner,
        )
        for c in sorted(curves, key=lambda c: c.candidate == winner)
    ]
    frame = Frame(
        title="Fitness over the training, of every candidate",
        width=580,
        height=290,
        x_label="environment steps",
        y_label="fitness on selection episodes",
    )
    marks = [Mark(x=float(step), name=f"rung at {step:,} steps") for step in rung_steps(run)]
    return line_chart(series, frame, marks)


def _lineage(lines: Sequence[CandidateLine], best: CandidateLine | None) -> Markup:
    return lineage_chart(
        [
            Node(
                id=line.id,
                parents=line.candidate.parents,
                score=line.score,
                state=line.state,
                is_best=best is not None and line.id == best.id,
                href=f"#{_anchor(line.id)}",
            )
            for line in lines
        ]
    )


def _anchor(candidate: CandidateId) -> str:
    return f"c{candidate.iteration}-{candidate.number}"


def _report_episodes(run: Run) -> int | None:
    n = run.manifest.config.get("evaluation", {}).get("report_episodes")
    return n if isinstance(n, int) else None
