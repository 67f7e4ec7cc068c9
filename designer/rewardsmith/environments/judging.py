"""What only a judge reads of an episode: entries of `info`, and a person's own function.

A fitness or success may say `info["is_success"]`, which no state field may be: in the process that
judges, such an entry is read as one more field, `info.is_success`, and never leaves it. Or it is
`function: module:name`, a function of an episode's fields. Reading a text imports nothing.
"""

import ast
import hashlib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.factory import import_module, module_file
from rewardsmith.environments.failures import place_of
from rewardsmith.errors import ConfigError, RewardsmithError, UsageError
from rewardsmith.messages import FieldSpec, Task, Trajectory

INFO = "info"
_ENTRY = re.compile(r"""info\s*\[\s*(['"])([A-Za-z_]\w*)\1\s*\]""")
_TOP = re.compile(_ENTRY.pattern + r"(?!\s*[\[.])")
_DEEPER = re.compile(r"\binfo\s*[\[.]")
_FUNCTION = re.compile(
    r"function:\s*(?P<module>[^\s:]+):(?P<name>[A-Za-z_]\w*)"
    r"(?:\s*(?P<sign>[<>]=?)\s*(?P<limit>[-+]?[\d.]+(?:[eE][-+]?\d+)?))?"
)
_VERDICT = re.compile(r"success|solved|reached|complete|won", re.IGNORECASE)
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeFunction:
    """A person's function of one episode's fields, which may be compared with a number."""

    text: str
    module: str
    """A module's name, or the path of its file."""
    name: str
    home: Path | None
    """Folder in which the module is looked for, after everything installed."""
    sign: str = ""
    limit: float = 0.0
    reads: frozenset[str]
    """All state fields: nobody knows which of them it looks at."""

    @property
    def called(self) -> str:
        """What messages call it."""
        return f"{self.module}:{self.name}"

    def load(self) -> None:
        """Import it: what does so later may no longer read files.

        Raises:
            ConfigError: There is no such function.
        """
        _loaded(self.module, self.name, self.home)

    def evaluate(self, episode: Trajectory) -> float:
        """The episode's value, which may be infinite or NaN; 1 or 0 where it is compared.

        Raises:
            ConfigError: The function raises, or does not return one number.
        """
        function = _loaded(self.module, self.name, self.home)
        given = dict(episode.fields)
        given |= {"action": episode.actions, "terminated": np.asarray(episode.terminated)}
        try:
            with np.errstate(all="ignore"):
                returned = function(given)
        except Exception as error:  # a person's code may raise anything
            said = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".rstrip(": ")
            raise ConfigError(
                f"The function {self.called} raised {said}{place_of(error)}. Correct it."
            ) from error
        value = _number(returned, self.called)
        return float(_SIGNS[self.sign](value, self.limit)) if self.sign else value


def info_keys(*texts: str) -> tuple[str, ...]:
    """Keys of `info` that expressions name, each once.

    >>> info_keys('any(info["is_success"])', "mean(x)")
    ('is_success',)
    """
    return tuple(dict.fromkeys(match[2] for text in texts for match in _ENTRY.finditer(text)))


def other_entry(text: str) -> int:
    """Column, from 1, of what asks of `info` more than an entry at its top; 0 where nothing does.

    >>> other_entry('mean(info["a"])'), other_entry('mean(info["a"]["b"])')
    (0, 6)
    """
    found = _DEEPER.search(_TOP.sub(lambda match: " " * len(match[0]), text))
    return found.start() + 1 if found else 0


def is_entry(text: str) -> bool:
    """Whether a text is an entry of `info` and nothing else."""
    return bool(_ENTRY.fullmatch(text.strip()))


def whole(text: str) -> str:
    """A fitness over the whole episode: a bare entry of `info` means its mean.

    >>> whole('info["is_success"]')
    'mean(info["is_success"])'
    """
    return f"mean({text.strip()})" if is_entry(text) else text


def above(text: str, threshold: float) -> str:
    """The condition that a fitness is above a number."""
    is_function = text.strip().startswith("function:")
    return f"{text.strip() if is_function else f'({whole(text)})'} > {threshold:.4g}"


def own_success(fitness: str) -> str | None:
    """The success criterion of a fitness that is the environment's own verdict; None otherwise.

    >>> own_success('info["is_success"]')
    'any(info["is_success"])'
    """
    keys = info_keys(fitness) if is_entry(fitness) else ()
    return f"any({fitness.strip()})" if keys and _VERDICT.search(keys[0]) else None


def looks_beyond_fields(task: Task) -> bool:
    """Whether fitness or success is more than an expression over state fields."""
    texts = (task.fitness, task.success)
    return bool(info_keys(*texts)) or any(text.startswith("function:") for text in texts)


