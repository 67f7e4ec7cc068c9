"""Words what is not there: unknown ids, missing packages, names that are no environment."""

import inspect
import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any, NamedTuple

import gymnasium

from rewardsmith.errors import UsageError, unknown


class _Suite(NamedTuple):
    """Ids that a package registers once it is imported."""

    starts: tuple[str, ...]
    module: str
    card: str = ""
    """A shipped card for all of them; empty where there is none."""
    argument: str = "name"
    """What of its constructor says which one is meant."""


_ROBOTS = "gymnasium_robotics"
_SUITES = (
    _Suite(("ALE/",), "ale_py"),
    _Suite(("MiniGrid-", "BabyAI-"), "minigrid", "MiniGrid"),
    _Suite(("highway-", "merge-", "roundabout-"), "highway_env", "HighwayEnv"),
    _Suite(("exit-v", "intersection-", "lane-keeping-", "parking-"), "highway_env"),
    _Suite(("racetrack-", "two-way-v", "u-turn-v"), "highway_env"),
    _Suite(("Meta-World/", "MetaWorld-"), "metaworld", "MetaWorld", "task"),
    _Suite(("FetchPickAndPlace", "FetchPush", "FetchSlide"), _ROBOTS, "Fetch"),
    _Suite(("PointMaze",), _ROBOTS, "PointMaze"),
    _Suite(("AntMaze",), _ROBOTS, "AntMaze"),
    _Suite(("Fetch", "HandReach", "HandManipulate", "AdroitHand", "FrankaKit"), _ROBOTS),
)
"""The first one that fits counts."""

_EXTRA = re.compile(r"gymnasium\[([\w-]+)\]")


def unknown_id(id_: str) -> str:
    """Says that no id is called so, what comes near, and how ids of packages are written."""
    for suite in _SUITES:
        if id_.startswith(suite.starts):
            return f"{id_!r} comes with the package {suite.module!r}{_how_to_use(suite, id_)}"
    near = get_close_matches(id_, gymnasium.registry, n=9, cutoff=0.6)
    latest = {re.sub(r"-v\d+$", "", name): name for name in sorted(near, key=_version)}
    guess = unknown("environment id", id_, latest.values()).partition(" Known:")[0]
    return (
        f"{guess} `rewardsmith envs list` lists the cards; an id that a package of yours registers "
        "is written 'package:Id-v0', a class 'module:Class'."
    )


def _how_to_use(suite: _Suite, id_: str) -> str:
    """What to install, if anything, and what to write for one of a suite's ids."""
    if suite.card:
        name = re.sub(r"^(Meta-World/|MetaWorld-)", "", id_)
        name = name if "-v" in name else "reach-v3"  # MetaWorld's benchmarks are many tasks
        said = f"`--env {suite.card} --env-arg {suite.argument}={name}`: a card ships for such ones"
    else:
        said = f"'{suite.module}:{id_}' instead"
    if find_spec(suite.module):
        return f", which is installed. Write {said}."
    return f", which is not installed. {how_to_install(suite.module)} Then write {said}."


def moved(id_: str, reason: str) -> str:
    """Says that Gymnasium no longer has an id that it still lists, and what to do."""
    stem = re.sub(r"-v\d+$", "", id_)
    others = [i for i in gymnasium.registry if re.sub(r"-v\d+$", "", i) == stem and i != id_]
    if not others:
        return missing_package(id_, reason)
    newest = max(others, key=_version)
    return f"{id_!r} is no longer in Gymnasium: {_told(reason)}. Use {newest!r}."


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
_BEHIND = {
    f"rewardsmith.environments.suites.{suite}": package
    for package, suite in EXTRAS.items()
    if suite not in ("box2d", "envpool")
}
"""Module of a shipped suite to the package that it is made of."""


def missing_package(ref: str, reason: str) -> str:
    """What a missing package is called and how it is installed."""
    extra = _EXTRA.search(reason)
    named = re.search(r"No module named '([\w.]+)'", reason)
    if extra:
        project = "rewardsmith" if extra[1] in EXTRAS.values() else "gymnasium"
        remedy = f'`pip install "{project}[{extra[1]}]"` installs the extra {extra[1]!r}.'
    elif named:
        remedy = how_to_install(named[1])
    else:
        remedy = "Install what it names."
    return f"{ref} needs a package that is missing: {_told(reason)}. {remedy}"


def require_package(id_: str, ref: str) -> None:
    """Refuse a shipped environment whose package is not there, before anything is made.

    Args:
        id_: As a card's `id`.
        ref: What messages call it.

    Raises:
        UsageError: It is not installed; says what brings it.
    """
    package = _package_of(id_)
    if package and find_spec(package) is None:
        raise UsageError(missing_package(ref, f"No module named {package!r}"))


def _package_of(id_: str) -> str:
    """The optional package behind an environment; empty where none is known."""
    if id_ in gymnasium.registry:
        return "Box2D" if _entry_module(id_).startswith("gymnasium.envs.box2d") else ""
    module = id_.rpartition(":")[0]
    return _BEHIND.get(module, module if module in EXTRAS else "")


def _told(reason: str) -> str:
    return " ".join(reason.split())[:200].rstrip(".")


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
