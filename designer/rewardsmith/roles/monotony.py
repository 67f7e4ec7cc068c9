"""Whether a component rises or falls with a state field, read off its formula.

Sign arithmetic on the syntax tree: sound for what it answers, silent (0) on everything it does not
follow. Nothing is executed.
"""

import ast
from collections.abc import Mapping

_RISING = frozenset({"tanh", "exp", "saturate", "sqrt", "log", "log1p", "hinge", "float", "atan"})
_PAIRWISE = frozenset({"minimum", "maximum"})


def monotony(formula: str, field: str, lines: Mapping[str, str]) -> int:
    """1 when `formula` never falls as `state.<field>` grows, -1 when it never rises, 0 otherwise.

    Args:
        formula: A component's expression.
        field: Name of a state field.
        lines: Locals of the program by name; constants in `params` count as positive.

    >>> monotony("-xp.tanh(speed / params.scale)", "v", {"speed": "state.v"})
    -1
    """
    try:
        return _sign(ast.parse(formula, mode="eval").body, field, lines)
    except SyntaxError:
        return 0


def _sign(node: ast.expr, field: str, lines: Mapping[str, str]) -> int:
    if isinstance(node, ast.Attribute):
        return int(ast.unparse(node) == f"state.{field}")
    if isinstance(node, ast.Name) and node.id in lines:
        rest = {name: text for name, text in lines.items() if name != node.id}
        return monotony(lines[node.id], field, rest)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_sign(node.operand, field, lines)
    if isinstance(node, ast.BinOp):
        return _of_operation(node, field, lines)
    if isinstance(node, ast.Call):
        return _of_call(node, field, lines)
    return 0


def _of_operation(node: ast.BinOp, field: str, lines: Mapping[str, str]) -> int:
    left, right = _sign(node.left, field, lines), _sign(node.right, field, lines)
    if isinstance(node.op, ast.Add | ast.Sub):
        if _reads(node.right, field, lines) and isinstance(node.op, ast.Sub):
            right = -right
        return _agreed(node, left, right, field, lines)
    if _reads(node.right, field, lines) and _reads(node.left, field, lines):
        return 0
    if isinstance(node.op, ast.Mult):
        return left * _constant_sign(node.right) + right * _constant_sign(node.left)
    if isinstance(node.op, ast.Div) and not _reads(node.right, field, lines):
        return left * _constant_sign(node.right)
    return 0


def _agreed(node: ast.BinOp, left: int, right: int, field: str, lines: Mapping[str, str]) -> int:
    """The sign of a sum: of the one operand that reads the field, or of both if they agree."""
    if not _reads(node.left, field, lines):
        return right
    if not _reads(node.right, field, lines):
        return left
    return left if left == right else 0


def _of_call(node: ast.Call, field: str, lines: Mapping[str, str]) -> int:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name in _RISING and len(node.args) == 1:
        return _sign(node.args[0], field, lines)
    if name in _PAIRWISE:
        signs = {_sign(a, field, lines) for a in node.args if _reads(a, field, lines)}
        return signs.pop() if len(signs) == 1 else 0
    return 0


def _reads(node: ast.expr, field: str, lines: Mapping[str, str]) -> bool:
    """Whether an expression depends on the field, its locals followed."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and ast.unparse(part) == f"state.{field}":
            return True
        if isinstance(part, ast.Name) and part.id in lines:
            rest = {name: text for name, text in lines.items() if name != part.id}
            if _reads(ast.parse(lines[part.id], mode="eval").body, field, rest):
                return True
    return False


def _constant_sign(node: ast.expr) -> int:
    """Sign of a factor that does not read the field; `params` are scales, hence positive."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_constant_sign(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return (node.value > 0) - (node.value < 0)
    return int(ast.unparse(node).startswith("params."))
