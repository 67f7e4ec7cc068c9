"""Arguments that several subcommands share, each with its help and what a shell completes."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from rewardsmith.cli import completion

Device = Literal["auto", "cpu", "cuda"]
Backend = Literal["auto", "python", "envpool"]
Sandbox = Literal["any", "partial", "strict"]
PauseAfter = Literal["iteration", "critic"]

RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run's folder, its id or the start of it, or `last`.",
        autocompletion=completion.runs,
    ),
]
CandidateArgument = Annotated[
    str,
    typer.Argument(
        metavar="CANDIDATE",
        help="As in 001/2; `best` for the winner.",
        autocompletion=completion.candidates,
    ),
]
SomeCandidate = Annotated[
    str | None,
    typer.Argument(
        metavar="[CANDIDATE]",
        help="As in 001/2; `best` for the winner.",
        autocompletion=completion.candidates,
    ),
]
RunsOption = Annotated[Path, typer.Option("--runs", metavar="DIR", help="Where runs lie.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
VideoOption = Annotated[bool, typer.Option("--no-video", help="Render no video of the winner.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead; docs/json.md describes it.")
]
EnvOption = Annotated[
    str,
    typer.Option(
        "--env",
        metavar="REF",
        help="A card's id or path, an id, module:Class, or a .py file.",
        autocompletion=completion.environments,
    ),
]
EnvArgsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--env-arg", metavar="KEY=VALUE", help="For the environment's constructor, as in lanes=3."
    ),
]
EnvArgument = Annotated[
    str,
    typer.Argument(
        metavar="ENV", help="As in --env of `design`.", autocompletion=completion.environments
    ),
]
TaskOption = Annotated[
    str,
    typer.Option(
        help="A task of the card; with --fitness, an instruction in words.",
        autocompletion=completion.tasks,
    ),
]
SomeTask = Annotated[
    str | None,
    typer.Option(help="A task of the card.", autocompletion=completion.tasks),
]
FitnessOption = Annotated[
    str | None,
    typer.Option(
        metavar="EXPR",
        help="Over one episode's fields; higher is better; `human`: you compare rollouts; "
        "`draft`: three are drafted, you label rollouts and choose.",
    ),
]
SuccessOption = Annotated[
    str | None,
    typer.Option(metavar="EXPR", help="When the task counts as done; default: beyond chance."),
]
TimestepsOption = Annotated[int | None, typer.Option(help="Steps of one full training.")]
SeedOption = Annotated[int | None, typer.Option(help="Everything random follows from it.")]
DeviceOption = Annotated[Device | None, typer.Option(help="Where policies train.")]
BackendOption = Annotated[
    Backend | None, typer.Option(help="Who steps the environments in training; python by default.")
]
ConfigOption = Annotated[Path | None, typer.Option(metavar="FILE", help="A YAML file of settings.")]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, as in search.keep=0.5."),
]
SandboxOption = Annotated[
    Sandbox | None, typer.Option("--require-sandbox", help="Lowest isolation of reward code.")
]
ModelOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="As in openai/gpt-5, ollama/qwen3, manual, replay:RUN."),
]
BaseUrlOption = Annotated[
    str | None, typer.Option(metavar="URL", help="A server that speaks OpenAI's API.")
]
TrackOption = Annotated[
    list[str] | None,
    typer.Option(
        "--track",
        metavar="[wandb|mlflow|trackio]",
        help="Report to an experiment tracker; may be given again.",
        autocompletion=completion.trackers,
    ),
]
PauseOption = Annotated[
    PauseAfter | None,
    typer.Option(
        "--pause-after", help="Stop there, for you to look, edit and say something; then resume."
    ),
]
