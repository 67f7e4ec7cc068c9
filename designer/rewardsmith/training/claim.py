"""The final claim: the winner retrained from scratch on several seeds, beside its controls.

Report seeds are used here and nowhere else, once, after the winner is fixed. Controls get the same
trainings; the sparse reward gets the steps of the whole search in one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rewardsmith.messages import CandidateId, Claim, ClaimRow, Design, Result
from rewardsmith.store.codec import load
from rewardsmith.training.arena import Arena
from rewardsmith.training.contender import Contender
from rewardsmith.training.engine import Chain
from rewardsmith.training.segments import Segment
from rewardsmith.training.trial import SegmentEnd, run_segment

PURPOSE = "claim"


def make_claim(design: Design, arena: Arena) -> Claim | None:
    """Retrain and judge the winner and its controls; None when the search found no winner."""
    recalled = arena.run.recall("report_ready")
    if recalled is not None:
        return load(Claim, recalled["claim"])
    if design.best is None:
        return None
    results = design.history.results
    search_steps = sum(result.steps for result in results)
    contenders = _contenders(design, arena, search_steps)
    rows = _with_iteration_0(_train_all(contenders, arena))
    claim = Claim(
        rows=rows, search_steps=search_steps, search_cpu_s=sum(result.cpu_s for result in results)
    )
    arena.run.record("report_ready", claim=claim)
    return claim


def _contenders(
    design: Design, arena: Arena, search_steps: int
) -> list[tuple[Contender, int, int]]:
    """(contender, timesteps of one training, trainings), in the order of the table."""
    assert design.best is not None
    n, steps = arena.config.evaluation.report_seeds, arena.preset.rounded(arena.total_timesteps)
    rows = [(_control("sparse", "sparse"), arena.preset.rounded(search_steps), 1)]
    rows += [(control, steps, n) for control in reference_contenders(arena)]
    first = _best_of_first(design)
    if first is not None and first.id != design.best.id:
        rows.append((_winner("iteration 0", first), steps, n))
    rows.append((_winner("final", design.best), steps, n))
    return rows


def reference_contenders(arena: Arena) -> list[Contender]:
    """The native and the expert reward, where the card says that they are for this task."""
    card = arena.task_card
    references = dict(card.references) if card else {}
    found = []
    if references.get("native") == "native":
        found.append(_control("native", "native"))
    expert = references.get("expert")
    if isinstance(expert, Path):
        text = expert.read_text(encoding="utf-8")
        found.append(Contender(name="expert", reward="program", program=text, purpose=PURPOSE))
    return found


def _control(name: str, reward: str) -> Contender:
    return Contender(
        name=name, reward="sparse" if reward == "sparse" else "native", purpose=PURPOSE
    )


def _winner(name: str, result: Result) -> Contender:
    candidate = result.judged.candidate
    return Contender(
        name=name.replace(" ", "-"),
        reward="program",
        program=candidate.text,
        candidate=candidate.id,
        purpose=PURPOSE,
    )


def _best_of_first(design: Design) -> Result | None:
    first = design.history.iterations[:1]
    return replace(design.history, iterations=first).best


def _train_all(
    contenders: Sequence[tuple[Contender, int, int]], arena: Arena
) -> tuple[ClaimRow, ...]:
    chains: list[Chain[SegmentEnd]] = []
    for contender, steps, n in contenders:
        segment = Segment(start_step=0, end_step=steps, checkpoint_steps=(steps,))
        for replicate in range(n):
            # Seeds of an iteration that the search never reaches: trainings of their own.
            seed = arena.seed(CandidateId(CLAIM_ITERATION, 0), replicate)
            chains.append(run_segment(arena, contender, segment, seed=seed, seed_set="report"))
    ends = iter(arena.engine.run(chains))
    return tuple(
        _row(contender, steps, [next(ends) for _ in range(n)]) for contender, steps, n in contenders
    )


CLAIM_ITERATION = 999_999


def _with_iteration_0(rows: tuple[ClaimRow, ...]) -> tuple[ClaimRow, ...]:
    """Show iteration 0 also where its best stayed the best: one program, trained once, two rows."""
    *others, final = rows
    if final.candidate is None or final.candidate.iteration > 0:
        return rows
    return (*others, replace(final, name="iteration-0"), final)


def _row(contender: Contender, steps: int, ends: Iterable[SegmentEnd]) -> ClaimRow:
    ends = list(ends)
    judged = [end.evaluations[-1] for end in ends if end.evaluations]
    return ClaimRow(
        name=contender.name,
        steps=steps,
        fitness=tuple(evaluation.fitness for evaluation in judged),
        success_rate=tuple(evaluation.success_rate for evaluation in judged),
        cpu_s=sum(end.training.cpu_s for end in ends),
        outcome=next((end.outcome for end in ends if end.outcome is not None), None),
        candidate=contender.candidate,
    )
