"""The offline Reward Designer: proposes candidates without a language model.

A first iteration states diverse hypotheses; later ones answer what the analyzer found about the
best candidates, cross the two best and keep one fresh hypothesis; what it found of the task itself
is answered before anything is crossed. Pure and deterministic: the same task, history and seed give
the same candidates. No two candidates of a run compute from one text.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, zip_longest

import numpy as np

from rewardsmith.messages import Candidate, CandidateId, Cause, History, Result, StateSpec, Task
from rewardsmith.roles.offline.brief import Brief, CardWords, brief_of
from rewardsmith.roles.offline.crossing import crossed, mutated, reweighed_text
from rewardsmith.roles.offline.edits import Context
from rewardsmith.roles.offline.plans import Plan, plan_of
from rewardsmith.roles.offline.program_text import identity, parse, render
from rewardsmith.roles.offline.recipes import bank, hypotheses
from rewardsmith.roles.offline.refinement import OF_THE_TASK, answers, remarked

_MAX_TRIES = 400


def propose(
    task: Task,
    state: StateSpec,
    history: History,
    *,
    n: int,
    iteration: int,
    seed: int,
    words: CardWords | None = None,
    fits: Callable[[str], bool] = bool,
) -> tuple[Candidate, ...]:
    """Propose `n` candidates for `iteration`.

    Args:
        task: Only its instruction and horizon are read.
        state: The card's fields.
        history: Finished iterations, with the parents' analyses and people's remarks.
        n: Candidates wanted; fewer are returned only when variety runs out.
        iteration: Index of this iteration, from 0.
        seed: Of the run.
        words: The card's sentences that a designer may read.
        fits: Whether a text is worth proposing; others are passed over.
    """
    remarks = tuple(r.text for it in history.iterations for r in it.remarks)
    brief = brief_of(task, state, words=words or CardWords(), remarks=remarks)
    rng = np.random.default_rng([seed, iteration])
    known = {identity(j.candidate.text) for it in history.iterations for j in it.judged}
    drafts = _drafts(brief, history, rng, np.random.default_rng([seed]))
    fresh = islice((draft for draft in _new(drafts, known) if fits(draft.text)), n)
    return tuple(
        replace(draft, id=CandidateId(iteration, number)) for number, draft in enumerate(fresh)
    )


def _drafts(
    brief: Brief, history: History, rng: np.random.Generator, seeded: np.random.Generator
) -> Iterator[Candidate]:
    """Candidates in order of trust, without numbers yet; endless."""
    plan = plan_of(brief)
    ideas = _ideas(plan, seeded)
    parents = history.ranked
    if not parents:
        return ideas
    return chain.from_iterable(_turns(plan, brief, history, parents, ideas, rng))


def _turns(
    plan: Plan,
    brief: Brief,
    history: History,
    parents: Sequence[Result],
    ideas: Iterator[Candidate],
    rng: np.random.Generator,
) -> Iterator[list[Candidate]]:
    """Interleave answers to the best and the second best, crossings, fresh ideas, mutations.

    Where rollouts showed what the task itself wants, its answers come first: crossed and mutated
    programs would carry the old mistake on, and often look better early in a training.
    """
    first = _children(plan, brief, history, parents[0])
    second = _children(plan, brief, history, parents[1]) if len(parents) > 1 else iter(())
    mutants = _mutants(parents[0], rng)
    couples = _couples(parents)
    sources: Iterator[tuple[Candidate | None, ...]]
    if any(c.code in OF_THE_TASK for c in _all_causes(history, parents[0].id)):
        sources = chain(zip_longest(first, second), zip_longest(couples, ideas, mutants))
    else:
        sources = zip_longest(first, second, couples, first, ideas, mutants)
    for turn in sources:
        yield [draft for draft in turn if draft is not None]


def _new(drafts: Iterator[Candidate], known: set[str]) -> Iterator[Candidate]:
    """Drafts that no earlier candidate equals."""
    for draft in islice(drafts, _MAX_TRIES):
        key = identity(draft.text)
        if key not in known:
            known.add(key)
            yield draft


def _ideas(plan: Plan, rng: np.random.Generator) -> Iterator[Candidate]:
    for sketch, why in hypotheses(plan, rng):
        yield _draft(render(sketch), why)


def _children(plan: Plan, brief: Brief, history: History, parent: Result) -> Iterator[Candidate]:
    """Answers to the parent's causes; a program that cannot be taken apart is only reweighed."""
    analysis = history.analysis(parent.id)
    stats = {c.name: c for c in analysis.components} if analysis else {}
    causes = _all_causes(history, parent.id)
    text = parent.judged.candidate.text
    sketch = parse(text)
    if sketch is None:
        for changed, why in reweighed_text(text, stats):
            yield _draft(changed, f"From {parent.id}. {why}", parent)
        return
    context = Context(plan=plan, bank=bank(plan), stats=stats)
    wished = remarked(sketch, context) if brief.remarks else None
    if wished:
        yield _draft(render(wished.sketch), f"From {parent.id}. {wished.change}", parent)
        sketch = wished.sketch
    for revision in answers(sketch, causes, context):
        yield _draft(render(revision.sketch), f"From {parent.id}. {revision.change}", parent)


def _all_causes(history: History, candidate: CandidateId) -> tuple[Cause, ...]:
    """What is to be answered: facts of the task, then what the candidate's own rollouts showed."""
    return _facts(history, candidate) + _causes(history, candidate)


def _facts(history: History, but: CandidateId) -> tuple[Cause, ...]:
    """What other candidates' rollouts showed of the task itself; the best one's word counts."""
    if any(c.code in OF_THE_TASK for c in _causes(history, but)):
        return ()
    others = (one.id for one in history.ranked if one.id != but)
    found = (c for other in others for c in _causes(history, other) if c.code in OF_THE_TASK)
    return tuple(islice(found, 1))


def _causes(history: History, candidate: CandidateId) -> tuple[Cause, ...]:
    analysis = history.analysis(candidate)
    return analysis.causes if analysis else ()


def _couples(parents: Sequence[Result]) -> Iterator[Candidate]:
    for other in parents[1:4]:
        child = crossed(parents[0].judged.candidate.text, other.judged.candidate.text)
        if child:
            text, why = child
            names = f"{parents[0].id} and {other.id}"
            yield _draft(text, f"From {names}. {why}", parents[0], other)


def _mutants(parent: Result, rng: np.random.Generator) -> Iterator[Candidate]:
    while True:
        child = mutated(parent.judged.candidate.text, rng)
        if child is None:
            return
        text, why = child
        yield _draft(text, f"From {parent.id}. {why}", parent)


def _draft(text: str, rationale: str, *parents: Result) -> Candidate:
    return Candidate(
        id=CandidateId(0, 0), text=text, rationale=rationale, parents=tuple(p.id for p in parents)
    )
