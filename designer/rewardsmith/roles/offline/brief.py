"""What the offline designer may know of a task.

Invariant: a `Brief` has no attribute that holds the fitness, the success criterion, the target or
any reference reward, so nothing downstream of it can read them.
"""

from dataclasses import dataclass

from rewardsmith.messages import StateSpec, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class CardWords:
    """An environment card's sentences that a designer may read."""

    start: str = ""
    """How an episode starts."""
    episode_end: str = ""
    """When the environment ends an episode before its horizon."""
    exploits: tuple[str, ...] = ()
    """Known ways of earning reward without doing the task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A task as a designer sees it: words and typed fields."""

    instruction: str
    state: StateSpec
    horizon: int
    """Timesteps after which an episode is truncated."""
    words: CardWords = CardWords()
    remarks: tuple[str, ...] = ()
    """What people said about earlier candidates, oldest first."""


def brief_of(
    task: Task, state: StateSpec, *, words: CardWords, remarks: tuple[str, ...] = ()
) -> Brief:
    """Take from `task` what a designer may see: its instruction and horizon."""
    return Brief(
        instruction=task.instruction,
        state=state,
        horizon=task.horizon,
        words=words,
        remarks=remarks,
    )
