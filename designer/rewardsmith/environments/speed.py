"""Measures how fast an environment steps, and what reading its state fields adds.

Turns without and with fields alternate over the same steps of the same episodes, in CPU time, or in
the time that passes where an environment mostly waits. The median of their ratios counts: what else
runs on the machine disturbs single turns.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from statistics import median

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.inspection import random_actions
from rewardsmith.environments.stopwatch import Stopwatch
from rewardsmith.environments.vector import StateVectorEnv

N_ENVS = 16
"""As many as a training steps by default: reading is done for all of them at once."""
N_TURNS = 20
TURN_S = 0.05
"""Seconds that one turn should take: far above the clock's resolution."""
CLOCK_S = max(time.get_clock_info("process_time").resolution, 1e-6)
"""Below this a turn counts as having taken as long."""
MAX_STEPS = 4000
"""Steps of the vector in one turn."""
SLOW_S = 0.1
"""Seconds of one start and one step from which two environments have to do."""
BUDGET_S = 40.0
"""Seconds after which no further turn begins, once there are `MIN_TURNS`."""
MIN_TURNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Of one environment, on one core of this machine."""

    steps_per_s: float
    """Timesteps per second with the fields read."""
    field_share: float
    """Time that reading the fields adds to a step, over that of a step without."""


def measure_speed(
    card: EnvCard,
    *,
    names: Collection[str] | None = None,
    n_envs: int | None = None,
    seed: int = 0,
) -> Speed:
    """Step the same actions without and with fields.

    Args:
        card: Whose environment.
        names: Fields to read, with what they are derived from; all when None.
        n_envs: Environments stepped at a time; `N_ENVS`, or two slow ones, when None.
        seed: Of environments and actions.
    """
    n_envs = n_envs or _n_affordable(card, seed)
    bare, reading = (StateVectorEnv(card, n_envs, names=read) for read in ((), names))
    actions = random_actions(card, n_envs, np.random.default_rng(seed))
    for vector in (bare, reading):
        vector.reset(seed)
    n_steps = _steps_of_a_turn(bare, reading, actions)
    without: list[float] = []
    with_fields: list[float] = []
    while len(without) < N_TURNS and (sum(without) < BUDGET_S / 2 or len(without) < MIN_TURNS):
        without.append(_turn(bare, actions, n_steps))
        with_fields.append(_turn(reading, actions, n_steps))
    bare.close()
    reading.close()
    return Speed(
        steps_per_s=n_envs * n_steps / max(median(with_fields), CLOCK_S),
        field_share=median(
            max(slow, CLOCK_S) / max(fast, CLOCK_S)
            for slow, fast in zip(with_fields, without, strict=True)
        )
        - 1.0,
    )


def _n_affordable(card: EnvCard, seed: int) -> int:
    one = StateVectorEnv(card, 1)
    watch = Stopwatch()
    one.reset(seed)
    one.step(random_actions(card, 1, np.random.default_rng(seed)))
    took = watch.seconds()
    one.close()
    return N_ENVS if took < SLOW_S else 2


def _steps_of_a_turn(bare: StateVectorEnv, reading: StateVectorEnv, actions: np.ndarray) -> int:
    """How many steps take about `TURN_S` seconds; warms both up, and keeps them in step."""
    n_steps = 1
    while (took := _turn(reading, actions, n_steps)) < TURN_S and n_steps < MAX_STEPS:
        _turn(bare, actions, n_steps)
        n_steps *= 4
    _turn(bare, actions, n_steps)
    return int(min(max(1, n_steps * TURN_S / max(took, 1e-6)), MAX_STEPS))


def _turn(vector: StateVectorEnv, actions: np.ndarray, n_steps: int) -> float:
    """Seconds that the next steps take."""
    watch = Stopwatch()
    for _ in range(n_steps):
        vector.step(actions)
    return watch.seconds()
