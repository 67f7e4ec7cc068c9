"""Drafts a card for an environment that has none, from what it shows in a few random episodes.

Runs environment code. What is read, in this order: spaces, the class's docstring, the MuJoCo model,
`info`. Everything drafted is then read from real episodes, and what cannot be read is left out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import numpy as np
from gymnasium import spaces

from rewardsmith.environments.cards import parse_card
from rewardsmith.environments.drafting.card_text import CardDraft, card_text
from rewardsmith.environments.drafting.clock import clock_of
from rewardsmith.environments.drafting.contacts import touched
from rewardsmith.environments.drafting.docstrings import EnvDoc
from rewardsmith.environments.drafting.field_draft import FieldDraft, Note, Words
from rewardsmith.environments.drafting.hidden import actuator_names, hidden_fields
from rewardsmith.environments.drafting.info_keys import InfoFields, info_fields
from rewardsmith.environments.drafting.measured import with_ranges
from rewardsmith.environments.drafting.mujoco_names import (
    Simulation,
    hidden_simulation,
    recognise,
    seconds_per_step,
    simulation_of,
)
from rewardsmith.environments.drafting.observed import Observed, observed_fields
from rewardsmith.environments.drafting.own_docs import doc_of
from rewardsmith.environments.drafting.own_source import visible_source
from rewardsmith.environments.drafting.pay import resemblance, twin
from rewardsmith.environments.drafting.play import Play, play
from rewardsmith.environments.drafting.spaces import Space, action_of, leaves_of
from rewardsmith.environments.drafting.state_help import needs_state_fields
from rewardsmith.environments.drafting.tables import Row
from rewardsmith.environments.factory import (
    Env,
    env_classes,
    flat,
    import_module,
    make_whole,
    stripped,
)
from rewardsmith.environments.failures import blamed
from rewardsmith.environments.reference import EnvRef
from rewardsmith.errors import UsageError
from rewardsmith.messages import ActionSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A drafted card."""

    text: str
    """YAML that loads as a card."""
    notes: tuple[Note, ...]
    unsaid: tuple[str, ...] = ()
    """Fields that nothing explains."""
    source: str = ""
    """What its classes do, without what judges."""


def draft_card(ref: EnvRef, *, seed: int = 0, words: Words | None = None) -> Draft:
    """Draft a card.

    Args:
        ref: Which environment.
        seed: Of the episodes that are played.
        words: What somebody says of fields that nothing in the environment explains.

    Raises:
        UsageError: It cannot be made, breaks Gymnasium's interface, shows nothing but pictures, or
            acts in a space that policies here cannot; says what to do.
    """
    resolved = _resolved(ref)
    with blamed(ref.text, "__init__"):
        env = make_whole(resolved.id, code=resolved.code, ref=ref.text, kwargs=ref.kwargs)
    try:
        return _draft(resolved, env, seed, words or Words())
    finally:
        with blamed(ref.text, "close()"):
            env.close()


def _draft(ref: EnvRef, whole: Env, seed: int, words: Words) -> Draft:
    env = stripped(whole)
    leaves = leaves_of(env.observation_space)
    action = action_of(env.action_space, ref.text)
    simulation = simulation_of(env.unwrapped)
    seen = play(flat(env), ref.text, watch=simulation.watch if simulation else dict, seed=seed)
    doc = doc_of(env.unwrapped)
    observations = np.stack(seen.observations)
    known = recognise(observations, seen.watched, simulation.rows()) if simulation else None
    observed = observed_fields(leaves, doc, known, observations)
    fields, notes = _all_fields(env, seen, observed, simulation)
    if not fields:
        raise UsageError(needs_state_fields(ref.text, env, leaves))
    ticks = seconds_per_step(seen.watched) if simulation else None
    clock = clock_of(whole, ref.id, seen, measured=ticks)
    draft = CardDraft(
        id=ref.id,
        code=str(ref.code) if ref.code else "",
        kwargs=ref.kwargs,
        title=_title(ref.id),
        description=doc.description,
        action=replace(action, meaning=_action_meaning(action, doc, simulation)),
        fields=tuple(fields),
        start=doc.start,
        episode_end=doc.episode_end,
        goal_dim=_goal_dim(env.observation_space),
        max_steps=clock.max_steps,
        max_steps_remark=clock.max_steps_remark,
        dt=clock.dt,
        dt_remark=clock.dt_remark,
        comments=_comments(simulation),
    )
    measured = with_ranges(draft, ref.text, seed=seed)
    unsaid = tuple(field.name for field in measured.draft.fields if not field.meaning)
    final = _described(measured.draft, words)
    text = card_text(final)
    parse_card(text, ref=ref.text, folder=Path())
    said = (*notes, *measured.notes, *clock.notes, *_assumed(final))
    return Draft(text=text, notes=said, unsaid=unsaid, source=visible_source(env.unwrapped))


