"""What `design` was asked for, as a task and a configuration.

Pure but for reading the card and the configuration's file; nothing is created.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewardsmith.config import RunConfig, load_config, parse_setting
from rewardsmith.environments.cards import EnvCard, ad_hoc_task, load_card, task_of
from rewardsmith.environments.judging import anchored
from rewardsmith.errors import UsageError, unknown
from rewardsmith.messages import BY_LABELS, BY_RANKING, Task

NEVER = "step < 0"
"""The success criterion of a task that came without one, until it is measured."""


def read_init(path: Path) -> str:
    """The text of a person's own reward program.

    Raises:
        UsageError: It cannot be read as text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"Cannot read the reward program {str(path)!r}: {why}.") from error


def ad_hoc(card: EnvCard, instruction: str, fitness: str, success: str | None) -> Task:
    """A task of a person's own; functions are looked for where the person is, too.

    Raises:
        UsageError: There is no such function.
    """
    here, home = Path.cwd(), card.home
    return ad_hoc_task(
        card,
        instruction,
        fitness=anchored(fitness, here, home),
        success=NEVER if success is None else anchored(success, here, home),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The arguments of `design`."""

    env: str
    task: str
    """A task of the card, or an instruction in words beside `fitness`."""
    fitness: str | None = None
    success: str | None = None
    """None beside a fitness: `resolve_task` then gives a criterion that never holds."""
    config: Path | None = None
    settings: tuple[str, ...] = ()
    """`KEY=VALUE`, as given."""
    env_args: tuple[str, ...] = ()
    """`KEY=VALUE` of the environment's constructor, as given."""
    flags: Mapping[str, Any]
    """Dotted key to value, of the options that were given; they win over everything else."""

    def resolve_task(self) -> Task:
        """The task that is meant.

        Raises:
            UsageError: No such environment or task, or an instruction without a fitness.
        """
        card = load_card(self.env)
        if self.fitness is None and self.success is None:
            return task_of(card, self._known(card))
        if self.fitness in (BY_RANKING, BY_LABELS):
            known = card.tasks.get(self.task)
            words = known.instruction if known else self.task
            return ad_hoc(card, words, self.fitness, self.success)
        if self.fitness is None:
            raise UsageError("--fitness is missing: --success alone cannot guide a search.")
        if self.task in card.tasks:
            raise UsageError(
                f"{self.task!r} is a task of {card.ref} and brings its own fitness. "
                "Drop --fitness and --success, or say the task in words."
            )
        return ad_hoc(card, self.task, self.fitness, self.success)

    def resolve_config(self) -> RunConfig:
        """Defaults, then the file, then `--set`, then the other options.

        Raises:
            ConfigError: A key or value is not valid.
        """
        overrides = dict(parse_setting(text) for text in self.settings) | dict(self.flags)
        return load_config(self.config, overrides)

    def _known(self, card: EnvCard) -> str:
        if self.task in card.tasks:
            return self.task
        hint = "A task in words needs --fitness as well, and --success if you can say it."
        called = card.ref if card.tasks else card.id  # a drafted card lies nowhere that lasts
        raise UsageError(unknown(f"task of {called}", self.task, card.tasks, hint))
