"""What scripts read: one document for each command that takes `--json`, built from a run.

`schema` names the document and its version: fields are added without a new version, and never
renamed or taken away with the same one. `docs/json.md` is written from this module.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rewardsmith.analysis.intervals import Interval
from rewardsmith.cli import schemas as s
from rewardsmith.environments.cards import card_names, environment_name, load_card
from rewardsmith.messages import Cause, Claim, Evaluation, Finding, MetricPoint, Verdict
from rewardsmith.report.candidates import CandidateLine, best_line, candidate_lines, lineage
from rewardsmith.report.conclusions import concluding_evaluation, judged
from rewardsmith.report.costs import Cost, candidate_cost, run_cost
from rewardsmith.report.remarks import RemarkLine, remark_lines, remarks_before
from rewardsmith.report.table import fitness_interval, success_interval
from rewardsmith.store.codec import load
from rewardsmith.store.edits import read_edits
from rewardsmith.store.evaluations import LaterEvaluation, read_evaluations
from rewardsmith.store.events import candidate_of, is_search
from rewardsmith.store.run import Run
from rewardsmith.viewer.catalogue import Entry

CURVES: Final = ("reward/", "rollout/")


def run_document(run: Run) -> s.RunDocument:
    """`inspect RUN`."""
    lines, task = candidate_lines(run), run.manifest.task
    best = best_line(run, lines)
    ended = run.recall("run_ended")
    return s.RunDocument(
        id=run.id,
        folder=str(run.folder),
        created=run.manifest.created,
        environment=environment_name(task.env),
        task=task.name,
        instruction=task.instruction,
        fitness=task.fitness,
        success=task.success if task.is_measured else "",
        status="ended" if ended else "not ended",
        reason=str(ended["reason"]) if ended else "",
        iterations=len(run.history().iterations),
        best=str(best.id) if best else None,
        cost=_cost(run_cost(run, lines)),
        candidates=tuple(map(_candidate, lines)),
        claim=_claim(run),
        evaluations=_evaluations(run),
        remarks=tuple(map(_remark, remark_lines(run, lines))),
        n_waiting_edits=len(read_edits(run.folder, after_line=_edits_read(run)).edits),
    )


def candidate_document(run: Run, line: CandidateLine) -> s.CandidateDocument:
    """`inspect RUN CANDIDATE`."""
    lines = candidate_lines(run)
    verdict = line.judged.verdict if line.judged else None
    result, analysis = line.result, line.analysis
    return s.CandidateDocument(
        run=run.id,
        id=str(line.id),
        state=line.state,
        author=line.candidate.author,
        rationale=line.candidate.rationale,
        parents=tuple(map(str, line.candidate.parents)),
        children=tuple(str(x.id) for x in lines if line.id in x.candidate.parents),
        lineage=tuple(str(one.id) for one in lineage(line, lines)),
        program=line.candidate.text,
        compiled=verdict.compiled if verdict else None,
        diff=_diff_to_parent(line, lines),
        accepted=verdict.ok if verdict else None,
        repairs=verdict.round if verdict else 0,
        findings=tuple(map(_finding, verdict.findings)) if verdict else (),
        exploits=_exploits(verdict),
        score=line.score,
        success_rate=line.success_rate,
        trainings=result.trainings if result else 0,
        ended=result.text if result else "",
        cost=_cost(candidate_cost(run, line)),
        evaluations=tuple(map(_evaluation, line.evaluations)) + _evaluations(run, line),
        curves=_curves(run, line),
        components=tuple(
            s.ComponentEntry(
                name=c.name,
                weight=c.weight,
                mean=c.mean,
                std=c.std,
                share=c.share,
                return_share=c.return_share,
                low=c.low,
                high=c.high,
                verdict=c.verdict,
            )
            for c in (analysis.components if analysis else ())
        ),
        causes=tuple(map(_cause, analysis.causes)) if analysis else (),
        hacking_suspected=analysis.hacking_suspected if analysis else False,
        remarks=tuple(
            s.AnsweredRemark(text=remark.text, link=response.link.value)
            for remark, response in remarks_before(line.id, remark_lines(run, lines))
        ),
    )


def diff_document(run: Run, old: CandidateLine, new: CandidateLine, text: str) -> s.DiffDocument:
    """`diff RUN A B`."""
    return s.DiffDocument(run=run.id, old=str(old.id), new=str(new.id), diff=text)


def runs_document(runs_dir: Path, entries: Sequence[Entry]) -> s.RunsDocument:
    """`runs list`."""
    return s.RunsDocument(
        folder=str(runs_dir),
        runs=tuple(
            s.RunEntry(
                id=entry.name,
                folder=str(runs_dir / entry.name),
                created=entry.created,
                environment=entry.env,
                task=entry.task,
                status=entry.status,
                candidates=entry.n_candidates,
                score=entry.fitness,
                success_rate=entry.success,
                cpu_s=entry.cpu_s,
                cost_usd=entry.cost_usd,
                problem=entry.problem,
            )
            for entry in entries
        ),
    )


def environments_document() -> s.EnvironmentsDocument:
    """`envs list`."""
    cards = [(name, load_card(name)) for name in card_names()]
    return s.EnvironmentsDocument(
        environments=tuple(
            s.EnvironmentEntry(id=name, title=card.title, tasks=tuple(card.tasks))
            for name, card in cards
        )
    )


def check_document(file: Path, verdict: Verdict, task: str | None = None) -> s.CheckDocument:
    """`check FILE`."""
    return s.CheckDocument(
        file=str(file),
        task=task,
        accepted=verdict.ok,
        findings=tuple(map(_finding, verdict.findings)),
        exploits=_exploits(verdict),
        do_nothing_share=verdict.do_nothing_share,
        compiled=verdict.compiled,
    )


def evaluate_document(run: Run, made: LaterEvaluation) -> s.EvaluateDocument:
    """`evaluate RUN CANDIDATE`."""
    return s.EvaluateDocument(
        run=run.id,
        candidate=str(made.candidate),
        evaluation=_evaluation(made.evaluation),
        episodes=tuple(
            s.EpisodeEntry(
                seed=e.seed,
                fitness=e.fitness,
                success=e.success,
                length=e.length,
                terminated=e.terminated,
                audit=dict(e.audit),
            )
            for e in made.evaluation.episodes
        ),
    )


def train_document(run: Run, evaluation: Evaluation | None) -> s.TrainDocument:
    """`train REWARD.py`."""
    lines = candidate_lines(run)
    line = lines[0]
    return s.TrainDocument(
        run=run.id,
        folder=str(run.folder),
        candidate=str(line.id),
        outcome=line.state,
        text=line.result.text if line.result else "",
        cost=_cost(run_cost(run, lines)),
        evaluation=_evaluation(evaluation) if evaluation else None,
    )


def _candidate(line: CandidateLine) -> s.CandidateEntry:
    result = line.result
    return s.CandidateEntry(
        id=str(line.id),
        state=line.state,
        author=line.candidate.author,
        parents=tuple(map(str, line.candidate.parents)),
        score=line.score,
        success_rate=line.success_rate,
        steps=result.steps if result else 0,
        cpu_s=result.cpu_s if result else 0.0,
        cause=line.cause,
    )


def _cost(cost: Cost) -> s.CostEntry:
    calls = cost.calls
    return s.CostEntry(
        steps=cost.steps,
        cpu_s=cost.cpu_s,
        model_calls=calls.calls,
        tokens=calls.tokens,
        cost_usd=calls.cost_usd,
        n_unpriced=calls.n_unpriced,
    )


def _claim(run: Run) -> tuple[s.ClaimEntry, ...]:
    data = run.recall("report_ready")
    claim = load(Claim, data["claim"]) if data else None
    n = run.manifest.config.get("evaluation", {}).get("report_episodes")
    return tuple(
        s.ClaimEntry(
            name=row.name,
            candidate=str(row.candidate) if row.candidate else None,
            trainings=len(row.fitness),
            steps=row.steps,
            fitness=_interval(fitness_interval(row)),
            success_rate=_interval(success_interval(row, n if isinstance(n, int) else None)),
            cpu_s=row.cpu_s,
        )
        for row in (claim.rows if claim else ())
    )


def _evaluations(run: Run, line: CandidateLine | None = None) -> tuple[s.EvaluationEntry, ...]:
    """Those that ended the run or were made after it; of one candidate, or all."""
    concluding = concluding_evaluation(run) if line is None else None
    ended = (_evaluation(concluding),) if concluding else ()
    later = read_evaluations(run.folder)
    return ended + tuple(
        _evaluation(one.evaluation, str(one.candidate))
        for one in later
        if line is None or one.candidate == line.id
    )


def _evaluation(evaluation: Evaluation, candidate: str | None = None) -> s.EvaluationEntry:
    found = judged(evaluation)
    fitness, success = _interval(found.fitness), _interval(found.success)
    assert fitness is not None, "an evaluation has episodes"
    assert success is not None, "an evaluation has episodes"
    return s.EvaluationEntry(
        candidate=candidate,
        step=evaluation.step,
        seed_set=evaluation.seed_set,
        episodes=len(evaluation.episodes),
        fitness=fitness,
        success_rate=success,
    )


def _interval(interval: Interval | None) -> s.IntervalEntry | None:
    if interval is None:
        return None
    return s.IntervalEntry(mean=interval.estimate, low=interval.low, high=interval.high)


def _finding(one: Finding) -> s.FindingEntry:
    return s.FindingEntry(
        code=one.code,
        severity=one.severity,
        layer=one.layer,
        line=one.line,
        message=one.message,
        remedy=one.remedy,
    )


def _exploits(verdict: Verdict | None) -> tuple[s.ExploitEntry, ...]:
    return tuple(
        s.ExploitEntry(
            name=one.name,
            pays=one.pays,
            reason=one.reason,
            episode_return=one.episode_return,
            share=one.share,
        )
        for one in (verdict.exploits if verdict else ())
    )


def _cause(one: Cause) -> s.CauseEntry:
    return s.CauseEntry(
        code=one.code,
        severity=one.severity,
        message=one.message,
        suggestion=one.suggestion,
        component=one.component,
        evidence=tuple(s.MomentEntry(episode=e.episode, step=e.step) for e in one.evidence),
    )


def _remark(line: RemarkLine) -> s.RemarkEntry:
    about, span = line.remark.candidate, line.remark.span
    return s.RemarkEntry(
        text=line.remark.text,
        candidate=str(about) if about else None,
        span=s.SpanEntry(**asdict(span)) if span else None,
        seen=tuple(s.SeenEntry(**asdict(mean)) for mean in line.remark.seen),
        read_by=line.read_by,
        responses=tuple(
            s.ResponseEntry(
                candidate=str(one.candidate),
                link=one.link.value,
                change=one.change,
                parent=str(one.parent) if one.parent else None,
                score=one.score,
            )
            for one in line.responses
        ),
    )


def _diff_to_parent(line: CandidateLine, lines: Sequence[CandidateLine]) -> str | None:
    from rewardsmith.cli.candidate_page import diff_text

    parents = [x for x in lines if x.id in line.candidate.parents[:1]]
    return diff_text(parents[0], line) if parents else None


def _curves(run: Run, line: CandidateLine) -> dict[str, tuple[tuple[int, float], ...]]:
    """Every logged metric of its first training, and of its components."""
    started = (e for e in run.events("segment_started") if is_search(e))
    seed = next((e.key["seed"] for e in started if candidate_of(e) == line.id), None)
    points: tuple[MetricPoint, ...] = () if seed is None else run.load_metrics(line.id, seed)
    names = dict.fromkeys(n for p in points for n in p.values if n.startswith(CURVES))
    return {n: tuple((p.step, p.values[n]) for p in points if n in p.values) for n in names}


def _edits_read(run: Run) -> int:
    return max((int(e.data["up_to_line"]) for e in run.events("edits_read")), default=0)
