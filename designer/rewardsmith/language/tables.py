"""What stands at the top of a program: its tables, constants and functions.

Everything here is known before any episode, so it is evaluated without inputs. What the tables
have to contain is the contract's business.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from rewardsmith.language.findings import Refusal, finding
from rewardsmith.language.graph import Graph
from rewardsmith.language.lower import Lowering
from rewardsmith.language.operations import Value
from rewardsmith.language.scope import TABLES
from rewardsmith.language.source import MAX_DEPTH
from rewardsmith.language.values import UNKNOWN, Closure, Functions
from rewardsmith.messages import Finding


@dataclass(frozen=True, slots=True)
class Module:
    """The top of a program."""

    tables: Mapping[str, Value]
    """Plain values: numbers, strings, tuples, dictionaries."""
    lines: Mapping[str, int]
    constants: Mapping[str, Value]
    """Values over a graph of their own: whoever computes with them adopts them."""
    functions: Mapping[str, ast.FunctionDef]
    findings: tuple[Finding, ...]


def read_module(tree: ast.Module) -> Module:
    """Evaluate the statements at the top of a program."""
    reader = _Reader()
    for index, statement in enumerate(tree.body):
        if not (index == 0 and _is_text(statement)):
            reader.read(statement)
    return Module(
        tables=reader.tables,
        lines=reader.lines,
        constants=reader.constants,
        functions=reader.functions,
        findings=tuple(reader.lowering.findings),
    )


class _Reader:
    def __init__(self) -> None:
        self.lowering = Lowering(Graph(), {"xp": Functions()})
        self.tables: dict[str, Value] = {}
        self.lines: dict[str, int] = {}
        self.constants: dict[str, Value] = {}
        self.functions: dict[str, ast.FunctionDef] = {}

    def read(self, statement: ast.stmt) -> None:
        """One statement; what does not belong there is noted."""
        if isinstance(statement, ast.FunctionDef):
            self.functions[statement.name] = statement
            self.lowering.names[statement.name] = Closure(statement)
        elif isinstance(statement, ast.Assign) and _name_of(statement):
            self._assign(_name_of(statement), statement)
        elif not isinstance(statement, (ast.Import, ast.ImportFrom)) and not _is_text(statement):
            text = ast.unparse(statement).partition("\n")[0][:60]
            self._note(finding("module-statement", line=statement.lineno, text=text))

    def _assign(self, name: str, statement: ast.Assign) -> None:
        try:
            value = self.lowering.snapshot(self.lowering.evaluate(statement.value))
        except Refusal as refusal:
            self.lowering.note(refusal, statement)
            value = UNKNOWN
        except RecursionError:
            self.lowering.note(Refusal("too-deep", limit=MAX_DEPTH), statement)
            value = UNKNOWN
        self.lines[name] = statement.lineno
        if name in TABLES:
            self.tables[name] = value
        else:
            self.constants[name] = value
        self.lowering.names[name] = value

    def _note(self, found: Finding) -> None:
        self.lowering.findings.append(found)


def _name_of(statement: ast.Assign) -> str:
    target = statement.targets[0] if len(statement.targets) == 1 else None
    return target.id if isinstance(target, ast.Name) else ""


def _is_text(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
