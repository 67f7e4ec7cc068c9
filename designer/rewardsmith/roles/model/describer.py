"""Asks a language model what state fields mean that nothing in an environment explains.

It sees source code without what judges, and its words are taken only for fields that were asked
for: short, in known units, and never about rewards. What they say is unverified.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.drafting.field_draft import Words
from rewardsmith.environments.drafting.prose import pays
from rewardsmith.language.units import parse_unit
from rewardsmith.llm.calls import Address, LanguageModel, Message, Request
from rewardsmith.roles.model.json_answers import ask
from rewardsmith.roles.model.prompts import Prompts
from rewardsmith.roles.model.schemas import DescriptionAnswer, schema_of

MAX_MEANING = 160
MAX_ACTION = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Undescribed:
    """A drafted card that leaves fields unexplained."""

    card: EnvCard
    unsaid: tuple[str, ...]
    """Fields without a meaning."""
    source: str
    """The environment's, without what judges; may be empty."""


def describe(model: LanguageModel, prompts: Prompts, asked: Undescribed, author: str) -> Words:
    """What the model says of the fields that lack a meaning; nothing where it cannot be read.

    Args:
        model: Who is asked, once.
        prompts: The templates.
        asked: What is described.
        author: What the card calls the model.

    Raises:
        ModelError: The provider failed beyond its retries.
        BudgetExceeded: The budget is spent.
    """
    answer = ask(model, prompts, [description_request(prompts, asked)], DescriptionAnswer)[0]
    if answer is None:
        return Words(author=author)
    known = {f.name: f for f in answer.fields if f.name in asked.unsaid}
    return Words(
        author=author,
        meanings={n: f.meaning for n, f in known.items() if _is_sayable(f.meaning, MAX_MEANING)},
        units={n: f.unit for n, f in known.items() if f.unit and parse_unit(f.unit) is not None},
        action=answer.action if _is_sayable(answer.action, MAX_ACTION) else "",
    )


def description_request(prompts: Prompts, asked: Undescribed) -> Request:
    """The question about one environment."""
    card = asked.card
    system = prompts.render("describer/system.md.j2")
    question = prompts.render(
        "describer/fields.md.j2",
        title=card.title,
        description=card.description,
        fields=card.state.fields,
        unsaid=asked.unsaid,
        action=_action(card),
        action_meaning=card.state.action.meaning,
        source=asked.source,
    )
    return Request(
        address=Address(0, "describer", 0, 0),
        messages=(
            Message(role="system", text=system.text),
            Message(role="user", text=question.text),
        ),
        templates={**system.templates, **question.templates},
        schema=schema_of(DescriptionAnswer),
        schema_name="description",
    )


def _is_sayable(text: str, limit: int) -> bool:
    return 0 < len(text) <= limit and not pays(text)


def _action(card: EnvCard) -> str:
    action = card.state.action
    if action.choices:
        return f"{len(action.choices)} choices, of {_listed(action.choices)}"
    return f"{len(action.low)} numbers from {_listed(action.low)} to {_listed(action.high)}"


def _listed(values: Sequence[float]) -> str:
    alike: Collection[float] = dict.fromkeys(values)
    return ", ".join(f"{value:g}" for value in (alike if len(alike) == 1 else values))
