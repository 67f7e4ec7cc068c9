"""The files of a person's own that an environment is made of, so that it can be made elsewhere.

Reads source and imports nothing. Only plain files that lie in one folder are told: what a package
holds, or what a module opens beside itself, cannot be known from here.
"""

import ast
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.factory import module_file

_LOOKS_BESIDE = ("__file__", "importlib.resources", "pkgutil")
"""What a module says that reads files of its own folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCode:
    """The module that an environment's card names, where it is the person's own."""

    module: str
    """As in `my_pkg.envs`."""
    folder: Path
    """Where it is looked for, after everything installed."""
    files: tuple[Path, ...] = ()
    """All that importing it takes of this folder; empty where that is not told."""
    obstacle: str = ""
    """Why it is not; empty otherwise."""


class _Obstacle(Exception):
    """Files alone do not make the module; says why."""


def own_code(card: EnvCard, taken: Collection[str] = ()) -> OwnCode | None:
    """The module behind a card's environment; None where that is an installed one, or none.

    Args:
        card: The environment's.
        taken: Names of modules that lie where the files would be copied to.
    """
    module, colon, _ = card.id.rpartition(":")
    folder = card.home.resolve() if card.home else None
    if not colon or folder is None:
        return None
    if _file(module, folder) is None and module_file(module, None) is not None:
        return None
    try:
        files = _files(module, folder, taken)
    except _Obstacle as obstacle:
        return OwnCode(module=module, folder=folder, obstacle=str(obstacle))
    return OwnCode(module=module, folder=folder, files=files)


def _file(module: str, folder: Path) -> Path | None:
    """The file of a module in the folder itself, whatever else is installed."""
    place = folder.joinpath(*module.split("."))
    places = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in places if path.is_file()), None)


def _files(module: str, folder: Path, taken: Collection[str]) -> tuple[Path, ...]:
    """The module's file and those of the folder that it imports, and they import.

    Raises:
        _Obstacle: There is more to it than files, or one is not there.
    """
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _file(name, folder)
        if path is None and name == module:
            raise _Obstacle(f"it is not in {folder}")
        if path is None or name in found or name in sys.stdlib_module_names:
            continue
        if "." in name or path.name == "__init__.py":
            raise _Obstacle(f"{name.partition('.')[0]!r} is a package")
        if name in taken:
            raise _Obstacle(f"the export has a {path.name} of its own, which is found first")
        found[name] = path
        waiting += _imported(path)
    return tuple(found.values())


def _imported(path: Path) -> Iterator[str]:
    """First names of everything that a file imports, wherever it does so.

    Raises:
        _Obstacle: It cannot be read, or reads files beside itself.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError) as error:
        raise _Obstacle(f"{path.name} cannot be read") from error
    if any(word in text for word in _LOOKS_BESIDE):
        raise _Obstacle(f"{path.name} looks for files beside itself")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