def _described(draft: CardDraft, words: Words) -> CardDraft:
    """The draft with somebody's words where it has none of its own."""
    fields = tuple(
        replace(f, meaning=words.meanings[f.name], unit=f.unit or words.units.get(f.name, ""))
        if not f.meaning and f.name in words.meanings
        else f
        for f in draft.fields
    )
    filled = [new.name for new, old in zip(fields, draft.fields, strict=True) if new is not old]
    action = draft.action
    if words.action and not action.meaning:
        action, filled = replace(action, meaning=words.action), [*filled, "action"]
    return replace(
        draft, fields=fields, action=action, unverified=tuple(filled), author=words.author
    )


def _resolved(ref: EnvRef) -> EnvRef:
    """The reference with the file's one environment filled in."""
    if ref.code is None or ":" in ref.id:
        return ref
    classes = env_classes(import_module(ref.id, ref.code, ref.text))
    if len(classes) != 1:
        listed = f"{', '.join(classes)}: write {ref.text}:{classes[0]}" if classes else "none"
        raise UsageError(f"{ref.text} has to define one environment, and defines {listed}.")
    return replace(ref, id=f"{ref.id}:{classes[0]}")


def _all_fields(
    env: Env, seen: Play, observed: Observed, simulation: Simulation | None
) -> tuple[list[FieldDraft], list[Note]]:
    fields, notes = list(observed.fields), list(observed.notes)
    quantities = list(np.stack(seen.observations).T.astype(np.float64))
    info = info_fields(seen, [f.name for f in fields], quantities)
    fields += info.fields
    notes += info.notes
    notes += _left_out(observed, info)
    notes += _twins(seen, observed, info)
    if simulation is not None:
        shown = observed.shown | _positions_in(info.fields, seen)
        meeting = touched(simulation.model, seen.watched)
        fields += hidden_fields(simulation, shown, [f.name for f in fields], meeting)
    elif name := hidden_simulation(env.unwrapped):
        text = (
            f"its MuJoCo model is in {name!r}. Give the environment the attributes `model` and "
            "`data`, and bodies, sites and contacts can be fields."
        )
        notes.append(Note(kind="warning", text=text))
    return fields, notes + _reward_in_observation(seen, fields)


def _positions_in(fields: Sequence[FieldDraft], seen: Play) -> frozenset[tuple[str, int]]:
    """Joint positions that `info` gives as well, where it does so in every step."""
    found = set()
    for field in fields:
        path = field.source.removeprefix("info.").split(".")
        if field.shape or len(path) > 1:
            continue
        values = np.array([info.get(path[0], np.nan) for info in seen.infos], dtype=np.float64)
        for array in ("qpos", "qvel"):
            block = np.stack([w[array] for w in seen.watched])
            same = [i for i in range(block.shape[1]) if np.array_equal(block[:, i], values)]
            found |= {(array, i) for i in same if np.ptp(block[:, i]) > 0}
    return frozenset(found)


def _left_out(observed: Observed, info: InfoFields) -> list[Note]:
    """What is no field because of its name, and how it may still judge."""
    listed = [*observed.left_out, *(f"info.{key}" for key in info.left_out)]
    text = f"left out as rewards or verdicts by name: {', '.join(listed)}"
    entry = next((key for key in info.left_out if "." not in key), "")
    more = f"; a fitness may read one, as in 'info[\"{entry}\"]'" if entry else ""
    return [Note(kind="assumption", text=text + more)] if listed else []


def _reward_in_observation(seen: Play, fields: Sequence[FieldDraft]) -> list[Note]:
    """Warns of fields of the observation that go along with what is paid."""
    columns = np.stack(seen.observations)[~seen.is_start].T
    read = [(i, name) for i in range(len(columns)) if (name := _field_of(i, fields))]
    said = [(i, name, resemblance(columns[i], seen)) for i, name in read]
    return [
        Note(
            kind="warning",
            text=f"element {i} of the observation {did}; take the field {name!r} out of the card "
            "if it is the reward.",
        )
        for i, name, did in said
        if did
    ]


