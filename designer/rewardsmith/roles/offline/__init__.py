"""The offline Reward Designer: a search over the `xp` library's primitives on a card's fields.

It needs no language model and is the honest baseline that any model must beat. It reads a task's
words and the fields' types, never the fitness, the target or a reference reward.
"""

from rewardsmith.roles.offline.brief import Brief, CardWords
from rewardsmith.roles.offline.designer import propose

__all__ = ["Brief", "CardWords", "propose"]