def judging_card(card: EnvCard, *texts: str) -> EnvCard:
    """The card with every entry of `info` that the texts name as one more field.

    Only for a process that judges: what it reads holds rewards and verdicts.
    """
    names = [f"{INFO}.{key}" for key in info_keys(*texts)]
    if not names:
        return card
    hidden = tuple(FieldSpec(name=name, source=name) for name in names)
    return replace(
        card,
        state=replace(card.state, fields=(*card.state.fields, *hidden)),
        start_values={**card.start_values, **dict.fromkeys(names, (0.0,))},
    )


def without_judged(episode: Trajectory) -> Trajectory:
    """The episode as anybody may see it: state fields only."""
    shown = {n: v for n, v in episode.fields.items() if not n.startswith(f"{INFO}.")}
    return replace(episode, fields=shown)


def parse_function(
    text: str, reads: frozenset[str], home: Path | None, what: str
) -> EpisodeFunction | None:
    """The function that a text names; None when it is an expression.

    Raises:
        ConfigError: It begins like one and is none.
    """
    if not text.strip().startswith("function:"):
        return None
    match = _FUNCTION.fullmatch(text.strip())
    if match is None:
        raise ConfigError(
            f"{what}: {text!r} is no function. Write 'function: module:name', or "
            "'function: my_file.py:name'; a success may compare it: 'function: module:name > 0.5'."
        )
    return EpisodeFunction(
        text=text,
        module=match["module"],
        name=match["name"],
        home=home,
        sign=match["sign"] or "",
        limit=float(match["limit"] or 0.0),
        reads=reads,
    )


def without_folder(text: str) -> str:
    """A fitness or success as it may leave this machine: a function's file without its folder.

    >>> without_folder("function: /home/me/arm/measures.py:worth > 0.5"), without_folder("last(x)")
    ('function: measures.py:worth > 0.5', 'last(x)')
    """
    match = _FUNCTION.fullmatch(text.strip())
    return text if match is None else text.replace(match["module"], Path(match["module"]).name, 1)


def source_hash(function: EpisodeFunction) -> str:
    """SHA-256 of the module that defines a function, whatever its comments and spacing.

    What this module itself imports is not in it.

    Raises:
        ConfigError: Its text cannot be found.
    """
    path = module_file(function.module, function.home)
    try:
        tree = ast.parse(path.read_bytes()) if path else None
    except (OSError, SyntaxError, ValueError) as error:
        raise ConfigError(f"{function.called}: {path} cannot be read: {error}.") from error
    if tree is None:
        raise ConfigError(_not_found(function.called, function.home))
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()


def anchored(text: str, folder: Path, home: Path | None) -> str:
    """A fitness whose function is found from anywhere: a module of `folder` by its file.

    Args:
        text: As a person wrote it.
        folder: Where the person is.
        home: Of the card's modules, which come first.
    """
    function = parse_function(text, frozenset(), home, "fitness")
    if function is None or (not _is_file(function.module) and module_file(function.module, home)):
        return text
    path = module_file(function.module, folder)
    if path is None:
        raise UsageError(_not_found(function.called, folder))
    return text.replace(function.module, str(path), 1)


@cache
def _loaded(module: str, name: str, home: Path | None) -> Callable[[Mapping[str, Any]], Any]:
    path = module_file(module, home)
    if path is None:
        raise ConfigError(_not_found(f"{module}:{name}", home))
    stem, code = (path.stem, path.parent) if _is_file(module) else (module, home)
    try:
        found = getattr(import_module(stem, code, "fitness"), name, None)
    except RewardsmithError as error:
        raise ConfigError(str(error)) from error
    if not callable(found):
        raise ConfigError(f"{path.name} has no function {name!r}. Correct the name.")
    return found  # type: ignore[no-any-return]  # callable() narrows to no signature


def _is_file(module: str) -> bool:
    return module.endswith(".py")


def _number(returned: Any, called: str) -> float:
    shape = np.shape(returned) if isinstance(returned, np.ndarray | list | tuple) else ()
    is_number = not shape and isinstance(returned, bool | int | float | np.number | np.ndarray)
    if is_number and np.asarray(returned).dtype.kind in "biuf":
        return float(returned)
    what = f"{type(returned).__name__}{f' of shape {shape}' if shape else ''}"
    raise ConfigError(f"The function {called} returned {what}, not one number. Return a float.")


def _not_found(called: str, folder: Path | None) -> str:
    where = f" and in {folder}" if folder else ""
    return (
        f"There is no module for the function {called!r} among installed packages{where}. Write "
        "'function: module:name', or 'function: path/to/file.py:name'."
    )
