"""The subcommands: each parses its arguments and calls what does the work."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Device = Literal["auto", "cpu", "cuda"]
Sandbox = Literal["any", "partial", "strict"]

RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's folder, its id or the start of it, or `last`.")
]
RunsOption = Annotated[Path, typer.Option("--runs", metavar="DIR", help="Where runs lie.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
VideoOption = Annotated[bool, typer.Option("--no-video", help="Render no video of the winner.")]
EnvOption = Annotated[
    str,
    typer.Option(
        "--env", metavar="REF", help="A card's id or path, an id, module:Class, or a .py file."
    ),
]

ModelOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="As in openai/gpt-5, ollama/qwen3, manual, replay:RUN."),
]
BaseUrlOption = Annotated[
    str | None, typer.Option(metavar="URL", help="A server that speaks OpenAI's API.")
]

app = typer.Typer(
    name="rewardsmith",
    help="Design reward functions for reinforcement learning, and judge them by a measure that "
    "they cannot touch.",
    add_completion=False,
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
    env: EnvOption,
    task: Annotated[
        str, typer.Option(help="A task of the card; with --fitness, an instruction in words.")
    ],
    fitness: Annotated[
        str | None,
        typer.Option(metavar="EXPR", help="Over one episode's fields; higher is better."),
    ] = None,
    success: Annotated[
        str | None,
        typer.Option(metavar="EXPR", help="When the task counts as done; default: beyond chance."),
    ] = None,
    candidates: Annotated[int | None, typer.Option(help="Programs in one iteration.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Rounds of the search.")] = None,
    timesteps: Annotated[int | None, typer.Option(help="Steps of one full training.")] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Trainings at a time; default: free cores.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Everything random follows from it.")] = None,
    device: Annotated[Device | None, typer.Option(help="Where policies train.")] = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    prompts: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Templates that replace the shipped ones.")
    ] = None,
    init: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own reward program, to be improved.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A YAML file of settings.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One setting, as in search.keep=0.5."),
    ] = None,
    runs_dir: RunsOption = Path("runs"),
    sandbox: Annotated[
        Sandbox | None, typer.Option("--require-sandbox", help="Lowest isolation of reward code.")
    ] = None,
    quiet: QuietOption = False,
    no_video: VideoOption = False,
) -> None:
    """Search for a reward program that makes a policy do a task."""
    from rewardsmith.cli.driving import begin
    from rewardsmith.cli.request import Request, read_init

    flags = {
        "search.candidates": candidates,
        "search.iterations": iterations,
        "search.init": read_init(init) if init else None,
        "training.total_timesteps": timesteps,
        "training.device": device,
        "model.model": model,
        "model.base_url": base_url,
        "roles.prompts": str(prompts.resolve()) if prompts else None,
        "require_sandbox": sandbox,
        "seed": seed,
        "jobs": jobs,
    }
    request = Request(
        env=env,
        task=task,
        fitness=fitness,
        success=success,
        config=config,
        settings=tuple(settings or ()),
        flags={key: value for key, value in flags.items() if value is not None},
    )
    begin(request, runs_dir, quiet=quiet, with_video=not no_video)


@app.command()
def resume(
    run: RunArgument,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="As in model.max_cost_usd=5."),
    ] = None,
    runs_dir: RunsOption = Path("runs"),
    quiet: QuietOption = False,
    no_video: VideoOption = False,
) -> None:
    """Continue a run where it stopped; a finished one is shown again."""
    from rewardsmith.cli.driving import proceed
    from rewardsmith.cli.runs import find_run

    folder = find_run(run, runs_dir)
    proceed(folder, settings or [], quiet=quiet, with_video=not no_video)


@app.command()
def inspect(
    run: RunArgument,
    candidate: Annotated[
        str | None,
        typer.Argument(metavar="[CANDIDATE]", help="As in 001/2; `best` for the winner."),
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compiled", help="Show the array code that was trained with.")
    ] = False,
    runs_dir: RunsOption = Path("runs"),
) -> None:
    """Show a run, or everything known of one of its candidates."""
    from rewardsmith.cli.candidate_page import show_candidate
    from rewardsmith.cli.run_page import show_run
    from rewardsmith.cli.runs import find_run
    from rewardsmith.store.run import Run

    opened = Run.read(find_run(run, runs_dir))
    if candidate is None:
        show_run(opened)
    else:
        show_candidate(opened, candidate, with_compiled=compiled)


@app.command()
def feedback(
    run: RunArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What you want to say.")],
    candidate: Annotated[
        str | None, typer.Option(metavar="CANDIDATE", help="As in 001/2; the whole run by default.")
    ] = None,
    runs_dir: RunsOption = Path("runs"),
) -> None:
    """Say something about a run or a candidate; the next iteration reads it."""
    from rewardsmith.cli.remarking import remark
    from rewardsmith.cli.runs import find_run

    remark(find_run(run, runs_dir), text, candidate)


@app.command("diff")
def diff_candidates(
    run: RunArgument,
    old: Annotated[str, typer.Argument(metavar="A", help="A candidate, as in 000/2.")],
    new: Annotated[str, typer.Argument(metavar="B", help="Another; `best` for the winner.")],
    runs_dir: RunsOption = Path("runs"),
) -> None:
    """Show what one candidate's program has that another's has not."""
    from rewardsmith.cli.candidate_page import show_difference
    from rewardsmith.cli.runs import find_run
    from rewardsmith.store.run import Run

    show_difference(Run.read(find_run(run, runs_dir)), old, new)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A reward program.")],
    env: EnvOption,
    task: Annotated[str | None, typer.Option(help="Task whose start and end are probed.")] = None,
) -> None:
    """Check a reward program: its text, then its compiled form on real transitions."""
    from rewardsmith.cli.checking import check_file

    raise typer.Exit(check_file(file, env, task))


@app.command()
def export(
    run: RunArgument,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder to write into.")],
    candidate: Annotated[
        str, typer.Option(metavar="CANDIDATE", help="As in 001/2; the winner by default.")
    ] = "best",
    runs_dir: RunsOption = Path("runs"),
) -> None:
    """Write a reward as a module of its own that needs only NumPy, with its policy."""
    from rewardsmith.cli.exporting import export_candidate
    from rewardsmith.cli.runs import find_run
    from rewardsmith.store.run import Run

    export_candidate(Run.read(find_run(run, runs_dir)), candidate, to)


@app.command()
def models(
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
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
def list_envs() -> None:
    """List the environment cards."""
    from rewardsmith.cli.environments import list_cards

    list_cards()


@envs.command("show")
def show_env(ref: Annotated[str, typer.Argument(metavar="ID")]) -> None:
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
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
) -> None:
    """Write a card for an environment that has none, to be corrected."""
    from rewardsmith.cli.drafting import draft_to

    draft_to(ref, to, force=force)


@envs.command("check")
def check_envs(
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="[ENV]...", help="As in --env of `design`.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every shipped card.")] = False,
) -> None:
    """Compare cards with their environments; status 1 when one does not hold."""
    from rewardsmith.cli.card_page import check_cards

    raise typer.Exit(check_cards(refs or (), all_=all_))


@envs.command("fitness")
def measure_fitness(
    ref: Annotated[str, typer.Argument(metavar="ENV", help="As in --env of `design`.")],
    task: Annotated[str | None, typer.Option(help="A task of the card; all by default.")] = None,
    fitness: Annotated[
        str | None, typer.Option(metavar="EXPR", help="To measure instead of the card's.")
    ] = None,
    success: Annotated[str | None, typer.Option(metavar="EXPR", help="Beside --fitness.")] = None,
) -> None:
    """Show what fitness and success say of doing nothing, chance and known rollouts."""
    from rewardsmith.cli.fitness_page import Measure, show_fitness

    raise typer.Exit(show_fitness(ref, Measure(task=task, fitness=fitness, success=success)))


@runs.command("list")
def list_runs(runs_dir: RunsOption = Path("runs")) -> None:
    """List the runs in a folder."""
    from rewardsmith.cli.runs import list_folder

    list_folder(runs_dir)
