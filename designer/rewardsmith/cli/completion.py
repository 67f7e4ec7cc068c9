"""What a shell offers after Tab: environments, tasks, runs, candidates.

Asked for at every key press: it lists folders, and reads nothing that could be large. What cannot
be read offers nothing, and never an error.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import typer

RUN_FILE: Final = "run.json"
"""As in `store.layout`, which takes longer to import than a person waits for Tab."""
_TASKS: Final = re.compile(r"^tasks:\n((?:[ \t#].*\n|\n)+)", re.MULTILINE)
_NAME: Final = re.compile(r"^  ([A-Za-z_][\w-]*):", re.MULTILINE)


def environments(incomplete: str) -> list[str]:
    """Ids of the shipped cards."""
    from rewardsmith.resources import root

    return _beginning(incomplete, (p.name for p in root("envs").iterdir() if p.is_dir()))


def tasks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Tasks of the card that --env names."""
    from rewardsmith.resources import root

    env = str(ctx.params.get("env") or "")
    shipped = root("envs").joinpath(env, "card.yaml") if env and "/" not in env else None
    path = shipped if shipped is not None and shipped.is_file() else Path(env)
    try:
        found = _TASKS.search(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return []
    return _beginning(incomplete, _NAME.findall(found[1]) if found else ())


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of the runs below --runs, the newest first, and `last`."""
    names = sorted((folder.name for folder in _run_folders(ctx)), reverse=True)
    return _beginning(incomplete, [*names, "last"] if names else [])


def candidates(ctx: typer.Context, incomplete: str) -> list[str]:
    """Candidates of the run that was named before, and `best`."""
    run = str(ctx.params.get("run") or "")
    folders = [f for f in _run_folders(ctx) if f.name.startswith(run)]
    if run == "last":
        folders = sorted(_run_folders(ctx), key=lambda f: (f / RUN_FILE).stat().st_mtime_ns)[-1:]
    folder = Path(run) if (Path(run) / RUN_FILE).is_file() else next(iter(folders), None)
    found = folder.glob("iterations/*/candidates/*") if folder and run else ()
    names = sorted(f"{path.parts[-3]}/{path.name}" for path in found)
    return _beginning(incomplete, [*names, "best"] if names else [])


def trackers(incomplete: str) -> list[str]:
    """Experiment trackers."""
    return _beginning(incomplete, ("wandb", "mlflow", "trackio"))


def _run_folders(ctx: typer.Context) -> list[Path]:
    runs_dir = Path(str(ctx.params.get("runs_dir") or "runs"))
    try:
        return [path for path in runs_dir.iterdir() if (path / RUN_FILE).is_file()]
    except OSError:
        return []


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
