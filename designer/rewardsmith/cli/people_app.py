"""The subcommands that ask a person about rollouts."""

from pathlib import Path
from typing import Annotated

import typer

from rewardsmith.cli import arguments as given

FilmOption = Annotated[
    bool, typer.Option("--no-film", help="Film nothing; show the state fields only.")
]


def rank(
    run: given.RunArgument,
    runs_dir: given.RunsOption = Path("runs"),
    no_film: FilmOption = False,
) -> None:
    """Say which of two rollouts is better; selects where a task has no fitness."""
    from rewardsmith.cli.ranking import rank_run
    from rewardsmith.cli.runs import find_run

    rank_run(find_run(run, runs_dir), with_film=not no_film)


def label(
    run: given.RunArgument,
    runs_dir: given.RunsOption = Path("runs"),
    no_film: FilmOption = False,
) -> None:
    """Call rollouts good or bad: to choose a fitness, or to say whether the winner did it."""
    from rewardsmith.cli.labelling import label_run
    from rewardsmith.cli.runs import find_run

    label_run(find_run(run, runs_dir), with_film=not no_film)
