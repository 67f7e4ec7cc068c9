"""`rewardsmith rank`: pairs of rollouts in a terminal, and what the answers add up to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from rewardsmith.cli.keys import END, ask_key
from rewardsmith.cli.side_by_side import rollouts_table
from rewardsmith.cli.terminal import console, heading, safe
from rewardsmith.environments.cards import load_card
from rewardsmith.errors import UsageError
from rewardsmith.feedback.filming import film_of
from rewardsmith.feedback.ranking import Entrant, Pair, Ranking, next_pair, ranking_of, rollout_of
from rewardsmith.feedback.selection import open_wait
from rewardsmith.messages import Trajectory
from rewardsmith.report.rankings import ranking_lines
from rewardsmith.store.comparisons import Choice, Comparison, append_comparison, append_undo
from rewardsmith.store.run import Run

KEYS: Final = {
    "l": "left is better",
    "r": "right is better",
    "t": "as good",
    "s": "skip",
    "u": "undo",
    END: "leave",
}
_CHOICES: Final[Mapping[str, Choice]] = {"l": "left", "r": "right", "t": "tie", "s": "skip"}


def rank_run(folder: Path, *, with_film: bool) -> None:
    """Ask for comparisons until nothing is left to ask or the person leaves; then show the ranking.

    Raises:
        UsageError: There are not two trained candidates yet.
        StoreError: The run cannot be read, or an answer not be written.
    """
    run, out = Run.read(folder), console()
    ranking = ranking_of(run)
    if len(ranking.entrants) < 2:
        raise UsageError(
            f"{run.id} has {len(ranking.entrants)} trained candidates with recorded episodes; two "
            "can be compared. Wait until more are trained."
        )
    out.print(safe(f"Which does it better? {run.manifest.task.instruction}", "bold"))
    stage = _Stage(run, out, with_film=with_film)
    while stage.show_and_ask():
        pass
    show_ranking(run, out)
    _show_next(run, out)


class _Stage:
    """Shows one pair after another."""

    def __init__(self, run: Run, out: Console, *, with_film: bool) -> None:
        self._run, self._out, self._with_film = run, out, with_film
        self._state = load_card(run.manifest.task.env).state
        self._seed = int(run.manifest.config.get("seed", 0))

    def show_and_ask(self) -> bool:
        """Show the next pair and write down the answer; False when that was all."""
        ranking = ranking_of(self._run)
        pair = next_pair(ranking, self._seed)
        if pair is None:
            self._out.print(safe("\nEvery pair has been shown."))
            return False
        self._show(ranking, pair)
        key = ask_key(KEYS)
        if key == END:
            return False
        if key == "u":
            taken = append_undo(self._run.folder)
            said = f"Taken back: {taken.choice}." if taken else "There is nothing to take back."
            self._out.print(safe(said))
        else:
            self._append(pair, _CHOICES[key])
        return True

    def _append(self, pair: Pair, choice: Choice) -> None:
        one = Comparison(
            left=pair.left, right=pair.right, seed=pair.seed, choice=choice, source="terminal"
        )
        append_comparison(self._run.folder, one)

    def _show(self, ranking: Ranking, pair: Pair) -> None:
        self._out.print(heading(_progress(self._run, ranking)))
        sides = [ranking.entrant(pair.left), ranking.entrant(pair.right)]
        shown = [(one, rollout_of(self._run, one, pair.seed)) for one in sides if one]
        for title, (one, rollout) in zip(("left", "right"), shown, strict=True):
            if self._with_film:
                self._film(title, one, rollout)
        rollouts = [rollout for _, rollout in shown]
        self._out.print(rollouts_table(("left", "right"), rollouts, self._state))

    def _film(self, title: str, entrant: Entrant, rollout: Trajectory) -> None:
        film = film_of(self._run, entrant.id, rollout)
        if film.path is None:
            self._with_film = not film.is_final
            self._out.print(safe(f"{title}: no film: {film.reason}", "dim"), soft_wrap=True)
        else:
            self._out.print(safe(f"{title}: {film.path}"), soft_wrap=True)


def show_ranking(run: Run, out: Console) -> None:
    """Print the ranking, beside the fitness where there is one."""
    ranking = ranking_of(run)
    if not ranking.n_answered:
        return
    n = ranking.n_answered
    out.print(heading(f"Ranking by {n} comparison{'s' if n > 1 else ''}"))
    out.print(_table(run, ranking))
    if not run.manifest.task.is_ranked:
        out.print(safe("The fitness selects; the ranking stands beside it.", "dim"))


def _table(run: Run, ranking: Ranking) -> Table:
    has_fitness = not run.manifest.task.is_ranked
    table = Table(box=None, pad_edge=False)
    titles = ["candidate", "strength", "comparisons", "best with chance"]
    for title in titles + ["fitness"] * has_fitness:
        table.add_column(title, justify="left" if title == "candidate" else "right")
    for line in ranking_lines(run, ranking):
        found, fitness = line.strength, "-" if line.fitness is None else f"{line.fitness:.4g}"
        cells = [str(line.id), str(found), str(found.n), f"{line.chance:.0%}"]
        table.add_row(*map(safe, cells + [fitness] * has_fitness))
    return table


def _progress(run: Run, ranking: Ranking) -> str:
    wait = open_wait(run)
    if wait is None:
        return f"Pair {ranking.n_answered + 1}"
    return f"Pair {wait.n_answered + 1} of {wait.n_wanted} that iteration {wait.iteration} needs"


def _show_next(run: Run, out: Console) -> None:
    if not run.manifest.task.is_ranked or run.recall("run_ended") is not None:
        return
    wait = open_wait(run)
    name = run.folder.name if str(run.folder.parent) == "runs" else run.folder
    if wait is None:
        said = f"That is enough: `rewardsmith resume {name}` goes on with it."
    else:
        n = wait.n_wanted - wait.n_answered
        said = f"{n} more, and `rewardsmith resume {name}` goes on."
    out.print(safe(said), soft_wrap=True)
