"""Reads the reward program out of a model's answer, or says why there is none.

It decides only where the program is, never whether it is good: a block that is meant as the
program is handed on with its mistakes, so that the static check can say all of them with lines.
"""

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from rewardsmith.language.habits import ENTRIES
from rewardsmith.language.source import MAX_BYTES
from rewardsmith.messages import Finding
from rewardsmith.roles.model.blocks import Block, dedented, find_blocks
from rewardsmith.roles.model.catalogue import answer_finding
from rewardsmith.roles.model.plain_text import unwrapped, without_thinking
from rewardsmith.roles.typography import in_ascii

MAX_ANSWER = 256 * 1024
MAX_RATIONALE = 1500
MAX_TRIES = 8
"""First lines, and last lines, that are tried for a program that stands unfenced."""

_NAMES = "|".join(("reward", *ENTRIES))
_ENTRY = re.compile(rf"^[ \t]*(?:async\s+)?def\s+(?:{_NAMES})\s*\(", re.MULTILINE)
_TABLES = ("CONTRACT", "PARAMS", "WEIGHTS", "MEMORY", "TOTAL")
_TOP = re.compile(
    rf"^(?:def \w|@\w|import \w|from \w+ import|\"\"\"|'''|(?:{'|'.join(_TABLES)})\s*[:=])"
)
_ELLIPSIS = re.compile(
    r"^\s*(?:\.\.\.|\u2026)\s*$|^\s*#\s*(?:\.\.\.|\u2026)"
    r"|^\s*#\s*\(?(?:the )?(?:rest|remaining|remainder|other)\b.{0,40}"
    r"\b(?:unchanged|the same|same as|as before|as above|omitted|goes here)\b"
    r"|^\s*#\s*\(?(?:unchanged|same as (?:before|above|the (?:parent|original)).*|"
    r"existing code.*|your code here.*|as before|no changes?)\)?\.?\s*$",
    re.IGNORECASE,
)
_DIFF = re.compile(r"^(?:@@ .*@@|\+\+\+ \S|--- \S|diff --git |<{5,} ?\w*|>{5,} ?\w*)")
_LANGUAGES = (
    ("JavaScript", re.compile(r"\bfunction\s+\w+\s*\(|=>\s*\{|\b(?:const|let|var)\s+\w+\s*=")),
    ("C++", re.compile(r"#include\s*<|\bstd::|\b(?:float|double)\s+\w+\s*\([^)]{0,200}\)\s*\{")),
    ("Java", re.compile(r"\bpublic\s+(?:static\s+)?\w+\s+\w+\s*\(")),
    ("Rust", re.compile(r"\bfn\s+\w+\s*\([^)]{0,200}\)\s*(?:->[^{]{0,80})?\{")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """What an answer held."""

    program: str | None
    """The module's text; None when there is none to judge."""
    rationale: str = ""
    findings: tuple[Finding, ...] = ()
    """Errors when there is no program; notes on how it was found otherwise."""


@dataclass(frozen=True, slots=True)
class _Found:
    code: str
    rationale: str
    is_closed: bool = True
    notes: tuple[Finding, ...] = ()


def extract(answer: str) -> Extraction:
    """Read the program and its rationale out of an answer; never raises."""
    text = without_thinking(answer[:MAX_ANSWER])
    if not text.strip():
        cut = "cut-answer" if answer.strip() else "empty-answer"
        return Extraction(program=None, findings=(answer_finding(cut),))
    found = _in_json(text) or _in_blocks(text) or _in_prose(text)
    if found is None:
        return Extraction(program=None, rationale=_words(text), findings=(_why_none(text),))
    return _checked(found)


def _checked(found: _Found) -> Extraction:
    """The program, unless parts of it are missing."""
    rationale = _words(found.rationale)
    refused = _incomplete(found)
    if refused is not None:
        return Extraction(program=None, rationale=rationale, findings=(refused,))
    code, n_replaced = in_ascii(found.code)
    notes = found.notes
    if n_replaced:
        notes += (answer_finding("made-ascii", severity="note", count=n_replaced),)
    return Extraction(program=code.rstrip() + "\n", rationale=rationale, findings=notes)


def _incomplete(found: _Found) -> Finding | None:
    change = _change_in(found.code)
    if change is not None:
        return change
    for line in found.code.split("\n"):
        if _ELLIPSIS.match(line):
            return answer_finding("elided-program", text=line.strip()[:80])
    if not found.is_closed and _parsed(found.code) is None:
        return answer_finding("cut-answer")
    return None


def _change_in(code: str) -> Finding | None:
    """A diff, or the kind of block that editors search and replace with."""
    lines = code.split("\n")
    for number, line in enumerate(lines, start=1):
        if _DIFF.match(line):
            return answer_finding("diff-answer", line=number, text=line.strip()[:60])
    signed = [n for n, line in enumerate(lines, start=1) if re.match(r"^[+-](?![\d.])", line)]
    if len(signed) >= 2 and _parsed(code) is None:
        first = lines[signed[0] - 1]
        return answer_finding("diff-answer", line=signed[0], text=first.strip()[:60])
    return None


# ------------------------------------------------------------------------ places


def _in_json(text: str) -> _Found | None:
    """A program in JSON's clothes; inside it, fences count again."""
    if not re.match(r"\s*(?:```\w*\s*)?[\[{]", text):
        return None
    inner = unwrapped(text)
    if inner is None or not _ENTRY.search(inner.code):
        return None
    found = _in_blocks(inner.code) or _Found(dedented(inner.code.split("\n")), "")
    return _Found(found.code, inner.rationale or found.rationale, found.is_closed, found.notes)


def _in_blocks(text: str) -> _Found | None:
    """The first complete program among the fenced blocks, or the best attempt at one."""
    blocks = [b for b in find_blocks(text) if b.code.strip()]
    programs = [b for b in blocks if _ENTRY.search(b.code)]
    if not programs:
        return _across_fences(text, blocks)
    whole = [b for b in programs if _is_whole(b.code)]
    chosen = (whole or programs)[0]
    notes: tuple[Finding, ...] = ()
    different = len({b.code.strip() for b in whole})
    if different > 1:
        notes = (answer_finding("several-programs", severity="warning", count=different),)
    code, joined = _with_missing_parts(chosen, [b for b in blocks if b not in programs])
    if joined:
        notes += (answer_finding("joined-blocks", severity="note", count=joined + 1),)
    lines = text.split("\n")
    words = "\n".join(lines[: blocks[0].start])
    if not words.strip():
        words = "\n".join(lines[chosen.start + chosen.code.count("\n") + 3 :])
    return _Found(code, words, chosen.is_closed, notes)


def _with_missing_parts(chosen: Block, others: Sequence[Block]) -> tuple[str, int]:
    """The chosen block, after blocks that define what it lacks; and how many those are."""
    tree = _parsed(chosen.code)
    if tree is None:
        return chosen.code, 0
    has = _defined(tree)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    missing = (used | set(_TABLES)) - has
    parts = []
    for block in others:
        part = _parsed(block.code)
        gives = _defined(part) if part is not None else set()
        if gives & missing and not gives & has:
            parts.append(block.code)
            has |= gives
            missing -= gives
    return "\n\n".join([*parts, chosen.code]), len(parts)


def _across_fences(text: str, blocks: Sequence[Block]) -> _Found | None:
    """A program whose own docstring holds a fence: from the first fence to the last."""
    if len(blocks) < 2 or not _ENTRY.search(text):
        return None
    lines = text.split("\n")
    fences = [i for i, line in enumerate(lines) if re.match(r"^\s*(```|~~~)", line)]
    code = dedented(lines[fences[0] + 1 : fences[-1]])
    if _is_whole(code):
        return _Found(code, "\n".join(lines[: fences[0]]))
    return None


def _in_prose(text: str) -> _Found | None:
    """A module that stands unfenced between sentences."""
    if not _ENTRY.search(text):
        return None
    lines = dedented(text.split("\n")).split("\n")
    entry = next((i for i, line in enumerate(lines) if _ENTRY.match(line)), None)
    if entry is None:
        return None
    starts = [i for i in range(entry + 1) if _TOP.match(lines[i])] or [entry]
    for start in starts[:MAX_TRIES]:
        for end in _ends(lines, entry):
            code = "\n".join(lines[start:end])
            if _is_whole(code):
                words = "\n".join(lines[:start]) or "\n".join(lines[end:])
                return _Found(code, words)
    code = "\n".join(lines[starts[0] : _ends(lines, entry)[-1]])
    return _Found(code, "\n".join(lines[: starts[0]]))


def _ends(lines: list[str], entry: int) -> list[int]:
    """Where the module may end, the farthest first: before lines that begin at the margin."""
    margins = [
        i for i in range(entry + 1, len(lines)) if lines[i].strip() and not lines[i][0].isspace()
    ]
    found = [len(lines), *reversed(margins)]
    return found if len(found) <= MAX_TRIES else [*found[:4], *found[4 - MAX_TRIES :]]


# ------------------------------------------------------------------------ looking


def _why_none(text: str) -> Finding:
    change = next(
        (c for b in find_blocks(text) if (c := _change_in(b.code)) is not None), None
    ) or (_change_in(text) if re.search(r"^@@ ", text, re.MULTILINE) else None)
    if change is not None:
        return change
    for language, pattern in _LANGUAGES:
        if pattern.search(text):
            return answer_finding("other-language", language=language)
    blocks = find_blocks(text)
    if blocks and not blocks[-1].is_closed:
        return answer_finding("cut-answer")
    return answer_finding("no-program")


def _is_whole(code: str) -> bool:
    """Whether it is valid Python with the function that is asked for at its top."""
    tree = _parsed(code)
    names = {"reward", *ENTRIES}
    return tree is not None and any(
        isinstance(node, ast.FunctionDef) and node.name in names
        for top in tree.body
        for node in ([top, *top.body] if isinstance(top, ast.ClassDef) else [top])
    )


def _parsed(code: str) -> ast.Module | None:
    """Its syntax; None when it has none, or is longer than any program may be."""
    if len(code) > MAX_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes in strings: the static check reads them
            return ast.parse(in_ascii(code).code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _defined(tree: ast.Module) -> set[str]:
    """Names that a module defines at its top."""
    found = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        found |= {t.id for t in targets if isinstance(t, ast.Name)}
    return found


def _words(text: str) -> str:
    """Prose without headings' marks, shortened."""
    lines = [re.sub(r"^\s*(?:#+\s*|\*\*Rationale:?\*\*:?\s*)", "", line) for line in
             text.strip().split("\n")]  # fmt: skip
    words = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return words[:MAX_RATIONALE]
