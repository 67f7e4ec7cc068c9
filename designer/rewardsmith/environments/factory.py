"""Makes the environment a card names, without the wrappers that cost time.

The horizon is the card's and is counted by whoever steps; no time limit, order check or passive
checker remains. Environment code is the user's own and trusted.
"""

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.wrappers import (
    FlattenObservation,
    OrderEnforcing,
    PassiveEnvChecker,
    TimeLimit,
    TransformAction,
)

from rewardsmith.environments.absences import (
    how_to_install,
    missing_package,
    moved,
    no_environment,
    no_such_name,
    unknown_id,
    wrong_arguments,
)
from rewardsmith.environments.card_types import EnvCard
from rewardsmith.errors import UsageError

Env = gymnasium.Env[Any, Any]


def make_env(card: EnvCard, *, render_mode: str | None = None) -> Env:
    """Make one environment; observations that are not one vector are flattened.

    Raises:
        UsageError: The environment is not installed or cannot be imported.
    """
    kwargs = dict(card.kwargs)
    if render_mode is not None:
        kwargs["render_mode"] = render_mode
    return flat(make_bare(card.id, code=card.home, ref=card.called, kwargs=kwargs))


def make_bare(id_: str, *, code: Path | None, ref: str, kwargs: Mapping[str, Any]) -> Env:
    """Make the environment without time limit and checks; see `make_whole`."""
    return stripped(make_whole(id_, code=code, ref=ref, kwargs=kwargs))


def make_whole(id_: str, *, code: Path | None, ref: str, kwargs: Mapping[str, Any]) -> Env:
    """Make the environment with all that a person's own code wraps it in.

    Args:
        id_: Of the registry, or `module:Class`, `module:function`, `module:Id-v0`.
        code: Folder in which the module is looked for, after everything installed.
        ref: What messages call it.
        kwargs: For its constructor.

    Raises:
        UsageError: It is not installed, cannot be imported, or makes no environment.
    """
    module, colon, name = id_.rpartition(":")
    target = _target(module, name, code, ref) if colon and id_ not in gymnasium.registry else None
    try:
        made = (
            target(**_with_render_mode(target, kwargs))
            if target
            else _make_registered(name if colon else id_, kwargs, ref)
        )
    except TypeError as error:
        if _draws_nothing(str(error), kwargs):
            raise UsageError(
                f"{ref} draws no pictures: its constructor takes no render_mode. Let __init__ take "
                "render_mode='rgb_array', and render() return a picture."
            ) from error
        if advice := wrong_arguments(str(error), kwargs):
            raise UsageError(f"{ref}: {advice}") from error
        raise
    if not isinstance(made, gymnasium.Env):
        raise UsageError(f"{ref}: {no_environment(made)}")
    return made


def stripped(env: Env) -> Env:
    """The environment without the time limit and the checks around it."""
    while isinstance(env, TimeLimit | OrderEnforcing | PassiveEnvChecker):
        env = env.env
    return env


def flat(env: Env) -> Env:
    """The environment with observations in one vector and actions that count from 0."""
    space = env.action_space
    if isinstance(space, spaces.Discrete) and space.start:
        start, counted = int(space.start), spaces.Discrete(int(space.n))
        env = TransformAction(env, lambda action: action + start, counted)
    if isinstance(space, spaces.MultiDiscrete) and space.start.any():
        starts, several = space.start.copy(), spaces.MultiDiscrete(space.nvec)
        env = TransformAction(env, lambda action: action + starts, several)
    observed = env.observation_space
    is_vector = isinstance(observed, spaces.Box) and len(observed.shape or ()) == 1
    return env if is_vector else FlattenObservation(env)


def choices_of(space: spaces.MultiDiscrete | spaces.MultiBinary) -> tuple[int, ...]:
    """Number of choices of every element, flat.

    >>> choices_of(spaces.MultiBinary(3))
    (2, 2, 2)
    """
    if isinstance(space, spaces.MultiBinary):
        return (2,) * prod(space.shape)
    return tuple(int(n) for n in np.ravel(space.nvec))


def import_named(module: str, name: str, card: EnvCard) -> Any:
    """Import `name` from `module`, looking in the card's folder after everything installed.

    Raises:
        UsageError: The module or the name in it does not exist.
    """
    imported = import_module(module, card.home, card.ref)
    try:
        return getattr(imported, name)
    except AttributeError as error:
        raise UsageError(f"{card.ref}: module {module!r} has no {name!r}. Correct it.") from error


