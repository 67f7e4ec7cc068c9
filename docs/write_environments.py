"""Writes docs/environments.md: every card, tried against its environment, and drafts of the rest.

Takes half an hour for all cards. What was found stays in environments.json beside it; names on the
command line are those to try again, `-` tries none, and a card that says something else since
counts as not tried. Speeds are those of the machine that it ran on.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rewardsmith.environments.backends.record import read_record
from rewardsmith.environments.cards import (
    EnvCard,
    TaskCard,
    card_names,
    load_card,
    parse_card,
    task_of,
)
from rewardsmith.environments.inspection import N_ENVS, N_STEPS
from rewardsmith.environments.outer import when_judged
from rewardsmith.environments.reference import parse_reference
from rewardsmith.environments.wording import assay_words
from rewardsmith.evaluation.surveyor import survey_draft
from rewardsmith.messages import FieldSpec
from rewardsmith.training.card_trial import CardTrial, try_card
from rewardsmith.training.engine import LocalEngine
from rewardsmith.training.shipped_rollouts import load_shipped

PAGE = Path(__file__).parent / "environments.md"
RECORD = PAGE.with_suffix(".json")
HEAD = """\
# Environments

Written by `docs/write_environments.py`, which tries every card as `rewardsmith envs check --all`
does: spaces, every field read and finite, values within their ranges, references within the
contract, and whether a task's fitness tells a competent rollout from doing nothing, chance,
swinging and holding one action; where a held action does the task too, as the card says, it is
named. Steps per second are of one core, all fields read, sixteen
environments at a time; the next column is what reading all of them adds to a step. A training reads
what its program needs: [at most 3 % of its timestep](experiments/reading_fields.md).
"""
SEPARATES = {True: "yes", False: "no", None: "no competent rollout known"}
WHOLE = N_ENVS * N_STEPS
"""Timesteps on which ranges are compared, unless the environment is slow."""
DRAFTED = ("FrozenLake-v1", "CliffWalking-v1", "Taxi-v4", "Blackjack-v1")


def page(cards: list[EnvCard], record: dict[str, Any]) -> str:
    """The whole page."""
    lines = [HEAD, *_overview(cards, record)]
    lines += _problems(cards, record)
    for card in cards:
        lines += ["", f"## {card.ref}", "", card.description]
        lines += [*_card(card), *_deviations(_found(card, record))]
    return "\n".join([*lines, "", *_drafts(), ""])


def _overview(cards: list[EnvCard], record: dict[str, Any]) -> Iterator[str]:
    yield "| card | holds | fields | steps/s | reading | task | its fitness separates |"
    yield "|---|---|---|---|---|---|---|"
    for card in cards:
        found = _found(card, record)
        facts = _facts(card, found)
        separates = record.get(card.ref, {}).get("separates", {})
        if not card.tasks:
            yield f"| {' | '.join(facts)} | | |"
        for number, task in enumerate(card.tasks):
            cells = facts if number == 0 else ("",) * 5
            yield f"| {' | '.join(cells)} | `{task}` | {_separates(card, task, separates)} |"


def _found(card: EnvCard, record: dict[str, Any]) -> dict[str, Any]:
    """What the trial of a card came to; nothing where the card says something else since."""
    found = record.get(card.ref, {})
    return found if found.get("of") == _digest(card) else {}


def _separates(card: EnvCard, name: str, found: dict[str, Any]) -> str:
    """Whether a task's fitness separates, as far as that was tried."""
    is_new = found.get(name) is None and load_shipped(card, task_of(card, name)) is not None
    said = "not tried" if name not in found or is_new else SEPARATES[found[name]]
    solved_by = card.tasks[name].solved_by
    return f"{said}, but for {', '.join(map(repr, solved_by))}" if solved_by else said


def _facts(card: EnvCard, found: dict[str, Any]) -> tuple[str, ...]:
    count = str(len(card.state.fields))
    if not found:
        return (card.ref, "not tried", count, "-", "-")
    holds = "yes" if not found["problems"] else "no"
    if found["steps_per_s"] is None:
        return (card.ref, holds, count, "-", "-")
    speed, share = float(f"{found['steps_per_s']:.2g}"), max(0.0, found["field_share"])
    return (card.ref, holds, count, f"{speed:,.0f}", f"{share:.1%}")


