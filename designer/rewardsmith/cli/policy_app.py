"""The subcommands about policies: train one with a given reward, evaluate a stored one."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from rewardsmith.cli import arguments as given

SeedSet = Literal["training", "selection", "report", "later"]


def train(
    file: Annotated[Path, typer.Argument(metavar="REWARD.py", help="A reward program.")],
    env: given.EnvOption,
    task: given.TaskOption,
    env_args: given.EnvArgsOption = None,
    fitness: given.FitnessOption = None,
    success: given.SuccessOption = None,
    timesteps: given.TimestepsOption = None,
    seed: given.SeedOption = None,
    device: given.DeviceOption = None,
    backend: given.BackendOption = None,
    seed_set: Annotated[
        SeedSet, typer.Option("--seed-set", help="Episodes that the policy is judged on.")
    ] = "report",
    episodes: Annotated[int | None, typer.Option(help="How many of them; 20 by default.")] = None,
    config: given.ConfigOption = None,
    settings: given.SettingsOption = None,
    runs_dir: given.RunsOption = Path("runs"),
    sandbox: given.SandboxOption = None,
    track: given.TrackOption = None,
    quiet: given.QuietOption = False,
    no_video: given.VideoOption = False,
    as_json: given.JsonOption = False,
) -> None:
    """Train one policy with your reward program, as locked as in a search, and judge it."""
    from rewardsmith.cli.driving import Manner
    from rewardsmith.cli.request import Request
    from rewardsmith.cli.training import read_own, train_with

    request = Request(
        env=env,
        env_args=tuple(env_args or ()),
        task=task,
        fitness=fitness,
        success=success,
        config=config,
        settings=tuple(settings or ()),
        flags=read_own(
            file,
            {
                "training.total_timesteps": timesteps,
                "training.device": device,
                "training.backend": backend,
                "evaluation.conclusion": seed_set,
                "evaluation.report_episodes": episodes,
                "require_sandbox": sandbox,
                "seed": seed,
            },
        ),
    )
    manner = Manner(
        quiet=quiet,
        with_video=not no_video,
        trackers=tuple(track or ()),
        on_stderr=as_json,
    )
    raise typer.Exit(train_with(request, runs_dir, manner, as_json=as_json))


def evaluate(
    run: given.RunArgument,
    candidate: given.SomeCandidate = None,
    episodes: Annotated[int, typer.Option(min=1, help="Episodes, none of them ever used.")] = 100,
    runs_dir: given.RunsOption = Path("runs"),
    as_json: given.JsonOption = False,
) -> None:
    """Judge a stored policy on fresh episodes: success and fitness, with intervals."""
    from rewardsmith.cli.evaluating import evaluate_candidate
    from rewardsmith.cli.runs import find_run

    folder = find_run(run, runs_dir)
    evaluate_candidate(folder, candidate or "best", episodes, as_json=as_json)