def import_module(module: str, code: Path | None, ref: str) -> ModuleType:
    """Import a module of the person's own.

    Raises:
        UsageError: It is not found, is hidden by an installed one, or fails to import.
    """
    folder = str(code) if code else ""
    if folder and folder not in sys.path:
        sys.path.append(folder)
    _look_for_shadow(module, code, ref)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = str(error.name)
        if module == missing or module.startswith(f"{missing}."):
            where = f" and in {folder}. Install it, or put it there." if folder else ". Install it."
            raise UsageError(
                f"{ref}: there is no module {missing!r} among installed packages{where}"
            ) from error
        raise UsageError(
            f"{ref}: {module!r} imports {missing!r}, which is not installed. "
            f"{how_to_install(missing)}"
        ) from error
    except UsageError:
        raise
    except Exception as error:  # importing runs the person's code
        reason = " ".join(str(error).split())[:300]
        raise UsageError(
            f"{ref}: {module!r} cannot be imported: {type(error).__name__}: {reason}. Correct it; "
            f"`python -c 'import {module}'` shows the whole error."
        ) from error


def module_file(module: str, code: Path | None) -> Path | None:
    """The file that a module would be imported from; None when there is none. Imports nothing.

    Args:
        module: `package.module`, or the path of a .py file.
        code: Folder in which it is looked for, after everything installed.
    """
    if module.endswith(".py"):
        path = ((code or Path()) / Path(module).expanduser()).resolve()
        return path if path.is_file() else None
    first, *rest = module.split(".")
    try:
        spec = find_spec(first)
    except (ImportError, ValueError):
        spec = None
    inside = list(spec.submodule_search_locations or ()) if spec else []
    installed = [Path(place).parent for place in inside]
    if spec and spec.origin and not rest and not inside:
        return Path(spec.origin)
    for root in (*installed, *([code] if code else ())):
        place = Path(root, *module.split("."))
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return path.resolve()
    return None


def env_classes(module: ModuleType) -> list[str]:
    """Names of the environments that a module defines itself, in its order."""
    return [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, gymnasium.Env)
        and value.__module__ == module.__name__
    ]


def _target(module: str, name: str, code: Path | None, ref: str) -> Callable[..., Any] | None:
    """What `module:name` calls; None when the module has registered an id of that name."""
    imported = import_module(module, code, ref)
    found = getattr(imported, name, None)
    if found is None and name in gymnasium.registry:
        return None
    if found is None:
        raise UsageError(no_such_name(module, name, env_classes(imported), ref))
    if not callable(found):
        raise UsageError(
            f"{ref}: {module}.{name} is a {type(found).__name__}, not a class of gymnasium.Env."
        )
    if inspect.isclass(found) and not issubclass(found, gymnasium.Env):
        raise UsageError(f"{ref}: {no_environment(found, names=env_classes(imported))}")
    return cast(Callable[..., Any], found)


def _with_render_mode(target: Callable[..., Any], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments, with no render mode for a constructor that insists on one."""
    try:
        asked = inspect.signature(target).parameters.get("render_mode")
    except (TypeError, ValueError):  # it has none that can be read
        return kwargs
    insists = asked is not None and asked.default is asked.empty and asked.kind != asked.VAR_KEYWORD
    return {"render_mode": None, **kwargs} if insists else kwargs


def _draws_nothing(reason: str, kwargs: Mapping[str, Any]) -> bool:
    """Whether a constructor failed because it takes no render mode."""
    if "render_mode" not in kwargs:
        return False
    # Gymnasium's own text lists all that was given, so the name alone says nothing.
    return "argument 'render_mode'" in reason or (
        "takes no arguments" in reason and kwargs.keys() == {"render_mode"}
    )


def _make_registered(id_: str, kwargs: Mapping[str, Any], ref: str) -> Any:
    if id_ not in gymnasium.registry:
        raise UsageError(unknown_id(id_))
    try:
        return gymnasium.make(id_, max_episode_steps=-1, disable_env_checker=True, **kwargs)
    except gymnasium.error.DependencyNotInstalled as error:
        raise UsageError(missing_package(ref, str(error))) from error
    except ModuleNotFoundError as error:
        raise UsageError(missing_package(ref, f"No module named {error.name!r}")) from error
    except gymnasium.error.UnregisteredEnv as error:
        raise UsageError(unknown_id(id_)) from error
    except ImportError as error:
        if _is_placeholder(id_):
            raise UsageError(moved(id_, str(error))) from error
        raise


def _is_placeholder(id_: str) -> bool:
    """Whether Gymnasium lists an id only to say where it has gone."""
    entry = gymnasium.registry[id_].entry_point
    return callable(entry) and entry.__module__.startswith("gymnasium.envs")


def _look_for_shadow(module: str, code: Path | None, ref: str) -> None:
    """Refuse a module of the person's that an installed one of the same name would hide."""
    first = module.partition(".")[0]
    if code is None or first in sys.modules:
        found: Any = getattr(sys.modules.get(first), "__file__", None)
    else:
        try:
            spec = find_spec(first)
        except (ImportError, ValueError):
            return
        found = spec.origin if spec else None
    own = [code / f"{first}.py", code / first / "__init__.py"] if code else []
    mine = [path for path in own if path.is_file()]
    if mine and found and Path(found).resolve() not in {path.resolve() for path in mine}:
        raise UsageError(
            f"{ref}: {first!r} is also the name of {found}, which is found first. Rename "
            f"{mine[0].name if mine[0].stem == first else mine[0].parent.name}."
        )