def _problems(cards: list[EnvCard], record: dict[str, Any]) -> Iterator[str]:
    """What was wrong with those that do not hold, and what was hardly looked at."""
    for card in cards:
        found = _found(card, record)
        if not found:
            continue
        if found["problems"]:
            yield ""
            yield f"**{card.ref}** does not hold: {' '.join(found['problems'])}"
        elif found.get("n_timesteps", WHOLE) < WHOLE:
            yield ""
            yield f"**{card.ref}** is slow: {found['n_timesteps']} timesteps in place of {WHOLE:,}."


def _digest(card: EnvCard) -> str:
    """Of what was tried: where fields are read, and how tasks are judged."""
    tasks = [(t.name, t.fitness, t.success, t.semantics, *t.solved_by) for t in card.tasks.values()]
    said = (card.id, sorted(card.kwargs.items()), card.max_steps, card.state, tasks)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _deviations(found: dict[str, Any]) -> Iterator[str]:
    """Where the environment was seen to do otherwise than it says."""
    for seen in found.get("deviations", ()):
        yield from ("", f"Seen when it was tried: {seen}")


def _card(card: EnvCard) -> Iterator[str]:
    yield from ("", f"Action: {card.state.action.meaning}.", "")
    yield "| field | shape | unit | range | is |"
    yield "|---|---|---|---|---|"
    yield from (_field(spec) for spec in card.state.fields)
    if card.deviations:
        yield from ("", "Deviations:", "", *(f"- {said.strip()}" for said in card.deviations))
    for name in card.backends:
        yield from ("", _backend(card, name))
    for task in card.tasks.values():
        yield from _task(task)


def _backend(card: EnvCard, name: str) -> str:
    """What a comparison with a faster backend came to."""
    record = read_record(card, name)
    if record is None:
        return f"Backend `{name}`: not compared."
    of = f"{name} {record.versions[name]}, {record.n_episodes} episodes of each policy"
    if record.passed:
        return f"Backend `{name}`: behaves alike ({of})."
    return f"Backend `{name}`: refused ({of}). {'. '.join(record.differences)}."


def _field(spec: FieldSpec) -> str:
    ends = ["?" if end is None else f"{end:g}" for end in (spec.low, spec.high)]
    reach = f"{ends[0]} to {ends[1]}" if ends != ["?", "?"] else ""
    known = f"{spec.constant:g}" if isinstance(spec.constant, float) else reach
    shape = "×".join(map(str, spec.shape)) or spec.kind
    return f"| `{spec.name}` | {shape} | {spec.unit} | {known} | {spec.meaning} |"


def _task(task: TaskCard) -> Iterator[str]:
    judged = when_judged(task.success, task.semantics, task.held_steps)
    yield from ("", f"**{task.name}**: {task.instruction}", "")
    yield f"- fitness `{task.fitness}`"
    yield f"- success `{task.success}` ({judged}), target {task.target:.0%}"
    yield f"- assay of its reference rewards: {assay_words(task.assay)}"


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


def _tried(card: EnvCard, trial: CardTrial) -> dict[str, Any]:
    problems = [f"{p.subject}: {p.reason} {p.remedy}".strip() for p in trial.problems]
    sys.stderr.write(f"{card.ref}: {'; '.join(problems) or 'holds'}\n")
    return {
        "of": _digest(card),
        "problems": problems,
        "steps_per_s": trial.speed and float(f"{trial.speed.steps_per_s:.3g}"),
        "field_share": trial.speed and round(trial.speed.field_share, 4),
        "separates": dict(trial.separates),
        "n_timesteps": trial.n_timesteps,
        "deviations": [said for said in trial.deviations if said not in card.deviations],
    }


def main(wanted: list[str]) -> int:
    """Try the cards that were named, or all; write the page; 1 when one does not hold."""
    record = json.loads(RECORD.read_text("utf-8")) if RECORD.is_file() else {}
    cards = [load_card(name) for name in card_names()]
    for card in cards:
        if not wanted or card.ref in wanted:
            record[card.ref] = _tried(card, try_card(card.ref, LocalEngine(1)))
            RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")
    PAGE.write_text(page(cards, record), encoding="utf-8")
    return int(any(one["problems"] for one in record.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
