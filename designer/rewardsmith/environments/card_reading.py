"""Turns a card's YAML table into an `EnvCard`; every problem names file, line and remedy."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, cast

from rewardsmith.environments.backends.reading import read_backends
from rewardsmith.environments.card_file import Table, Value
from rewardsmith.environments.card_types import EnvCard, Needs, Reference, Setting, TaskCard
from rewardsmith.environments.derived import derived_of
from rewardsmith.environments.fitness import compile_fitness, compile_success
from rewardsmith.environments.sources import SourceError, parse_source
from rewardsmith.errors import ConfigError
from rewardsmith.messages import ActionSpec, FieldKind, FieldSpec, StateSpec, SuccessSemantics


class _Clock(NamedTuple):
    """How long an episode lasts."""

    horizon: int
    dt: float | None


ACTION_KINDS = ("continuous", "discrete", "multi_discrete", "multi_binary")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_RESERVED = frozenset(
    "state previous initial action previous_action step terminated memory params xp "
    "dt horizon length true false and or not if else".split()
)


def read_card(table: Table, *, ref: str, folder: Path | None, home: Path | None = None) -> EnvCard:
    """Build the card that `table` holds.

    Args:
        table: The card's, already laid over its base's.
        ref: What messages call it.
        folder: Of its card.yaml.
        home: Of its modules, where the card does not say so itself and `folder` is another's.

    Raises:
        ConfigError: Something in it is missing, misspelt or contradictory.
    """
    action = _read_action(table.take("action").table())
    state, start_values = _read_state(table.take("state").table(), action)
    max_steps = _positive(table.take("max_steps"))
    dt, kwargs = table.find("dt"), table.find("kwargs")
    goal_dim = table.find("goal_dim")
    preset = _read_settings(table.find("preset"))
    clock = _Clock(max_steps, dt.number() if dt else None)
    reader = _TaskReader(state, clock)
    table.find("base")  # laid below already
    card = EnvCard(
        ref=ref,
        id=table.take("id").text(),
        title=table.take("title").text(),
        description=_text(table, "description"),
        kwargs=cast(dict[str, object], kwargs.table().plain()) if kwargs else {},
        state=state,
        start_values=start_values,
        goal_dim=_positive(goal_dim) if goal_dim else 0,
        max_steps=max_steps,
        dt=clock.dt,
        start=_text(table, "start"),
        episode_end=_text(table, "episode_end"),
        known_exploits=_texts(table.find("known_exploits")),
        deviations=_texts(table.find("deviations")),
        preset=preset,
        tasks={name: reader.read(name, v) for name, v in _entries(table.find("tasks"))},
        folder=folder,
        code=_read_code(table.find("code")) or (home if home != folder else None),
        needs=_read_needs(table.find("needs")),
        unverified=_texts(table.find("unverified")),
        backends=read_backends(table.find("backends"), state),
    )
    table.finish()
    return card


def _read_action(table: Table) -> ActionSpec:
    meaning = _text(table, "meaning")
    kind = _choice(table.find("kind"), ACTION_KINDS, "continuous")
    if kind == "discrete":
        spec = ActionSpec(shape=(), kind="discrete", n=_positive(table.take("n")), meaning=meaning)
    elif kind != "continuous":
        spec = replace(_read_choices(table, kind), meaning=meaning)
    else:
        shape = _read_shape(table.take("shape"))
        size = math.prod(shape)
        low, high = (_spread(table.take(key), size) for key in ("low", "high"))
        spec = ActionSpec(shape=shape, low=low, high=high, meaning=meaning)
    table.finish()
    return spec


def _read_choices(table: Table, kind: str) -> ActionSpec:
    """An action of several choices: `choices: [3, 2]`, or the shape of one of zeros and ones."""
    if kind == "multi_binary":
        shape = _read_shape(table.take("shape"))
        return ActionSpec(shape=shape, kind="multi_discrete", nvec=(2,) * math.prod(shape))
    entry, given = table.take("choices"), table.find("shape")
    choices = entry.numbers()
    shape = _read_shape(given) if given else (len(choices),)
    if math.prod(shape) != len(choices) or not all(n == int(n) and n >= 1 for n in choices):
        raise entry.error(
            f"{entry.name!r} is no list of {math.prod(shape)} counts.", "Write [3, 2, 5]."
        )
    return ActionSpec(shape=shape, kind="multi_discrete", nvec=tuple(int(n) for n in choices))


def _read_state(table: Table, action: ActionSpec) -> tuple[StateSpec, dict[str, tuple[float, ...]]]:
    fields: list[FieldSpec] = []
    start_values: dict[str, tuple[float, ...]] = {}
    for name, value in table.entries():
        _check_name(name, value)
        entry = value.table()
        at_start, source = entry.find("at_start"), entry.find("source")
        fields.append(_read_field(name, entry))
        if at_start:
            start_values[name] = _spread(at_start, math.prod(fields[-1].shape))
        if source and fields[-1].source.startswith("derived"):
            state = StateSpec(fields=tuple(fields), action=action)
            _compiled(source, partial(derived_of, fields[-1], state))
    if not fields:
        raise table.error("'state' names no field.", "Add at least one.")
    return StateSpec(fields=tuple(fields), action=action), start_values


def _compiled(value: Value, compile_it: Callable[[], object]) -> str:
    """The text of an expression, once it compiles."""
    try:
        compile_it()
    except ConfigError as error:
        raise value.error(str(error), "") from error
    return value.text()


def _read_field(name: str, entry: Table) -> FieldSpec:
    low, high = _read_range(entry.find("range"))
    quaternion = entry.find("quaternion")
    constant = entry.find("constant")
    shape = entry.find("shape")
    values = constant.numbers() if constant else ()
    spec = FieldSpec(
        name=name,
        shape=_read_shape(shape) if shape else (len(values),) if len(values) > 1 else (),
        kind=cast(FieldKind, _choice(entry.find("kind"), ("float", "bool", "int"), "float")),
        unit=_text(entry, "unit"),
        low=low,
        high=high,
        meaning=entry.take("meaning").text(),
        source="" if constant else _read_source(entry.take("source")),
        quaternion=_read_quaternion(quaternion) if quaternion else None,
        constant=None if not constant else values if len(values) > 1 else values[0],
    )
    if constant and entry.find("source"):
        raise entry.error(f"{name!r} has a source and a constant.", "Keep one of them.")
    if len(values) > 1 and math.prod(spec.shape) != len(values):
        raise entry.error(f"{name!r} has {len(values)} values for shape {spec.shape}.", "Fix one.")
    if quaternion and spec.shape[-1:] != (4,):
        raise entry.error(f"{name!r} is a quaternion of shape {spec.shape}.", "Add 'shape: [4]'.")
    entry.finish()
    return spec


def _read_source(value: Value) -> str:
    if value.is_table:
        (word, inner), *others = value.table().entries()
        if others or word not in ("attr", "derived", "function"):
            raise value.error("A source is one line.", "Write 'source: obs[0]'.")
        text = f"{word}: {inner.text()}"
    else:
        text = value.text()
    try:
        parse_source(text)
    except SourceError as error:
        raise value.error(error.reason, error.remedy) from error
    return text


def _read_quaternion(value: Value) -> Literal["wxyz", "xyzw"]:
    return cast(Literal["wxyz", "xyzw"], _choice(value, ("wxyz", "xyzw"), "wxyz"))


def _read_range(value: Value | None) -> tuple[float | None, float | None]:
    if value is None:
        return None, None
    ends = [None if item.is_null else item.number() for item in value.items()]
    if len(ends) != 2 or (None not in ends and not _ordered(ends)):
        raise value.error(f"{value.name!r} is no range.", "Write [low, high], null for unknown.")
    return ends[0], ends[1]


def _ordered(ends: list[float | None]) -> bool:
    low, high = ends
    return low is not None and high is not None and low < high


def _read_shape(value: Value) -> tuple[int, ...]:
    sizes = value.numbers()
    if len(sizes) > 2 or not all(s == int(s) and 0 < s < 10_000 for s in sizes):
        raise value.error(f"{value.name!r} is no shape.", "Write [], [3] or [4, 3].")
    return tuple(int(size) for size in sizes)


class _TaskReader:
    """Reads tasks and compiles their expressions, so that a mistake names its line."""

    def __init__(self, state: StateSpec, clock: _Clock) -> None:
        self._state = state
        self._clock = clock

    def read(self, name: str, value: Value) -> TaskCard:
        _check_name(name, value)
        entry = value.table()
        held, target, assay = (entry.find(key) for key in ("held_steps", "target", "assay"))
        semantics = _choice(entry.find("semantics"), ("held", "final", "ever"), "held")
        task = TaskCard(
            name=name,
            instruction=entry.take("instruction").text(),
            fitness=self._fitness(entry.take("fitness"), "fitness"),
            success=self._success(entry.take("success")),
            semantics=cast(SuccessSemantics, semantics),
            held_steps=_positive(held) if held else 10,
            solved_by=_texts(entry.find("solved_by")),
            target=_share(target) if target else 0.8,
            audit={k: self._fitness(v, k) for k, v in _entries(entry.find("audit"))},
            references={k: self._reference(v) for k, v in _entries(entry.find("references"))},
            preset=_read_settings(entry.find("preset")),
            assay=cast(dict[str, object], assay.table().plain()) if assay else None,
        )
        entry.finish()
        return task

    def _fitness(self, value: Value, what: str) -> str:
        horizon, dt = self._clock
        return _compiled(
            value,
            lambda: compile_fitness(value.text(), self._state, horizon=horizon, dt=dt, what=what),
        )

    def _success(self, value: Value) -> str:
        horizon, dt = self._clock
        return _compiled(
            value,
            lambda: compile_success(
                value.text(),
                self._state,
                semantics="held",
                held_steps=1,
                horizon=horizon,
                dt=dt,
            ),
        )

    def _reference(self, value: Value) -> Reference:
        text = value.text()
        if text == "native" or text == "sparse":
            return cast(Literal["native", "sparse"], text)
        path = (value.folder or Path()) / text
        if not path.is_file():
            raise value.error(
                f"The reference {text!r} is no file beside the card.",
                "Write native, sparse, or the name of a reward program there.",
            )
        return path


def _read_code(value: Value | None) -> Path | None:
    """The folder of the environment's modules; a relative one counts from the card's."""
    if value is None:
        return None
    # That it exists is for the import to say: a run can be looked at where its code is not.
    return ((value.folder or Path()) / Path(value.text()).expanduser()).resolve()


def _read_needs(value: Value | None) -> Needs:
    if value is None:
        return Needs()
    table = value.table()
    write, network = table.find("write"), table.find("network")
    needs = Needs(
        read=_texts(table.find("read")),
        write=write.boolean() if write else False,
        network=network.boolean() if network else False,
    )
    table.finish()
    return needs


def _read_settings(value: Value | None) -> dict[str, Setting]:
    return {key: setting.scalar() for key, setting in _entries(value)}


def _entries(value: Value | None) -> list[tuple[str, Value]]:
    return list(value.table().entries()) if value else []


def _text(table: Table, key: str) -> str:
    value = table.find(key)
    return value.text() if value else ""


def _texts(value: Value | None) -> tuple[str, ...]:
    return tuple(item.text() for item in value.items()) if value else ()


def _choice(value: Value | None, known: tuple[str, ...], default: str) -> str:
    if value is None:
        return default
    text = value.text()
    if text not in known:
        raise value.error(f"{text!r} is no {value.name!r}.", f"Write {' or '.join(known)}.")
    return text


def _spread(value: Value, size: int) -> tuple[float, ...]:
    numbers = value.numbers()
    if len(numbers) == 1:
        return numbers * size
    if len(numbers) != size:
        raise value.error(
            f"{value.name!r} has {len(numbers)} numbers.", f"Write one number, or {size}."
        )
    return numbers


def _positive(value: Value) -> int:
    number = value.integer()
    if number < 1:
        raise value.error(f"{value.name!r} has to be at least 1.", "Write a whole number.")
    return number


def _share(value: Value) -> float:
    number = value.number()
    if not 0.0 <= number <= 1.0:
        raise value.error(f"{value.name!r} is a share.", "Write a number from 0 to 1.")
    return number


def is_field_name(name: str) -> bool:
    """Whether a field, task or metric may be called so.

    >>> is_field_name("torso_pitch"), is_field_name("step")
    (True, False)
    """
    return bool(_NAME.fullmatch(name)) and name not in _RESERVED


def _check_name(name: str, value: Value) -> None:
    if not is_field_name(name):
        raise value.error(
            f"{name!r} cannot be a name here.",
            "Use at most 32 lower-case letters, digits and '_', and no word of the language.",
        )
