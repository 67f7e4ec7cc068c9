"""What `--env` says when it names no card: an id, `module:Class`, or a file of Python.

Looks at files, imports nothing. The result is what a drafted card says in `id` and `code`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rewardsmith.errors import UsageError

CARD_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvRef:
    """An environment that has no card."""

    text: str
    """As the person wrote it."""
    id: str
    """What a card's `id` says: a registered id, `module:Class` or `module:Id-v0`; only a module
    where the file's one environment is meant."""
    code: Path | None
    """Folder in which the module is looked for; None for an id of the registry."""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    """For its constructor."""


def parse_reference(text: str, folder: Path) -> EnvRef:
    """Read what `--env` said.

    Args:
        text: `Hopper-v5`, `my_pkg:MyEnv-v0`, `my_pkg.envs:MyEnv`, `my_arm.py:MyArm`, `my_arm.py`.
        folder: The person's own, where modules and files are looked for.

    Raises:
        UsageError: It is a path, and there is nothing.
    """
    path, name = _split(text)
    if path.endswith(".py"):
        return _file(text, folder / Path(path).expanduser(), name)
    if path.endswith(CARD_SUFFIXES) or path.startswith(("./", "../", "/", "~")):
        raise UsageError(
            f"There is no file {path!r}. Give a card.yaml, a .py file, an id of Gymnasium's "
            "registry, or module:Class."
        )
    is_module = bool(name) and all(part.isidentifier() for part in path.split("."))
    return EnvRef(text=text, id=text, code=folder.resolve() if is_module else None)


def _split(text: str) -> tuple[str, str]:
    """(what comes before the last colon, what comes after it)."""
    path, colon, name = text.rpartition(":")
    return (path, name) if colon else (text, "")


def _file(text: str, path: Path, name: str) -> EnvRef:
    if not path.is_file():
        near = sorted(p.name for p in path.parent.glob("*.py")) if path.parent.is_dir() else []
        listed = f" There: {', '.join(near[:8])}." if near else ""
        raise UsageError(f"There is no file {str(path)!r}.{listed}")
    if not path.stem.isidentifier():
        raise UsageError(
            f"{path.name!r} cannot be imported: {path.stem!r} is no Python name. Rename the file, "
            f"as in {path.stem.replace('-', '_')}.py."
        )
    root, parts = path.resolve().parent, [path.stem]
    while (root / "__init__.py").is_file():
        parts.insert(0, root.name)
        root = root.parent
    module = ".".join(parts)
    return EnvRef(text=text, id=f"{module}:{name}" if name else module, code=root)
