"""Writes a sketch as program text and takes a program's text apart again.

A parent's text is the only state between iterations, so edits by people count. A program whose body
is more than assignments and one return cannot be taken apart.
"""

import ast
import re
from collections.abc import Mapping

from rewardsmith.roles.offline.parts import Local
from rewardsmith.roles.offline.sketch import Sketch, bare_names
from rewardsmith.roles.typography import in_ascii

_ARGUMENTS = (
    "previous",
    "initial",
    "previous_action",
    "step",
    "terminated",
    "memory",
    "params",
)
_NOTE = re.compile(r'^\s*"?(\w+)"?\s*[:=].*?#\s*(.+?)\s*$', re.MULTILINE)


def render(sketch: Sketch) -> str:
    """The program's text, formatted as a person would; in ASCII, whatever a card's units are."""
    blocks = [f'"""{_plain(sketch.title)}"""', "", "CONTRACT = 1"]
    if sketch.params:
        blocks += ["PARAMS = {", *(_param(sketch, k, v) for k, v in sketch.params.items()), "}"]
    blocks += ["WEIGHTS = {", *(f'    "{k}": {w!r},' for k, w in sketch.weights.items()), "}"]
    if sketch.memory:
        blocks += ["MEMORY = {", *(f'    "{k}": {v!r},' for k, v in sketch.memory.items()), "}"]
    if sketch.total != "sum":
        blocks.append(f"TOTAL = {sketch.total!r}")
    if sketch.potential:
        blocks += ["", "", "def potential(state, xp):", f"    return {sketch.potential}"]
    return in_ascii("\n".join([*blocks, "", "", *_function(sketch), ""])).code


def parse(text: str) -> Sketch | None:
    """Take a program apart; None when its body is more than assignments and one return."""
    try:
        tree = ast.parse(text)
        return _parse(tree, text)
    except (SyntaxError, ValueError, KeyError, AttributeError, TypeError):
        return None


def identity(text: str) -> str:
    """Equal for texts that differ in comments, layout and docstring only."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    return ast.dump(tree)


def _parse(tree: ast.Module, text: str) -> Sketch | None:
    known = {"CONTRACT", "PARAMS", "WEIGHTS", "MEMORY", "TOTAL"}
    constants: dict[str, object] = {}
    functions: dict[str, ast.FunctionDef] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constants[node.targets[0].id] = ast.literal_eval(node.value)
    if set(constants) - known or set(functions) - {"reward", "potential"}:
        return None
    body = [n for n in functions["reward"].body if not _is_docstring(n)]
    lines = tuple(_local(node) for node in body[:-1])
    components, updates = _returned(body[-1])
    weights = constants["WEIGHTS"]
    if any(line is None for line in lines) or not isinstance(weights, dict):
        return None
    notes = {m[1]: m[2] for m in _NOTE.finditer(text)}
    return Sketch(
        title=ast.get_docstring(tree) or "",
        params=_mapping(constants.get("PARAMS")),
        weights={str(k): float(w) for k, w in weights.items()},
        lines=tuple(_noted(line, notes) for line in lines if line),
        components=components,
        memory=_mapping(constants.get("MEMORY")),
        updates=updates,
        potential=_potential(functions.get("potential")),
        notes=notes,
        total=constants.get("TOTAL", "sum"),
    )


def _noted(line: Local, notes: Mapping[str, str]) -> Local:
    """`line` with the comment that the text gives it."""
    return line._replace(note=notes.get(line.name, ""))


def _mapping(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {}


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _local(node: ast.stmt) -> Local | None:
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return None
    return Local(node.targets[0].id, ast.unparse(node.value))


def _returned(node: ast.stmt) -> tuple[dict[str, str], dict[str, str]]:
    """Component formulas and memory updates of the return statement."""
    if not isinstance(node, ast.Return) or node.value is None:
        raise ValueError("the body does not end in a return")
    value = node.value
    pair = value.elts if isinstance(value, ast.Tuple) else [value]
    tables = [_table(item) for item in pair]
    return tables[0], tables[1] if len(tables) > 1 else {}


def _table(node: ast.expr) -> dict[str, str]:
    if not isinstance(node, ast.Dict):
        raise ValueError("the return is not a table of components")
    return {
        str(ast.literal_eval(k)): ast.unparse(v)
        for k, v in zip(node.keys, node.values, strict=True)
        if k is not None
    }


def _potential(node: ast.FunctionDef | None) -> str:
    if node is None:
        return ""
    last = node.body[-1]
    if len(node.body) != 1 or not isinstance(last, ast.Return) or last.value is None:
        raise ValueError("the potential is more than one return")
    return ast.unparse(last.value)


def _param(sketch: Sketch, name: str, value: object) -> str:
    note = f"  # {sketch.notes[name]}" if sketch.notes.get(name) else ""
    return f'    "{name}": {value!r},{note}'


def _function(sketch: Sketch) -> list[str]:
    body = [
        *sketch.components.values(),
        *sketch.updates.values(),
        *(ln.formula for ln in sketch.lines),
    ]
    used = set().union(*(bare_names(formula) for formula in body))
    asked = ", ".join(name for name in _ARGUMENTS if name in used)
    signature = f"def reward(state, action, xp{', *, ' + asked if asked else ''}):"
    lines = [
        f"    {ln.name} = {ln.formula}{'  # ' + ln.note if ln.note else ''}" for ln in sketch.lines
    ]
    table = [f'        "{name}": {formula},' for name, formula in sketch.components.items()]
    updates = ", ".join(f'"{k}": {f}' for k, f in sketch.updates.items())
    end = f"    }}, {{{updates}}}" if updates else "    }"
    return [signature, *lines, "    return {", *table, end]


def _plain(text: str) -> str:
    """Text that cannot end or escape a docstring."""
    kept = "".join(c if c.isprintable() else " " for c in text).replace("\\", "/")
    return " ".join(kept.replace('"""', "''").split()).rstrip('"')[:400]
