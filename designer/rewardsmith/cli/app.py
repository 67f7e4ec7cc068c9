"""The subcommands: each parses its arguments and calls what does the work."""

from pathlib import Path
from typing import Annotated

import typer

from rewardsmith.cli import arguments as given
from rewardsmith.cli import completion
from rewardsmith.cli.people_app import label, rank
from rewardsmith.cli.policy_app import evaluate, train

app = typer.Typer(
    name="rewardsmith",
    help="Design reward functions for reinforcement learning, and judge them by a measure that "
    "they cannot touch.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
envs = typer.Typer(help="The environments that rewardsmith knows.", no_args_is_help=True)
runs = typer.Typer(help="The runs in a folder.", no_args_is_help=True)
app.add_typer(envs, name="envs")
app.add_typer(runs, name="runs")


def _print_version(asked: bool) -> None:
    if asked:
        from rewardsmith import __version__

        print(f"rewardsmith {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Design reward functions, and judge them by a measure that they cannot touch."""


@app.command()
def design(
    env: given.EnvOption,
    task: given.TaskOption,
    env_args: given.EnvArgsOption = None,
    fitness: given.FitnessOption = None,
    success: given.SuccessOption = None,
    candidates: Annotated[int | None, typer.Option(help="Programs in one iteration.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Rounds of the search.")] = None,
    timesteps: given.TimestepsOption = None,
    jobs: Annotated[
        int | None, typer.Option(help="Trainings at a time; default: free cores.")
    ] = None,
    seed: given.SeedOption = None,
    device: given.DeviceOption = None,
    backend: given.BackendOption = None,
    model: given.ModelOption = None,
    base_url: given.BaseUrlOption = None,
    prompts: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Templates that replace the shipped ones.")
    ] = None,
    init: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own reward program, to be improved.")
    ] = None,
    config: given.ConfigOption = None,
    settings: given.SettingsOption = None,
    runs_dir: given.RunsOption = Path("runs"),
    sandbox: given.SandboxOption = None,
    pause_after: given.PauseOption = None,
    track: given.TrackOption = None,
    quiet: given.QuietOption = False,
    no_video: given.VideoOption = False,
) -> None:
    """Search for a reward program that makes a policy do a task."""
    from rewardsmith.cli.driving import Manner, begin
    from rewardsmith.cli.request import Request, read_init

    flags = {
        "search.candidates": candidates,
        "search.iterations": iterations,
        "search.init": read_init(init) if init else None,
        "training.total_timesteps": timesteps,
        "training.device": device,
        "training.backend": backend,
        "model.model": model,
        "model.base_url": base_url,
        "roles.prompts": str(prompts.resolve()) if prompts else None,
        "require_sandbox": sandbox,
        "seed": seed,
        "jobs": jobs,
    }
    request = Request(
        env=env,
        env_args=tuple(env_args or ()),
        task=task,
        fitness=fitness,
        success=success,
        config=config,
        settings=tuple(settings or ()),
        flags={key: value for key, value in flags.items() if value is not None},
    )
    manner = Manner(
        quiet=quiet,
        with_video=not no_video,
        pause_after=pause_after,
        trackers=tuple(track or ()),
    )
    begin(request, runs_dir, manner)


@app.command()
def resume(
    run: given.RunArgument,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="As in model.max_cost_usd=5."),
    ] = None,
    runs_dir: given.RunsOption = Path("runs"),
    pause_after: given.PauseOption = None,
    track: given.TrackOption = None,
    quiet: given.QuietOption = False,
    no_video: given.VideoOption = False,
) -> None:
    """Continue a run where it stopped; a finished one is shown again."""
    from rewardsmith.cli.driving import Manner, proceed
    from rewardsmith.cli.runs import find_run

    manner = Manner(
        quiet=quiet,
        with_video=not no_video,
        pause_after=pause_after,
        trackers=tuple(track or ()),
    )
    proceed(find_run(run, runs_dir), settings or [], manner)


