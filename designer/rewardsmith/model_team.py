"""Opens the language model of a run and puts it to work on the run's task.

A run that uses no model opens nothing. The journal of calls is open for as long as the team works.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rewardsmith.config import RunConfig
from rewardsmith.errors import StoreError
from rewardsmith.llm.calls import Answer, LanguageModel, Request, Usage
from rewardsmith.llm.models import open_model
from rewardsmith.llm.record import RecordedEvent
from rewardsmith.roles.model.checking import check_prompts
from rewardsmith.roles.model.prompts import Prompts, load_prompts
from rewardsmith.roles.model.task_view import TaskView, task_view
from rewardsmith.roles.model.team import ModelTeam
from rewardsmith.store.calls import open_calls, read_calls
from rewardsmith.store.run import run_folders
from rewardsmith.training.arena import Arena
from rewardsmith.training.reference_rollouts import RANDOM

OFFLINE = "offline"

Tell = Callable[[str], None]


def checked_prompts(config: RunConfig) -> Prompts:
    """The templates of a run, each rendered once.

    Raises:
        ConfigError: A template is wrong, or the folder of templates is.
    """
    folder = config.roles.prompts
    prompts = load_prompts(Path(folder) if folder else None)
    check_prompts(prompts)
    return prompts


def check_model_settings(config: RunConfig, runs_dir: Path) -> None:
    """Refuse a model that cannot be asked, before anything is made or spent.

    Raises:
        ConfigError: The model's name, key or price, or a template is wrong.
        StoreError: There is no such run to replay.
    """
    if config.model.model == OFFLINE:
        return
    checked_prompts(config)
    open_model(
        config.model.model, config.model, read_run=_reader(runs_dir), folder=runs_dir / "unused"
    )


@contextmanager
def open_team(arena: Arena, tell: Tell | None = None) -> Iterator[ModelTeam | None]:
    """The roles on the run's model; None when the run uses none.

    Raises:
        ConfigError: The model or a template cannot be used.
        StoreError: The journal of calls cannot be written.
    """
    config, run = arena.config, arena.run
    if config.model.model == OFFLINE:
        yield None
        return
    prompts = checked_prompts(config)
    with open_calls(run.folder) as journal:
        model = open_model(
            config.model.model,
            config.model,
            journal=journal,
            tell=tell,
            read_run=_reader(run.folder.parent),
            folder=run.folder / "prompts",
        )
        yield ModelTeam(
            model=_Announced(model, config.model.model, tell) if tell else model,
            prompts=prompts,
            task=_view(arena),
            n_programs=config.search.candidates,
            max_reviews=config.roles.repairs + 1 if config.roles.review else 0,
            init=config.search.init,
        )


class _Announced:
    """A model that says when it is asked, and what the answers took."""

    def __init__(self, model: LanguageModel, name: str, tell: Tell) -> None:
        self._model, self._name, self._tell = model, name, tell

    def complete(self, requests: Sequence[Request]) -> list[Answer]:
        """Answer all requests; see `LanguageModel.complete`."""
        if not requests:
            return []
        role, round_ = requests[0].address.role, requests[0].address.round
        asked = f"{len(requests)} to the {role}" + (f", round {round_}" if round_ else "")
        self._tell(f"Questions to {self._name}: {asked}")
        answers = self._model.complete(requests)
        new = [answer for answer in answers if not answer.is_replayed]
        if new:
            self._tell(f"Answers from {self._name}: {_price(new)}")
        return answers


def _price(answers: Sequence[Answer]) -> str:
    usage = sum((answer.usage for answer in answers), Usage())
    told = f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out"
    costs = [answer.cost_usd for answer in answers if answer.cost_usd is not None]
    if len(costs) < len(answers):
        return f"{told}, cost unknown"
    return f"{told}, {sum(costs):.4f} USD"


def _view(arena: Arena) -> TaskView:
    references = arena.references
    kinds = zip(references.kinds, references.trajectories, strict=False)
    return task_view(
        arena.task,
        arena.card,
        preset=arena.preset,
        total_timesteps=arena.total_timesteps,
        do_nothing=references.trajectories[0],
        random=[trajectory for kind, trajectory in kinds if kind == RANDOM],
        rungs=[segment.end_step for segment in arena.segments()[:-1]],
    )


def _reader(runs_dir: Path) -> Callable[[str], Sequence[RecordedEvent]]:
    """Finds a run to replay: a path, an id, or the beginning of one."""

    def read(name: str) -> Sequence[RecordedEvent]:
        if Path(name).is_dir():
            return read_calls(Path(name))
        found = [folder for folder in run_folders(runs_dir) if folder.name.startswith(name)]
        exact = [folder for folder in found if folder.name == name] or found
        if len(exact) != 1:
            several = f"{len(exact)} runs begin with" if exact else "There is no run"
            raise StoreError(
                f"{several} {name!r} below {str(runs_dir)!r}. "
                f"`rewardsmith runs list --runs {runs_dir}` lists them."
            )
        return read_calls(exact[0])

    return read
