"""Automated reward design for reinforcement learning.

`make` puts a reward program into an environment of your own; everything else is behind the command
line. Nothing heavy is imported before it is used.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewardsmith.rewards.wrappers import DesignedReward

__all__ = ["__version__", "make"]
__version__ = "0.1.0"


def make(
    reward: str | Path, env: str, *, gamma: float = 0.99, render_mode: str | None = None
) -> "DesignedReward":
    """Make a card's environment that pays a reward program instead of its own reward.

    The program's compiled form runs in this process: it has passed the static check, and no lock
    holds it. Read a stranger's program first.

    Args:
        reward: Path of the reward program.
        env: A card's id, or the path of a card.yaml.
        gamma: Your trainer's discount, for the program's potential.
        render_mode: Handed to the environment.

    Raises:
        UsageError: The card does not exist, or the program does not keep the contract; says every
            reason, with its line.
    """
    from rewardsmith.environments.cards import load_card
    from rewardsmith.environments.factory import make_env
    from rewardsmith.errors import UsageError
    from rewardsmith.rewards.contract import read_program
    from rewardsmith.rewards.wrappers import DesignedReward

    card = load_card(env)
    reading = read_program(Path(reward).read_text(encoding="utf-8"), card.state)
    if reading.program is None:
        errors = [str(found) for found in reading.findings if found.severity == "error"]
        raise UsageError("\n".join([f"{reward} does not keep the contract:", *errors]))
    env_ = make_env(card, render_mode=render_mode)
    return DesignedReward(env_, reading.program, card, gamma=gamma)
