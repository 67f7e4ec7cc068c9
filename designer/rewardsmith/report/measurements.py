"""What a run measured of one candidate, as paragraphs and numbers for the card of an export."""

from rewardsmith.messages import Claim, Evaluation
from rewardsmith.report.candidates import CandidateLine
from rewardsmith.report.conclusions import called, concluding_evaluation, judged
from rewardsmith.report.table import claim_markdown, search_line
from rewardsmith.rewards.model_card import Measured, Metric
from rewardsmith.store.codec import load
from rewardsmith.store.evaluations import read_evaluations
from rewardsmith.store.run import Run


def measured_of(run: Run, line: CandidateLine) -> Measured:
    """Everything that is known of `line`, each with what it is a measure of."""
    metrics: list[Metric] = []
    paragraphs: list[str] = []
    if line.score is not None:
        paragraphs.append(_chosen_by(run, line.score))
    for evaluation in _own_evaluations(run, line):
        paragraphs.append(_paragraph(evaluation))
        metrics += _metrics(evaluation)
    claim = _claim(run)
    if claim is not None:
        n = run.manifest.config.get("evaluation", {}).get("report_episodes")
        table = claim_markdown(claim, n_episodes=n if isinstance(n, int) else None)
        lead = "Rewards beside each other: policies trained from scratch, on report episodes that"
        paragraphs.append(f"{lead} the search never saw; intervals cover 95 %.")
        paragraphs.append(f"{table}\n{search_line(claim)}")
    return Measured(
        metrics=tuple(metrics),
        paragraphs=tuple(paragraphs),
        run=run.id,
        candidate=str(line.id),
        version=run.manifest.versions.get("rewardsmith", ""),
    )


def _chosen_by(run: Run, score: float) -> str:
    if run.manifest.task.is_ranked:
        return (
            f"Strength {score:.4g} in people's comparisons, by Bradley and Terry's model: a "
            "difference of 1 wins 2.7 to 1. It compares the candidates of this run, and no others."
        )
    said = f"Selection score {score:.4g}: the fitness that the search chose it by"
    return f"{said}, which flatters whoever is chosen."


def _own_evaluations(run: Run, line: CandidateLine) -> list[Evaluation]:
    """Of the exported policy itself, on episodes that it was not chosen on."""
    concluding = concluding_evaluation(run)
    later = [one.evaluation for one in read_evaluations(run.folder) if one.candidate == line.id]
    return [*([concluding] if concluding else []), *later]


def _paragraph(evaluation: Evaluation) -> str:
    found, n = judged(evaluation), len(evaluation.episodes)
    success = f"{found.success.estimate:.0%} ({found.success.low:.0%} to {found.success.high:.0%})"
    where = f"This policy, on {n} {called(evaluation.seed_set)} episodes"
    return f"{where}: success {success}, fitness {found.fitness}."


def _metrics(evaluation: Evaluation) -> list[Metric]:
    found, n = judged(evaluation), len(evaluation.episodes)
    where = f"of this policy, on {n} {called(evaluation.seed_set)} episodes"
    return [
        Metric(kind="success_rate", name=f"success rate {where}", value=found.success.estimate),
        Metric(kind="fitness", name=f"mean fitness {where}", value=found.fitness.estimate),
    ]


def _claim(run: Run) -> Claim | None:
    data = run.recall("report_ready")
    return load(Claim, data["claim"]) if data else None
