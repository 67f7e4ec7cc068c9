"""Writes a reward program as a Python module of its own, which needs only NumPy.

Pure: a program and a card in, the texts of files out. The module repeats what a `RewardStream`
does, and its `DesignedReward` reads the card's fields by generated code, where their sources allow.
"""

import ast
import textwrap
from collections.abc import Collection
from dataclasses import dataclass
from pprint import pformat
from typing import Final

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.derived import derived_of
from rewardsmith.environments.sources import Index, Source, parse_source
from rewardsmith.errors import UsageError
from rewardsmith.messages import FieldSpec
from rewardsmith.rewards.composition import fields_read, inputs_read
from rewardsmith.rewards.contract import RewardProgram, Total
from rewardsmith.rewards.export_template import MODULE, WRAPPER

READABLE: Final = (
    "obs", "info", "qpos", "qvel", "body", "site", "geom", "sensor", "attr", "derived",
)  # fmt: skip
"""Kinds of sources that generated code can read."""
_DTYPES: Final = {"float": "np.float64", "bool": "np.bool_", "int": "np.int64"}
_ENTRIES: Final = ("components", "memory", "potential", "_constant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An exported reward."""

    module: str
    """The text of `reward.py`."""
    refusal: UsageError | None
    """Why the module has no `DesignedReward`; None when it has one."""


def export_module(program: RewardProgram, card: EnvCard, *, gamma: float) -> Export:
    """The program as a module.

    Args:
        program: What is exported; `original_reward.py` is its text.
        card: Says where the state fields come from.
        gamma: The discount it was trained with, for its potential.
    """
    fields = fields_read(program, card.state)
    title = title_of(program, card)
    module = MODULE.substitute(
        title=_docstring(title),
        weights=_table(dict(program.weights)),
        params=_table(dict(program.params)),
        total=_total(program.total),
        memory=_table(dict(program.memory)),
        gamma=repr(gamma),
        fields=_table(fields),
        reads=_table(tuple(sorted(inputs_read(program)))),
        functions=_functions(program.compiled, _ENTRIES),
    )
    try:
        wrapper = _wrapper(card, fields)
    except UsageError as error:
        return Export(module=module, refusal=error)
    return Export(module=module + wrapper, refusal=None)


def title_of(program: RewardProgram, card: EnvCard) -> str:
    """The first line of the program's docstring."""
    lines = program.docstring.strip().splitlines()
    title = "".join(filter(str.isprintable, lines[0])) if lines else ""
    return title.strip() or f"A reward for {card.id}."


def _docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', "'''")


def _table(value: object) -> str:
    return pformat(value, width=88, sort_dicts=False)


def _total(total: Total) -> str:
    if isinstance(total, str):
        return repr(total)
    # inf has no literal.
    return f'(float("{total.lo}"), float("{total.hi}"))'


def _functions(source: str, wanted: Collection[str]) -> str:
    """The functions of an emitted module that are needed, as they are written."""
    tree = ast.parse(source)
    parts = [
        ast.get_source_segment(source, node) or ""
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name in wanted
    ]
    return "".join(f"\n{part}\n\n" for part in parts)


# --------------------------------------------------------------------- fields


def _wrapper(card: EnvCard, names: Collection[str]) -> str:
    """The part of the module for Gymnasium.

    Raises:
        UsageError: A field cannot be read by generated code.
    """
    specs = _with_needed(card, names)
    derivations = "".join(_derivation(spec, card) for spec in specs if _is_derived(spec))
    readings = "\n".join(f"    fields[{spec.name!r}] = {_reading(spec, card)}" for spec in specs)
    return derivations + WRAPPER.substitute(env=card.id, readings=readings)


def _with_needed(card: EnvCard, names: Collection[str]) -> list[FieldSpec]:
    """The fields and everything they are derived from, in the card's order."""
    wanted = set(names)
    for spec in reversed(card.state.fields):
        if spec.name in wanted and _is_derived(spec):
            wanted |= derived_of(spec, card.state).needs
    return [spec for spec in card.state.fields if spec.name in wanted]


def _is_derived(spec: FieldSpec) -> bool:
    return spec.constant is None and parse_source(spec.source).kind == "derived"


def _reading(spec: FieldSpec, card: EnvCard) -> str:
    """An expression for one field's value."""
    dtype, shape = _DTYPES[spec.kind], repr(spec.shape)
    if spec.constant is not None:
        return f"np.broadcast_to({_array_text(spec.constant, dtype)}, (1, *{shape}))"
    source = parse_source(spec.source)
    if source.kind == "derived":
        return f"_derive_{spec.name}(fields).astype({dtype})"
    if source.kind not in READABLE:
        raise UsageError(
            f"The field {spec.name!r} reads {spec.source!r}, which needs rewardsmith. "
            "Use `Reward` with fields of your own, or give the field another source in its card."
        )
    index = f"np.s_[{_index(source.index)}]"
    return f"_array({_value(source, card.start_values.get(spec.name))}, {index}, {dtype}, {shape})"


def _value(source: Source, start: tuple[float, ...] | None) -> str:
    """The block that a source names, before its index."""
    match source.kind:
        case "obs":
            return "obs"
        case "info":
            return f"_follow(info, {source.names!r}, {start!r}, at_start)"
        case "qpos" | "qvel":
            return f"env.unwrapped.data.{source.kind}"
        case "attr":
            return ".".join(("env.unwrapped", *source.names))
        case _:
            name, array = source.names
            return f"env.unwrapped.data.{source.kind}({name!r}).{array}"


def _derivation(spec: FieldSpec, card: EnvCard) -> str:
    derived = derived_of(spec, card.state)
    functions = _functions(derived.expression.source, ("expression", "_constant"))
    inputs = ", ".join(f'"state.{name}": fields[{name!r}]' for name in sorted(derived.needs))
    return (
        f"\n\ndef _derive_{spec.name}(fields):\n"
        f'    """{_docstring(parse_source(spec.source).names[0])}"""\n'
        f"{textwrap.indent(functions, '    ')}"
        f'    with np.errstate(all="ignore"):\n'
        f"        return expression(np, {{{inputs}}}, {{}})\n"
    )


def _index(index: Index) -> str:
    return ", ".join(_item(item) for item in index) or "..."


def _item(item: int | slice) -> str:
    if isinstance(item, int):
        return str(item)
    parts = [item.start, item.stop] + ([item.step] if item.step is not None else [])
    return ":".join("" if part is None else str(part) for part in parts)


def _array_text(value: float | tuple[float, ...], dtype: str) -> str:
    return f"np.asarray({value!r}, dtype={dtype})"