def _twins(seen: Play, observed: Observed, info: InfoFields) -> list[Note]:
    """Warns of what equalled something left out by name, where nothing is said of it yet."""
    shown = {name: rows[~seen.is_start] for name, rows in observed.withheld.items()}
    withheld = {**shown, **info.withheld}
    columns = np.stack(seen.observations)[~seen.is_start].T
    kept = {
        f"element {i} of the observation (field {name!r})": columns[i]
        for i in range(len(columns))
        if (name := _field_of(i, observed.fields))
    }
    silent = {
        name: values
        for name, values in [*kept.items(), *info.kept.items()]
        if not resemblance(values, seen)
    }
    said = [(name, twin(values, withheld)) for name, values in silent.items()]
    return [
        Note(
            kind="warning",
            text=f"{name} equalled {other} in all {seen.n_steps} steps, which is left out by its "
            "name. It is kept, since values alone prove nothing; take it out of the card if it "
            "says the same.",
        )
        for name, other in said
        if other
    ]


def _field_of(element: int, fields: Sequence[FieldDraft]) -> str:
    """Name of the field that reads an element of the observation; empty where none does."""
    for field in fields:
        ends = re.fullmatch(r"obs\[(\d+):(\d+)\]", field.source)
        is_inside = ends is not None and int(ends[1]) <= element < int(ends[2])
        if is_inside or field.source == f"obs[{element}]":
            return field.name
    return ""


def _goal_dim(space: Space) -> int:
    """Length of a goal where observations begin with the two that hindsight swaps; 0 elsewhere."""
    parts = list(space.spaces.items())[:2] if isinstance(space, spaces.Dict) else []
    if [name for name, _ in parts] != ["achieved_goal", "desired_goal"]:
        return 0
    shapes = {part.shape if isinstance(part, spaces.Box) else () for _, part in parts}
    lengths = shapes.pop() if len(shapes) == 1 else ()
    return lengths[0] if len(lengths) == 1 else 0


def _action_meaning(action: ActionSpec, doc: EnvDoc, simulation: Simulation | None) -> str:
    if action.kind == "discrete" and len(doc.choices) == action.n:
        return _choices(doc.choices)
    size = action.n if action.kind == "discrete" else prod(action.shape)
    for table in doc.actions:
        texts = [row.text for row in table.rows]
        if len(texts) == size and all(texts):
            return _choices(texts) if action.kind == "discrete" else _measured(table.rows)
    names = actuator_names(simulation) if simulation else []
    return f"actuators in this order: {', '.join(names)}" if len(names) == size and names else ""


def _choices(texts: Sequence[str]) -> str:
    return "; ".join(f"{i}: {text.rstrip('.')}" for i, text in enumerate(texts))


def _measured(rows: Sequence[Row]) -> str:
    """What elements of an action are, with their units; one that all share is said once."""
    units = {row.unit for row in rows}
    if len(units) > 1:
        return _listed([f"{row.text} ({row.unit})" if row.unit else row.text for row in rows])
    every = f" ({'all ' if len(rows) > 1 else ''}in {rows[0].unit})" if rows[0].unit else ""
    return _listed([row.text for row in rows]) + every


def _listed(texts: Sequence[str]) -> str:
    """The texts in order; words that all of them begin with are said once."""
    words = [text.split() for text in texts]
    shared = 0
    while len(texts) > 1 and len({tuple(w[: shared + 1]) for w in words}) == 1:
        shared += 1
    if shared < 2 or any(len(w) == shared for w in words):
        return "; ".join(texts)
    rest = "; ".join(" ".join(w[shared:]) for w in words)
    return f"{' '.join(words[0][:shared])} ...: {rest}"


def _comments(simulation: Simulation | None) -> tuple[str, ...]:
    if simulation is None:
        return ("More can be read: see docs/cards.md, as in {source: 'attr: position', ...}.",)
    return (
        "More can be read: contact(a, b), min_distance(a, b), geom(name), 'function: module:name'.",
    )


def _assumed(draft: CardDraft) -> list[Note]:
    unsaid = [field.name for field in draft.fields if not field.meaning]
    seen = [field for field in draft.fields if field.seen]
    is_open = [field.name for field in seen if field.low is None or field.high is None]
    n_guessed = len(seen) - len(is_open)
    said = []
    if n_guessed:
        said.append(
            f"ranges of {n_guessed} fields from random play, made three times as wide; no limits"
        )
    if is_open:
        said.append(f"nothing says how far these go, so they have no range: {_first(is_open)}")
    if unsaid:
        said.append(f"nothing says what these are: {_first(unsaid)}")
    return [Note(kind="assumption", text=text) for text in said]


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def _title(id_: str) -> str:
    name = re.sub(r"-v\d+$", "", id_.rpartition(":")[2].rpartition("/")[2])
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+", " ", name).split()
    return " ".join([words[0][:1].upper() + words[0][1:], *(w.lower() for w in words[1:])])
