"""Writes a drafted card as YAML that a person reads, corrects and keeps.

What is a guess carries a comment with TODO. The text loads with `load_card` as it is.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewardsmith.environments.drafting.field_draft import FieldDraft
from rewardsmith.environments.drafting.prose import unmarked
from rewardsmith.messages import ActionSpec

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./ ,()'-]*[A-Za-z0-9_.)]|[A-Za-z]")
_WORDS = frozenset("true false yes no on off null y n".split())
_WIDTH = 110
_TASKS = """
# Tasks can stay out: `design --task "..." --fitness "..." --success "..."` says them as well.
# tasks:
#   my_task:
#     instruction: What the policy shall do, in words.
#     fitness: mean(...)            # over one episode's fields; higher is better; graded
#     success: ...                  # a condition on the fields
#     semantics: held               # or final, ever
#     held_steps: 10
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDraft:
    """Everything that a drafted card says."""

    id: str
    code: str = ""
    """Folder of the module; empty for an installed one."""
    kwargs: Mapping[str, Any]
    title: str
    description: str = ""
    action: ActionSpec
    """Its meaning may be empty."""
    fields: tuple[FieldDraft, ...]
    start: str = ""
    episode_end: str = ""
    goal_dim: int = 0
    """Length of the two goals that observations begin with; 0 for none."""
    max_steps: int
    max_steps_remark: str = ""
    dt: float | None = None
    dt_remark: str = ""
    comments: tuple[str, ...] = ()
    """Lines below the fields: what else could be read."""
    unverified: tuple[str, ...] = ()
    """Fields whose meaning a model said; `action` for the action's."""
    author: str = ""
    """The model."""


def card_text(draft: CardDraft) -> str:
    """The card as YAML."""
    return "\n".join(_lines(draft)) + "\n" + _TASKS


def _lines(draft: CardDraft) -> Iterator[str]:
    yield "# Drafted by rewardsmith. Lines with TODO are guesses: correct them, then run"
    yield "# `rewardsmith envs check` with this file's path."
    yield f"id: {_text(draft.id)}"
    if draft.code:
        yield f"code: {_text(draft.code)}  # where the module is looked for"
    if draft.kwargs:
        yield f"kwargs: {json.dumps(dict(draft.kwargs))}"
    yield f"title: {_text(draft.title)}"
    yield from _prose("description", draft.description, "what the environment is, in two sentences")
    if draft.unverified:
        yield f"unverified: [{', '.join(draft.unverified)}]  # {said_by(draft.author)}"
    yield ""
    yield from _action(draft.action)
    yield ""
    yield "state:"
    for field in draft.fields:
        yield from _field(field)
    yield from (f"  # {line}" for line in draft.comments)
    yield ""
    if draft.goal_dim:
        yield f"goal_dim: {draft.goal_dim}  # observations begin with achieved_goal, desired_goal"
    yield from _prose("start", draft.start, "how an episode starts")
    yield from _prose("episode_end", draft.episode_end, "what ends an episode before its limit")
    yield "# known_exploits: [ways to look good without doing the task]"
    yield f"max_steps: {draft.max_steps}{_comment(draft.max_steps_remark)}"
    if draft.dt is not None:
        yield f"dt: {_number(draft.dt)}{_comment(draft.dt_remark)}"
    else:
        remark = draft.dt_remark or "TODO seconds per timestep, if it has a clock"
        yield f"# dt: 0.02{_comment(remark)}"


def said_by(author: str) -> str:
    """What stands beside words that a model said."""
    name = " ".join(re.sub(r"[^\w./:@-]", " ", author).split())
    return f"meanings by {name or 'a model'}, until `rewardsmith envs check` passes"


def without_mark(text: str) -> str:
    r"""A card's text that no longer calls any meaning unverified.

    >>> without_mark("id: a\nunverified: [x]  # meanings by m\ntitle: b\n")
    'id: a\ntitle: b\n'
    """
    return re.sub(r"^unverified:.*\n", "", text, flags=re.MULTILINE)


def _action(action: ActionSpec) -> Iterator[str]:
    yield "action:"
    if action.kind == "discrete":
        yield "  kind: discrete"
        yield f"  n: {action.n}"
    elif action.choices:
        yield from _choices(action)
    else:
        yield f"  shape: {list(action.shape)}"
        yield f"  low: {_ends(action.low)}"
        yield f"  high: {_ends(action.high)}"
    yield (
        f"  meaning: {_text(action.meaning)}"
        if action.meaning
        else "  # TODO meaning: what it does"
    )


def _choices(action: ActionSpec) -> Iterator[str]:
    is_binary = set(action.choices) == {2}
    yield f"  kind: {'multi_binary' if is_binary else 'multi_discrete'}"
    if is_binary or len(action.shape) > 1:
        yield f"  shape: {list(action.shape)}"
    if not is_binary:
        yield f"  choices: {list(action.choices)}"


def _field(field: FieldDraft) -> Iterator[str]:
    yield f"  {field.name}:{_comment(field.remark)}"
    yield f"    source: {_text(field.source)}"
    if field.shape:
        yield f"    shape: {list(field.shape)}"
    if field.kind != "float":
        yield f"    kind: {field.kind}"
    if field.unit:
        yield f"    unit: {_text(field.unit)}{_comment(field.unit_remark)}"
    elif field.unit_remark:
        yield f"  {_comment(field.unit_remark)}"
    yield from _range(field)
    if field.quaternion:
        yield f"    quaternion: {field.quaternion}"
    if field.at_start is not None:
        yield f"    at_start: {_number(field.at_start)}"
    meaning = field.meaning or f"{field.source} of the environment"
    yield f"    meaning: {_text(meaning)}{'' if field.meaning else '  # TODO'}"


def _range(field: FieldDraft) -> Iterator[str]:
    said = _seen(field.seen) if field.seen else ""
    if field.low is not None or field.high is not None:
        ends = ("null" if end is None else _number(end) for end in (field.low, field.high))
        yield f"    range: [{', '.join(ends)}]{_comment(said and f'TODO {said}')}"
    elif said:
        yield f"    # TODO range: {said}"


def _seen(ends: tuple[float, float]) -> str:
    low, high = (f"{end + 0.0:.4g}" for end in ends)
    course = f"{low} to {high}" if ends[0] < ends[1] else f"always {low}"
    return f"seen {course} in random play, which is no limit"


def _prose(key: str, text: str, todo: str) -> Iterator[str]:
    if not text:
        yield f"# TODO {key}: {todo}"
    elif len(text) < _WIDTH:
        yield f"{key}: {_text(text)}"
    else:
        yield f"{key}: >"
        yield from (f"  {line}" for line in _wrapped(unmarked(text)))


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + len(word) + 1 > _WIDTH:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line


def _text(text: str) -> str:
    """A YAML scalar that reads back as this text."""
    plain = " ".join(unmarked(text).split())
    is_plain = _PLAIN.fullmatch(plain) and plain.lower() not in _WORDS
    return plain if is_plain else json.dumps(plain, ensure_ascii=False)


def _comment(text: str) -> str:
    return f"  # {' '.join(unmarked(text).split())}" if text else ""


def _ends(values: Sequence[float]) -> str:
    if len(set(values)) == 1:
        return _number(values[0])
    return f"[{', '.join(_number(v) for v in values)}]"


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    text = f"{value:.9g}"
    return text if math.isclose(float(text), value, rel_tol=1e-12) else repr(value)