@app.command()
def inspect(
    run: given.RunArgument,
    candidate: given.SomeCandidate = None,
    compiled: Annotated[
        bool, typer.Option("--compiled", help="Show the array code that was trained with.")
    ] = False,
    runs_dir: given.RunsOption = Path("runs"),
    as_json: given.JsonOption = False,
) -> None:
    """Show a run, or everything known of one of its candidates."""
    from rewardsmith.cli.inspecting import inspect_run
    from rewardsmith.cli.runs import find_run

    inspect_run(find_run(run, runs_dir), candidate, with_compiled=compiled, as_json=as_json)


@app.command()
def edit(
    run: given.RunArgument,
    candidate: given.CandidateArgument,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The changed program; default: open it in $EDITOR."),
    ] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="What you changed, and why.")] = "",
    runs_dir: given.RunsOption = Path("runs"),
) -> None:
    """Change a candidate's program; the search judges yours like any other."""
    from rewardsmith.cli.editing import edit_candidate
    from rewardsmith.cli.runs import find_run

    edit_candidate(find_run(run, runs_dir), candidate, file=file, why=why)


app.command()(train)
app.command()(evaluate)
app.command()(rank)
app.command()(label)


@app.command()
def feedback(
    run: given.RunArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What you want to say.")],
    candidate: Annotated[
        str | None,
        typer.Option(
            metavar="CANDIDATE",
            help="As in 001/2; the whole run by default.",
            autocompletion=completion.candidates,
        ),
    ] = None,
    episode: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="A recorded episode of the candidate; with --steps."),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(metavar="FIRST:LAST", help="The part of the episode that is meant: 40:80."),
    ] = None,
    runs_dir: given.RunsOption = Path("runs"),
) -> None:
    """Say something about a run, a candidate or a part of its film; the next iteration reads it."""
    from rewardsmith.cli.remarking import remark
    from rewardsmith.cli.runs import find_run

    remark(find_run(run, runs_dir), text, candidate, episode, steps)


@app.command("diff")
def diff_candidates(
    run: given.RunArgument,
    old: Annotated[
        str,
        typer.Argument(
            metavar="A", help="A candidate, as in 000/2.", autocompletion=completion.candidates
        ),
    ],
    new: Annotated[
        str,
        typer.Argument(
            metavar="B",
            help="Another; `best` for the winner.",
            autocompletion=completion.candidates,
        ),
    ],
    runs_dir: given.RunsOption = Path("runs"),
    as_json: given.JsonOption = False,
) -> None:
    """Show what one candidate's program has that another's has not."""
    from rewardsmith.cli.inspecting import compare
    from rewardsmith.cli.runs import find_run

    compare(find_run(run, runs_dir), old, new, as_json=as_json)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A reward program.")],
    env: given.EnvOption,
    task: Annotated[
        str | None,
        typer.Option(help="Task whose start and end are probed.", autocompletion=completion.tasks),
    ] = None,
    env_args: given.EnvArgsOption = None,
    as_json: given.JsonOption = False,
) -> None:
    """Check a reward program: its text, then its compiled form on real transitions."""
    from rewardsmith.cli.checking import check_file

    raise typer.Exit(check_file(file, env, task, env_args or (), as_json=as_json))


@app.command()
def export(
    run: given.RunArgument,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder to write into.")],
    candidate: Annotated[
        str,
        typer.Option(
            metavar="CANDIDATE",
            help="As in 001/2; the winner by default.",
            autocompletion=completion.candidates,
        ),
    ] = "best",
    env_path: Annotated[
        Path | None,
        typer.Option(
            "--env-path",
            metavar="DIR",
            help="Where environment.py finds your environment's module; default: it is copied.",
        ),
    ] = None,
    runs_dir: given.RunsOption = Path("runs"),
) -> None:
    """Write a reward as a module of its own that needs only NumPy, with its policy."""
    from rewardsmith.cli.exporting import export_candidate
    from rewardsmith.cli.runs import find_run
    from rewardsmith.store.run import Run

    export_candidate(Run.read(find_run(run, runs_dir)), candidate, to, env_path)


