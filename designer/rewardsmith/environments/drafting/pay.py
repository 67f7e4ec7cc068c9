"""What an environment shows of how it pays: left out by its name, warned of by its value.

Pure. A name is enough to leave something out; a value never is: in HalfCheetah the velocity equals
a reward. What a value resembles in every step is said, and a person decides.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rewardsmith.environments.drafting.play import Play

_NAMES = re.compile(
    r".*(reward|success|score|fitness|penalt|bonus|solved|completion|payoff|payout).*|"
    r"(.*_)?(costs?|returns?|episode|rews?|rwds?|r|r_t|pay|utility|done|won|win|lost)|"
    r"(rew|rwd|cost|return)_.*|(is|at|near)_goal.*|goal_(reached|achieved|met)|"
    r"reached(_.*)?|.*_reached|((is|was)_)?(at|on)_target|"
    r"((is|has|was|all)_)?(ok|passed|failed|completed?|achieved|correct)|"
    r"task_(done|completed?|failed)|.*terminal.*|final_.*|timelimit.*",
    re.IGNORECASE,
)
_ALIKE = 1 - 1e-9
"""Correlation from which one is a straight line of the other."""

_STEADY = 1e-3
"""Share of a reward's whole range up to which it counts as unchanged from one step to the next."""


def names_reward(path: Sequence[str]) -> bool:
    """Whether an entry says how the environment pays or judges, by its name.

    >>> names_reward(["x_velocity"]), names_reward(["reward_forward"]), names_reward(["is_success"])
    (False, True, True)
    """
    return any(_NAMES.fullmatch(key) for key in path)


def resemblance(values: np.ndarray, seen: Play) -> str:
    """How a quantity goes along with what was paid, to stand after its name; empty when not.

    Args:
        values: One row a step, resets left out, shape (n_steps, ...).
        seen: The rollouts it comes from.
    """
    numbers = values.reshape(len(values), -1).astype(np.float64)
    if numbers.shape[1] == 1:
        return _alike(numbers[:, 0], seen)
    elements = [(k, _alike(column, seen)) for k, column in enumerate(numbers.T)]
    if said := next((f"in its element {k} {did}" for k, did in elements if did), ""):
        return said
    total = _alike(numbers.sum(axis=1), seen)
    return f"added up, {total}" if total else ""


def _alike(numbers: np.ndarray, seen: Play) -> str:
    """What a number a step went along with."""
    rewards = np.asarray(seen.rewards)[~seen.is_start]
    if np.ptp(rewards) == 0 or np.ptp(numbers) == 0:
        return ""
    ending = f"in all {len(rewards)} steps"
    if _is_same(numbers, rewards):
        return f"equalled the environment's reward {ending}"
    if _is_line(numbers, rewards):
        return f"followed, in a straight line, the environment's reward {ending}"
    for named, paid in _remembered(seen):
        if _is_same(numbers, paid) or _is_line(numbers, paid):
            return f"followed, in a straight line, the {named} so far {ending}"
    return ""


def twin(values: np.ndarray, withheld: Mapping[str, np.ndarray]) -> str:
    """What was left out by its name and had the same value in every step; empty when nothing.

    Args:
        values: One row a step, shape (n_steps, ...).
        withheld: Quantities by what messages call them, one row a step.
    """
    numbers = values.reshape(len(values), -1).astype(np.float64)
    for name, others in withheld.items():
        columns = others.reshape(len(others), -1).astype(np.float64)
        for mine in numbers.T:
            if np.ptp(mine) > 0 and any(_is_same(mine, column) for column in columns.T):
                return name
    return ""


def _is_same(numbers: np.ndarray, paid: np.ndarray) -> bool:
    return bool(np.allclose(numbers, paid, rtol=1e-5, atol=1e-9))


def _is_line(numbers: np.ndarray, paid: np.ndarray) -> bool:
    changes = np.abs(np.diff(paid)) > _STEADY * np.ptp(paid)
    if np.count_nonzero(changes) < 2:  # any two points lie on a line
        return False
    with np.errstate(all="ignore"):  # enormous numbers overflow, and resemble nothing
        return bool(abs(np.corrcoef(numbers, paid)[0, 1]) >= _ALIKE)


def _remembered(seen: Play) -> Iterator[tuple[str, np.ndarray]]:
    """What an environment may remember of its rewards, one value a step."""
    yield "episode's return", _running(seen, np.add, 0.0)
    for named, keep, worst in (
        ("highest reward", np.maximum, -np.inf),
        ("lowest reward", np.minimum, np.inf),
    ):
        for first in (worst, 0.0):  # many begin with nothing as the best so far
            yield f"episode's {named}", _running(seen, keep, first)
            yield named, _running(seen, keep, first, over_episodes=True)


def _running(
    seen: Play, keep: np.ufunc, first: float, *, over_episodes: bool = False
) -> np.ndarray:
    """Rewards put together since the episode's start, or since the first one's, one a step."""
    rewards = np.asarray(seen.rewards)
    episodes = [part[~np.isnan(part)] for part in np.split(rewards, np.flatnonzero(seen.is_start))]
    runs = [np.concatenate(episodes)] if over_episodes else episodes
    return np.concatenate([keep.accumulate(np.append(first, run))[1:] for run in runs])
