"""The house's rules, read from the source: ranks of imports, and who may do what."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "designer" / "rewardsmith"

RANKS = {
    "errors": 0,
    "messages": 0,
    "resources": 0,
    "language": 1,
    "environments": 2,
    "rewards": 3,
    "isolation": 3,
    "llm": 3,
    "analysis": 3,
    "config": 3,
    "store": 4,
    "evaluation": 4,
    "training": 5,
    "roles": 6,
    "feedback": 6,
    "screening": 6,
    "contributions": 6,
    "testing": 6,
    "loop": 7,
    "judgement": 7,
    "drafted": 7,
    "pausing": 7,
    "model_team": 7,
    "stages": 7,
    "session": 8,
    "report": 8,
    "tracking": 8,
    "viewer": 8,
    "cli": 9,
    "__init__": 9,
    "__main__": 10,
}

# Rooms of one rank that lean on each other in one direction only; docs/design says why.
SAME_RANK = {
    ("stages", "loop"),
    ("stages", "judgement"),
    ("pausing", "loop"),
    ("session", "report"),
    ("viewer", "report"),
    ("config", "llm"),
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import; type-checking ones count too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def rooms_imported(path: Path) -> Iterator[tuple[int, str]]:
    for line, name in imported(path):
        parts = name.split(".")
        if parts[0] == "rewardsmith" and len(parts) > 1 and parts[1] in RANKS:
            yield line, parts[1]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_rooms_import_lower_ranks_only(path: Path) -> None:
    room = room_of(path)
    wrong = [
        f"line {line}: {room} (rank {RANKS[room]}) imports {other} (rank {RANKS[other]})"
        for line, other in rooms_imported(path)
        if other != room and RANKS[other] >= RANKS[room] and (room, other) not in SAME_RANK
    ]
    assert not wrong


def test_the_evaluator_sees_no_reward_and_no_pickle() -> None:
    forbidden = (
        "rewardsmith.rewards",
        "rewardsmith.training",
        "torch",
        "stable_baselines3",
        "pickle",
    )
    wrong = [
        f"{path.name}:{line} {name}"
        for path in (PACKAGE / "evaluation").glob("*.py")
        for line, name in imported(path)
        if name.startswith(forbidden)
    ]
    assert not wrong


# Who may run code, start processes and open files; everything else goes through them.
ALLOWED = {
    r"(?<![\w.])exec\(": {"language/runtime.py"},
    # The editor is a person's own; it is given a candidate's text, which nothing executes.
    r"\bsubprocess\.": {"isolation/launch.py", "isolation/running.py", "cli/editing.py"},
    r"torch\.load|PPO\.load|VecNormalize\.load|allow_pickle=True|yaml\.(unsafe_)?load\(": set(),
    r"\b(import|from) +(c?pickle|cloudpickle|dill|joblib|marshal|shelve)\b|pickle\.\w": set(),
}


@pytest.mark.parametrize("pattern", ALLOWED, ids=str)
def test_only_named_modules_may(pattern: str) -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found <= ALLOWED[pattern]


def test_no_module_is_a_drawer_without_a_name() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc", "types"}
    assert not [path for path in modules() if path.stem in drawers]
