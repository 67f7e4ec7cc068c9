"""Checks cards against their environments and shows what each came to."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from rewardsmith.cli.drafting import card_for
from rewardsmith.cli.patience import patience
from rewardsmith.cli.terminal import console, safe
from rewardsmith.environments.cards import CARD_FILE, EnvCard, card_names
from rewardsmith.environments.drafting.card_text import without_mark
from rewardsmith.environments.inspection import N_ENVS, N_STEPS
from rewardsmith.errors import UsageError
from rewardsmith.training.card_trial import CardTrial, try_card
from rewardsmith.training.engine import LocalEngine

FAILED = 1
"""Exit status when a card does not hold."""
MAX_NAME = 40
"""Characters of an environment that the table keeps; of a longer path it shows the end."""

_SEPARATES = {True: "yes", False: "no", None: "unknown"}


def check_cards(refs: Sequence[str], env_args: Sequence[str] = (), *, all_: bool) -> int:
    """Try every card and print a table; returns the exit status.

    Args:
        refs: Ids, paths, or environments without a card, whose draft is tried.
        env_args: `KEY=VALUE` of their constructors.
        all_: Whether all shipped cards are meant.

    Raises:
        UsageError: Nothing is asked for, or there is no such environment.
    """
    if bool(refs) == all_:
        raise UsageError("Say which: an id, a path of a card, or --all for the shipped ones.")
    trials = []
    for ref in card_names() if all_ else refs:
        with card_for(ref, env_args) as found, patience(f"trying {ref}"):
            trials.append((ref, try_card(found.ref, LocalEngine(1))))
    out = console()
    out.print(_table(trials))
    for ref, trial in trials:
        for problem in trial.problems:
            out.print(safe(f"{ref}: {problem}".rstrip(), "red"), soft_wrap=True)
        for note in trial.notes:
            out.print(safe(f"{ref}: {note}", "yellow"), soft_wrap=True)
        for deviation in trial.deviations:
            out.print(safe(f"{ref}: deviation: {deviation}"), soft_wrap=True)
        if 0 < trial.n_timesteps < N_ENVS * N_STEPS:
            out.print(safe(f"{ref}: {_little(trial)}"), soft_wrap=True)
        if trial.ok and not env_args:
            confirm_meanings(ref, trial.card)
    return 0 if all(trial.ok for _, trial in trials) else FAILED


def confirm_meanings(ref: str, card: EnvCard | None) -> None:
    """Take the mark off the meanings that a model said, in a card that holds."""
    path = Path(ref) / CARD_FILE if Path(ref).is_dir() else Path(ref)
    if card is None or not card.unverified or not path.is_file():
        return
    path.write_text(without_mark(path.read_text(encoding="utf-8")), encoding="utf-8")
    said = f"{ref}: a model's words on {', '.join(card.unverified)} no longer count as unverified."
    console().print(safe(said), soft_wrap=True)


def _little(trial: CardTrial) -> str:
    """What a slow environment's check did not look at."""
    whole = f"{N_ENVS * N_STEPS:,}"
    return f"slow: ranges were compared on {trial.n_timesteps:,} timesteps in place of {whole}."


def _table(trials: Sequence[tuple[str, CardTrial]]) -> Table:
    table = Table(box=None, pad_edge=False)
    names = [_fitting(ref) for ref, _ in trials]
    table.add_column("environment", overflow="fold", min_width=max(map(len, names)))
    for title in ("holds", "fields", "steps/s", "reading fields", "tasks separate"):
        table.add_column(title, overflow="fold")
    for name, (_, trial) in zip(names, trials, strict=True):
        speed = trial.speed
        cells = (
            name,
            "yes" if trial.ok else "no",
            str(len(trial.card.state.fields)) if trial.card else "-",
            f"{speed.steps_per_s:,.0f}" if speed else "-",
            f"{max(speed.field_share, 0.0):.0%} of a step" if speed else "-",
            "; ".join(f"{name}: {_SEPARATES[said]}" for name, said in trial.separates) or "-",
        )
        table.add_row(*map(safe, cells))
    return table


def _fitting(ref: str) -> str:
    """The name of an environment, or the end of its path, where the table has room for no more."""
    if len(ref) <= MAX_NAME:
        return ref
    end = ref[3 - MAX_NAME :]
    return "..." + end[max(end.find("/"), 0) :]
