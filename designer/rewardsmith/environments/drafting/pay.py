"""What an environment shows of how it pays: left out by its name, warned of by its value.

Pure. A name is enough to leave something out; a value never is: in HalfCheetah the velocity equals
a reward. What a value resembles in every step is said, and a person decides.
"""

import re
from collections.abc import Sequence

import numpy as np

from rewardsmith.environments.drafting.play import Play

_NAMES = re.compile(
    r".*(reward|success|score|fitness|penalt|bonus|solved|completion|payoff|payout).*|"
    r"(.*_)?(costs?|returns?|episode|rews?|rwds?|r|r_t|pay|utility|done|won|win|lost)|"
    r"(rew|rwd|cost|return)_.*|(is|at|near)_goal.*|goal_(reached|achieved|met)|reached_goal|"
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
    if _is_line(numbers, _returns(seen)):
        return f"followed, in a straight line, the episode's return so far {ending}"
    return ""


def _is_same(numbers: np.ndarray, paid: np.ndarray) -> bool:
    return bool(np.allclose(numbers, paid, rtol=1e-5, atol=1e-9))


def _is_line(numbers: np.ndarray, paid: np.ndarray) -> bool:
    changes = np.abs(np.diff(paid)) > _STEADY * np.ptp(paid)
    if np.count_nonzero(changes) < 2:  # any two points lie on a line
        return False
    with np.errstate(all="ignore"):  # enormous numbers overflow, and resemble nothing
        return bool(abs(np.corrcoef(numbers, paid)[0, 1]) >= _ALIKE)


def _returns(seen: Play) -> np.ndarray:
    """Sum of the rewards since the episode's start, one a step."""
    found: list[float] = []
    total = 0.0
    for reward, is_start in zip(seen.rewards, seen.is_start, strict=True):
        total = 0.0 if is_start else total + reward
        if not is_start:
            found.append(total)
    return np.array(found)
