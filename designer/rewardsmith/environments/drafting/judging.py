"""What judges in an environment's source: names that say so, and parts of what a step returns."""

import ast
import re
from collections.abc import Iterator, Sequence

JUDGES = re.compile(
    r"reward|rwd|success|fitness|scor(e|ing)|penal|bonus|objective|solved|payo(ff|ut)|shaping|award|"
    r"completion|"
    r"terminat|truncat|(^|_)r$|(^|_)(done|dones|cost|costs|return|returns|rew|rews|ret|goal_reached|"
    r"goal_achieved|goal_met|reached|(is|at|near)_goal|(at|on)_target|ok|completed?|pay|"
    r"crashed|healthy|unhealthy|fallen|won|win|lost|failed|failure|credit|utility)($|_)|"
    r"(^|_)achieved$|^_?((is|has|was)_)?(passed|correct)$",
    re.IGNORECASE,
)
"""What a name or a text that judges holds; a few innocent ones go with them."""

ROOTS = frozenset(
    ("__init__", "reset", "step", "_get_obs", "_get_observation", "_obs", "reset_model")
)
"""Methods that are there for what they do; all others stay only where one of these needs them."""

_STEP_SIZES = (4, 5)
_JUDGING_PLACES = (1, 2, 3)
"""Of what a step returns: reward, terminated, truncated, or the old done."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def step_results(function: Function) -> list[list[ast.expr]]:
    """The parts of everything that a function returns as a step does, by their number.

    The lists are the syntax tree's own: what is put into them stands in the code.
    """
    if "obs" in function.name or "reset" in function.name:
        return []
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    names = {value.id for value in returned if isinstance(value, ast.Name)}
    returned += [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id in names for t in node.targets)
    ]
    found = [parts for value in returned if value for parts in _several(value)]
    return [parts for parts in found if len(parts) == 5 or "step" in function.name]


def _several(value: ast.expr) -> Iterator[list[ast.expr]]:
    """The elements of a tuple or call of a step's size, in either branch of a choice."""
    match value:
        case ast.IfExp(body=body, orelse=orelse):
            yield from _several(body)
            yield from _several(orelse)
        case ast.Tuple(elts=parts) if len(parts) in _STEP_SIZES:
            yield parts
        case ast.Call(args=parts) if called(value):  # `pack(obs, r, ...)`, `tuple((obs, r, ...))`
            if len(parts) in _STEP_SIZES:
                yield parts
            for part in parts:
                yield from _several(part)


def judging_places(parts: Sequence[ast.expr]) -> tuple[int, ...]:
    """Elements of a step's result that judge: all but observation and info."""
    return _JUDGING_PLACES if len(parts) == 5 else _JUDGING_PLACES[:2]


def parameters_of(function: Function) -> list[ast.arg]:
    """Parameters that a call fills by position, `self` left out."""
    given = [*function.args.posonlyargs, *function.args.args]
    return given[1:] if given and given[0].arg in ("self", "cls") else given


def called(call: ast.Call) -> str:
    """The name of a function or of a method of the object's own; empty for any other."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
    return ""