@app.command()
def models(
    model: given.ModelOption = None,
    base_url: given.BaseUrlOption = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A YAML file of settings.")
    ] = None,
) -> None:
    """Show which language models can be asked, and try one with a tiny call."""
    from rewardsmith.cli.models import show_models

    raise typer.Exit(show_models(model, base_url, config))


@app.command()
def view(
    runs_dir: Annotated[
        Path, typer.Argument(metavar="[RUNS]", help="A folder of runs, or one run.")
    ] = Path("runs"),
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Where to listen.")] = None,
    host: Annotated[
        str, typer.Option(help="Beyond this machine's loopback a token is asked for.")
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
) -> None:
    """Look at runs in a browser, while they go and after."""
    from rewardsmith.cli.viewing import view_runs

    view_runs(runs_dir, host=host, port=port, with_browser=not no_browser)


@envs.command("list")
def list_envs(as_json: given.JsonOption = False) -> None:
    """List the environment cards."""
    from rewardsmith.cli.environments import list_cards

    list_cards(as_json=as_json)


@envs.command("show")
def show_env(ref: given.EnvArgument) -> None:
    """Show a card: its state fields and its tasks."""
    from rewardsmith.cli.environments import show_card

    show_card(ref)


@envs.command("draft")
def draft_env(
    ref: Annotated[
        str,
        typer.Argument(metavar="ENV", help="An id, module:Class, or the path of a .py file."),
    ],
    to: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PATH", help="File or folder.")
    ] = None,
    env_args: given.EnvArgsOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    describe: Annotated[
        bool, typer.Option("--describe", help="Let a model say what the fields mean.")
    ] = False,
    model: given.ModelOption = None,
    base_url: given.BaseUrlOption = None,
    config: given.ConfigOption = None,
) -> None:
    """Write a card for an environment that has none, to be corrected."""
    from rewardsmith.cli.describing import describer_of
    from rewardsmith.cli.drafting import draft_to

    describer = describer_of(model, base_url, config) if describe else None
    draft_to(ref, to, env_args or (), force=force, describer=describer)


@envs.command("check")
def check_envs(
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="[ENV]...", help="As in --env of `design`.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every shipped card.")] = False,
    env_args: given.EnvArgsOption = None,
) -> None:
    """Compare cards with their environments; status 1 when one does not hold."""
    from rewardsmith.cli.card_page import check_cards

    raise typer.Exit(check_cards(refs or (), env_args or (), all_=all_))


@envs.command("parity")
def compare_backend(
    ref: Annotated[str, typer.Argument(metavar="ID")],
    backend: Annotated[str, typer.Option(help="Which of the card's backends.")] = "envpool",
    episodes: Annotated[int, typer.Option(min=16, help="Of each policy, in each.")] = 64,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Instead of beside the card.")
    ] = None,
) -> None:
    """Compare a card's faster backend with its own package; training refuses it without that."""
    from rewardsmith.cli.parity_page import compare_backend

    if not compare_backend(ref, backend, n_episodes=episodes, to=to):
        raise typer.Exit(1)


@envs.command("fitness")
def measure_fitness(
    ref: Annotated[str, typer.Argument(metavar="ENV", help="As in --env of `design`.")],
    task: Annotated[str | None, typer.Option(help="A task of the card; all by default.")] = None,
    fitness: Annotated[
        str | None, typer.Option(metavar="EXPR", help="To measure instead of the card's.")
    ] = None,
    success: Annotated[str | None, typer.Option(metavar="EXPR", help="Beside --fitness.")] = None,
    env_args: given.EnvArgsOption = None,
) -> None:
    """Show what fitness and success say of doing nothing, chance and known rollouts."""
    from rewardsmith.cli.fitness_page import Measure, show_fitness

    measure = Measure(task=task, fitness=fitness, success=success)
    raise typer.Exit(show_fitness(ref, measure, env_args or ()))


@runs.command("list")
def list_runs(runs_dir: given.RunsOption = Path("runs"), as_json: given.JsonOption = False) -> None:
    """List the runs in a folder."""
    from rewardsmith.cli.runs import list_folder

    list_folder(runs_dir, as_json=as_json)
