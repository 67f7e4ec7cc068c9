"""Environment cards: what an environment shows, which tasks it has, and how each is judged.

A card is data. It is found by the id of a shipped folder or by a path, never by looking at the
current directory. Whether it tells the truth is for `inspection` to say.
"""

import shlex
from pathlib import Path

from rewardsmith import resources
from rewardsmith.environments.card_file import Table, Value, parse_card_text, read_card_file
from rewardsmith.environments.card_reading import read_card
from rewardsmith.environments.card_types import EnvCard, Needs, TaskCard
from rewardsmith.errors import ConfigError, UsageError, unknown
from rewardsmith.messages import BY_RANKING, SuccessSemantics, Task

__all__ = [
    "EnvCard",
    "Needs",
    "TaskCard",
    "ad_hoc_task",
    "card_names",
    "environment_name",
    "has_card",
    "load_card",
    "parse_card",
    "task_of",
    "unmeasured_task",
]

CARD_FILE = "card.yaml"
NESTED = ("action", "state", "kwargs", "preset", "tasks")
"""Tables of a card that are laid over those of its base entry by entry."""
MAX_BASES = 4


def card_names() -> tuple[str, ...]:
    """Ids of the shipped cards, sorted."""
    folder = _shipped()
    return tuple(sorted(p.name for p in folder.iterdir() if (p / CARD_FILE).is_file()))


def load_card(ref: str) -> EnvCard:
    """Load the card called `ref`.

    Args:
        ref: Id of a shipped card (`HalfCheetah-v5`), or the path of a card.yaml or its folder.

    Raises:
        UsageError: There is no such card.
        ConfigError: The card does not say something valid; names file, line and remedy.
    """
    if ref in card_names():
        return _load(_shipped() / ref / CARD_FILE, ref)
    path = Path(ref)
    if path.is_dir():
        path = path / CARD_FILE
    if path.is_file():
        return _load(path.resolve(), str(path.resolve()))
    if ":" in ref or ref.endswith(".py"):
        raise UsageError(
            f"{ref!r} has no card. `rewardsmith envs draft {shlex.quote(ref)} -o card.yaml` writes "
            "one to correct."
        )
    hint = (
        "A path to a card.yaml, or to its folder, works as well; `rewardsmith envs draft` writes a "
        "card for any other environment."
    )
    raise UsageError(unknown("environment", ref, card_names(), hint))


def has_card(ref: str) -> bool:
    """Whether `load_card` would find a card, right or wrong, under `ref`."""
    if ref in card_names():
        return True
    path = Path(ref)
    return (path / CARD_FILE if path.is_dir() else path).is_file() and path.suffix != ".py"


def environment_name(ref: str) -> str:
    """What people call the environment of a card: its id, also where the card lies in a run.

    >>> environment_name("HalfCheetah-v5")
    'HalfCheetah-v5'
    """
    if ref in card_names():
        return ref
    path = Path(ref) / CARD_FILE if Path(ref).is_dir() else Path(ref)
    try:
        return _read_over_bases(path)[0].take("id").text()
    except (OSError, ConfigError):
        return path.parent.name if path.name == CARD_FILE else ref


def parse_card(text: str, *, ref: str, folder: Path | None = None) -> EnvCard:
    """The card that a text holds.

    Args:
        text: YAML, as in a card.yaml.
        ref: What messages call it.
        folder: Against which its files are resolved.

    Raises:
        ConfigError: The card does not say something valid; names line and remedy.
    """
    return read_card(parse_card_text(text, ref, folder), ref=ref, folder=folder)


def task_of(card: EnvCard, name: str | None = None) -> Task:
    """The card's task called `name`; its first one when no name is given.

    Raises:
        UsageError: The card has no such task, or none at all.
    """
    if not card.tasks:
        called = f"no task {name!r}, and none at all" if name is not None else "no task"
        raise UsageError(
            f"The card of {card.id!r} has {called}. Write one under `tasks:`: an instruction, a "
            "fitness and a success. `design` takes --fitness instead; `check` needs none."
        )
    if name is not None and name not in card.tasks:
        raise UsageError(unknown(f"task of {card.ref}", name, card.tasks))
    chosen = card.tasks[name] if name is not None else next(iter(card.tasks.values()))
    return Task(
        env=card.ref,
        name=chosen.name,
        instruction=chosen.instruction,
        fitness=chosen.fitness,
        success=chosen.success,
        semantics=chosen.semantics,
        held_steps=chosen.held_steps,
        target=chosen.target,
        horizon=card.max_steps,
    )


def ad_hoc_task(
    card: EnvCard,
    instruction: str,
    *,
    fitness: str,
    success: str,
    semantics: SuccessSemantics = "held",
    held_steps: int = 10,
    target: float = 0.8,
) -> Task:
    """A task that is not in the card, judged by the given fitness and success."""
    return Task(
        env=card.ref,
        name="ad_hoc",
        instruction=instruction,
        fitness=fitness,
        success=success,
        semantics=semantics,
        held_steps=held_steps,
        target=target,
        horizon=card.max_steps,
    )


def unmeasured_task(card: EnvCard) -> Task:
    """Stands where a task is asked for and the card has none: no words, and nothing is measured."""
    return ad_hoc_task(card, "", fitness=BY_RANKING, success="step < 0")


def _shipped() -> Path:
    return Path(str(resources.root("envs")))


def _load(path: Path, ref: str) -> EnvCard:
    table, home = _read_over_bases(path)
    return read_card(table, ref=ref, folder=path.parent, home=home)


def _read_over_bases(path: Path, depth: int = 0) -> tuple[Table, Path]:
    """A card's table laid over those it is based on, and the folder of the last one's modules."""
    table = read_card_file(path)
    base = table.find("base")
    if base is None:
        return table, path.parent
    if depth >= MAX_BASES:
        raise base.error("Cards are based on each other too deeply.", "Write one of them out.")
    below, home = _read_over_bases(_base_file(base), depth + 1)
    return table.over(below, NESTED), home


def _base_file(base: Value) -> Path:
    """File of the card that another one starts from."""
    name = base.text()
    path = _shipped() / name if name in card_names() else (base.folder or Path()) / name
    file = path / CARD_FILE if path.is_dir() else path
    if file.is_file():
        return file.resolve()
    raise base.error(
        unknown("card", name, card_names()), "Write a shipped card's name, or a path from here."
    )
