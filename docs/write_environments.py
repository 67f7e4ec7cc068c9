"""Writes docs/environments.md: every card, tried against its environment, and drafts of the rest.

Takes half an hour for all cards; names on the command line are those to try, and the page says of
the others that nobody did. Speeds are those of the machine that it runs on.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from rewardsmith.environments.cards import EnvCard, TaskCard, card_names, load_card, parse_card
from rewardsmith.environments.outer import uses_aggregates
from rewardsmith.environments.reference import parse_reference
from rewardsmith.evaluation.surveyor import survey_draft
from rewardsmith.messages import FieldSpec
from rewardsmith.training.card_trial import CardTrial, try_card
from rewardsmith.training.engine import LocalEngine

PAGE = Path(__file__).parent / "environments.md"
HEAD = """\
# Environments

Written by `docs/write_environments.py`, which tries every card as `rewardsmith envs check --all`
does: spaces, every field read and finite, values within their ranges, references within the
contract, and whether a task's fitness tells a competent rollout from doing nothing, chance,
swinging and holding one action. Steps per second are of one core, all fields read.
"""
SEPARATES = {True: "yes", False: "no", None: "no competent rollout known"}
DRAFTED = ("FrozenLake-v1", "CliffWalking-v1", "Taxi-v4", "Blackjack-v1")


def page(trials: list[CardTrial]) -> str:
    """The whole page."""
    lines = [HEAD, *_overview(trials)]
    for trial in trials:
        if trial.card is not None:
            lines += ["", f"## {trial.ref}", "", trial.card.description, *_card(trial.card)]
    return "\n".join([*lines, "", *_drafts(), ""])


def _overview(trials: list[CardTrial]) -> Iterator[str]:
    yield "| card | holds | fields | steps/s | task | its fitness separates |"
    yield "|---|---|---|---|---|---|"
    for trial in trials:
        holds = "no" if not trial.ok else "yes" if trial.speed else "not tried"
        speed = f"{float(f'{trial.speed.steps_per_s:.2g}'):,.0f}" if trial.speed else "-"
        facts = (holds, _count(trial), speed)
        if not trial.separates:
            yield f"| {' | '.join((trial.ref, *facts))} | | |"
        for number, (task, said) in enumerate(trial.separates):
            cells = (trial.ref, *facts) if number == 0 else ("",) * 4
            yield f"| {' | '.join(cells)} | `{task}` | {SEPARATES[said]} |"


def _count(trial: CardTrial) -> str:
    return str(len(trial.card.state.fields)) if trial.card else "-"


def _card(card: EnvCard) -> Iterator[str]:
    yield from ("", f"Action: {card.state.action.meaning}.", "")
    yield "| field | shape | unit | range | is |"
    yield "|---|---|---|---|---|"
    yield from (_field(spec) for spec in card.state.fields)
    for task in card.tasks.values():
        yield from _task(task)


def _field(spec: FieldSpec) -> str:
    ends = ["?" if end is None else f"{end:g}" for end in (spec.low, spec.high)]
    reach = f"{ends[0]} to {ends[1]}" if ends != ["?", "?"] else ""
    known = f"{spec.constant:g}" if isinstance(spec.constant, float) else reach
    shape = "×".join(map(str, spec.shape)) or spec.kind
    return f"| `{spec.name}` | {shape} | {spec.unit} | {known} | {spec.meaning} |"


def _task(task: TaskCard) -> Iterator[str]:
    held = f"held for {task.held_steps} steps" if task.semantics == "held" else task.semantics
    judged = "of the whole episode" if uses_aggregates(task.success) else held
    verdict = (task.assay or {}).get("verdict", "not measured")
    yield from ("", f"**{task.name}**: {task.instruction}", "")
    yield f"- fitness `{task.fitness}`"
    yield f"- success `{task.success}` ({judged}), target {task.target:.0%}"
    yield f"- assay of its reference rewards: {verdict}"


def _drafts() -> Iterator[str]:
    yield "## Without a card"
    yield ""
    yield "Any other environment gets a [drafted card](cards.md#an-environment-without-a-card):"
    yield ""
    yield "| environment | fields | without a meaning | left out by name |"
    yield "|---|---|---|---|"
    for id_ in DRAFTED:
        draft = survey_draft(parse_reference(id_, Path.cwd()))
        card = parse_card(draft.text, ref=id_)
        unsaid = draft.text.count("# TODO\n")
        hidden = [n.text.partition(": ")[2] for n in draft.notes if n.text.startswith("left out")]
        listed = hidden[0].replace("info.", "") if hidden else ""
        yield f"| {id_} | {len(card.state.fields)} | {unsaid} | {listed} |"


def _try(wanted: list[str]) -> Iterator[CardTrial]:
    for name in card_names():
        if wanted and name not in wanted:
            card = load_card(name)
            unknown = tuple((task, None) for task in card.tasks)
            yield CardTrial(ref=name, card=card, problems=(), separates=unknown)
            continue
        trial = try_card(name, LocalEngine(1))
        said = "; ".join(f"{p.subject}: {p.reason} {p.remedy}".strip() for p in trial.problems)
        sys.stderr.write(f"{name}: {said or 'holds'}\n")
        yield trial


if __name__ == "__main__":
    tried = list(_try(sys.argv[1:]))
    PAGE.write_text(page(tried), encoding="utf-8")
    sys.exit(0 if all(trial.ok for trial in tried) else 1)
