"""Words what is not there: unknown ids, missing packages, names that are no environment."""

import inspect
import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any

import gymnasium

from rewardsmith.errors import unknown

_PACKAGES = (
    (("ALE/",), "ale_py", "ale-py"),
    (("MiniGrid-", "BabyAI-"), "minigrid", "minigrid"),
    (
        ("highway-", "merge-v", "parking-", "racetrack-", "roundabout-"),
        "highway_env",
        "highway-env",
    ),
    (("Meta-World/",), "metaworld", "metaworld"),
    (
        ("Fetch", "HandReach", "HandManipulate", "AdroitHand", "AntMaze", "PointMaze", "FrankaKit"),
        "gymnasium_robotics",
        "gymnasium-robotics",
    ),
)
"""(starts of ids, module that registers them, what pip calls it)."""


_EXTRA = re.compile(r"gymnasium\[([\w-]+)\]")


def unknown_id(id_: str) -> str:
    """Says that no id is called so, what comes near, and how ids of packages are written."""
    for starts, module, package in _PACKAGES:
        if id_.startswith(starts):
            return (
                f"{id_!r} comes with the package {package!r}: `pip install {package}`, then write "
                f"'{module}:{id_}'."
            )
    near = get_close_matches(id_, gymnasium.registry, n=9, cutoff=0.6)
    latest = {re.sub(r"-v\d+$", "", name): name for name in sorted(near, key=_version)}
    guess = unknown("environment id", id_, latest.values()).partition(" Known:")[0]
    return (
        f"{guess} `rewardsmith envs list` lists the cards; an id that a package of yours registers "
        "is written 'package:Id-v0', a class 'module:Class'."
    )


def _version(id_: str) -> int:
    match = re.search(r"-v(\d+)$", id_)
    return int(match[1]) if match else 0


EXTRAS = {
    "metaworld": "metaworld",
    "gymnasium_robotics": "robotics",
    "highway_env": "highway",
    "minigrid": "minigrid",
    "crafter": "crafter",
    "Box2D": "box2d",
    "envpool": "envpool",
}
"""Package to the extra of this project that brings it."""


def missing_package(ref: str, reason: str) -> str:
    """What a missing package is called and how it is installed."""
    extra = _EXTRA.search(reason)
    named = re.search(r"No module named '([\w.]+)'", reason)
    if extra:
        remedy = f'`pip install "gymnasium[{extra[1]}]"` installs the extra {extra[1]!r}.'
    elif named:
        remedy = how_to_install(named[1])
    else:
        remedy = "Install what it names."
    said = " ".join(reason.split())[:200].rstrip(".")
    return f"{ref} needs a package that is missing: {said}. {remedy}"


_MISSING = re.compile(r"[\w.<>]+\(\) missing \d+ required .*arguments?: (.+)", re.DOTALL)
_UNEXPECTED = re.compile(r"got an unexpected keyword argument '(\w+)'")


def wrong_arguments(reason: str, given: Collection[str]) -> str:
    """What to do about the arguments of a constructor; empty where they are not the reason.

    >>> wrong_arguments("Arm.__init__() missing 1 required positional argument: 'n'", ())
    "its constructor needs 'n'. Give it: `--env-arg n=VALUE`, or `kwargs: {n: VALUE}` in a card."
    """
    missing, unexpected = _MISSING.match(reason), _UNEXPECTED.search(reason)
    if missing:
        names = re.findall(r"'(\w+)'", missing[1])
        flags = " ".join(f"--env-arg {name}=VALUE" for name in names)
        table = ", ".join(f"{name}: VALUE" for name in names)
        listed = " and ".join(map(repr, names))
        return (
            f"its constructor needs {listed}. Give it: `{flags}`, or `kwargs: {{{table}}}` in a "
            "card."
        )
    if "takes no arguments" in reason and given:
        return "its constructor takes no arguments. Leave --env-arg out, or `kwargs` in its card."
    if unexpected and unexpected[1] in given:
        return (
            f"its constructor takes no argument {unexpected[1]!r}. Correct --env-arg, or `kwargs` "
            "in its card."
        )
    return ""


def how_to_install(module: str) -> str:
    """A command that brings a module.

    >>> how_to_install("my_robots.arms")
    '`pip install my-robots` may bring it.'
    """
    package = module.partition(".")[0]
    if package in EXTRAS:
        name = EXTRAS[package]
        return f'`pip install "rewardsmith[{name}]"` installs the extra {name!r}.'
    return f"`pip install {package.replace('_', '-')}` may bring it."


def no_such_name(module: str, name: str, classes: Sequence[str], ref: str) -> str:
    """Says that a module lacks a name, and which environments it has."""
    package = module.partition(".")[0]
    ids = [i for i in gymnasium.registry if _entry_module(i).partition(".")[0] == package]
    near = get_close_matches(name, [*classes, *ids], n=2, cutoff=0.5)
    guess = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    listed = f" Its environments: {', '.join([*classes, *ids][:12])}." if classes or ids else ""
    return f"{ref}: module {module!r} has no {name!r}.{guess}{listed} Correct the name."


def no_environment(found: Any, names: Sequence[str] = ()) -> str:
    """Says that something is no environment, and what to do about it."""
    kind = found if inspect.isclass(found) else type(found)
    bases = [base.__module__.split(".")[0] for base in kind.__mro__]
    what = f"{kind.__name__} is no gymnasium.Env."
    if "gym" in bases:
        return f"{what} It is one of the old gym package: `pip install shimmy` converts it."
    if "pettingzoo" in bases:
        return f"{what} It has several agents, and rewardsmith trains one. Wrap it for one agent."
    listed = f" The module defines {', '.join(names)}." if names else ""
    return f"{what} Derive it from gymnasium.Env.{listed}"


def _entry_module(id_: str) -> str:
    entry = gymnasium.registry[id_].entry_point
    return entry if isinstance(entry, str) else getattr(entry, "__module__", "")
