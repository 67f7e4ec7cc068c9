"""Text hygiene: what is checked before and right after parsing, and nothing about meaning.

Plain ASCII, bounded in size, depth and numbers. A text that passes has a syntax tree that is safe
to walk recursively.
"""

import ast
import unicodedata
import warnings
from collections.abc import Iterator
from typing import Literal

from rewardsmith.language.findings import Refusal, finding
from rewardsmith.messages import Finding

MAX_BYTES = 64 * 1024
MAX_DEPTH = 64
"""Levels of nested syntax; a readable program has about 15."""
MAX_NODES = 20_000
MAX_NUMBER = 1e15
"""Largest literal; beyond it float64 has no unit steps."""


def parse_program(text: str) -> tuple[ast.Module | None, tuple[Finding, ...]]:
    """Parse a program's text; None when it is not even worth looking at."""
    found = tuple(_hygiene(text))
    if found:
        return None, found
    if not text.strip():
        return None, (finding("empty-program"),)
    try:
        tree = _parse(text, "exec")
    except Refusal as refusal:
        return None, (refusal.finding,)
    assert isinstance(tree, ast.Module)
    return tree, ()


def parse_expression(text: str) -> ast.Expression:
    """Parse one expression.

    Raises:
        Refusal: It is not valid.
    """
    for bad in _hygiene(text):
        raise Refusal.of(bad)
    if not text.strip():
        raise Refusal("empty-program")
    tree = _parse(text.strip(), "eval")
    assert isinstance(tree, ast.Expression)
    return tree


def _hygiene(text: str) -> Iterator[Finding]:
    if not isinstance(text, str):
        yield finding("bad-source-type", kind=type(text).__name__)
        return
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        size = len(text.encode("utf-8", "replace"))
        yield finding("too-long", size=size, limit=MAX_BYTES)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        bad = next((c for c in line if not (" " <= c <= "~" or c == "\t")), None)
        if bad is not None:
            yield _bad_character(bad, number)


def _bad_character(character: str, line: int) -> Finding:
    point = f"{ord(character):04X}"
    if unicodedata.category(character).startswith("C"):
        return finding("control-character", line=line, point=point)
    return finding("non-ascii", line=line, character=repr(character), point=point)


def _parse(text: str, mode: Literal["exec", "eval"]) -> ast.Module | ast.Expression:
    try:
        with warnings.catch_warnings():
            # Python warns of odd but legal syntax, such as calling a number: findings say more.
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text, mode="exec") if mode == "exec" else ast.parse(text, mode="eval")
            _check_size(tree)
            compile(tree, "<reward>", mode)  # what parsing alone lets pass: a repeated keyword
    except SyntaxError as error:
        reason = (error.msg or "invalid syntax").partition(":")[0]
        raise Refusal("syntax-error", line=error.lineno, reason=reason) from None
    except (RecursionError, MemoryError):
        raise Refusal("too-deep", limit=MAX_DEPTH) from None
    except ValueError as error:
        raise Refusal("syntax-error", reason=error) from None
    return tree


def _check_size(tree: ast.AST) -> None:
    """Walk without recursion: the tree may be deeper than Python's stack."""
    count, level = 0, [tree]
    for _ in range(MAX_DEPTH):
        count += len(level)
        if count > MAX_NODES:
            raise Refusal("too-many-nodes", limit=MAX_NODES)
        for node in level:
            _check_number(node)
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise Refusal("too-deep", limit=MAX_DEPTH)


def _check_number(node: ast.AST) -> None:
    if not isinstance(node, ast.Constant) or isinstance(node.value, (str, bytes)):
        return
    if isinstance(node.value, (int, float)) and not abs(node.value) <= MAX_NUMBER:
        raise Refusal("huge-number", line=node.lineno, limit=MAX_NUMBER)
