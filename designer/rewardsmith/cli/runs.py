"""Finds a run by what a person types: a path, an id, the start of one, or `last`."""

from pathlib import Path

from rich.table import Table

from rewardsmith.cli.terminal import console, safe
from rewardsmith.environments.cards import environment_name
from rewardsmith.errors import UsageError, unknown
from rewardsmith.store.layout import RUN_FILE
from rewardsmith.store.manifest import read_manifest
from rewardsmith.store.run import run_folders


def find_run(name: str, runs_dir: Path) -> Path:
    """The folder of the run that `name` means.

    Raises:
        UsageError: No run, or more than one, is meant.
    """
    if (Path(name) / RUN_FILE).is_file():
        return Path(name)
    folders = run_folders(runs_dir)
    if not folders:
        raise UsageError(f"There is no run {name!r}, and none at all in {str(runs_dir)!r}.")
    if name == "last":
        return max(folders, key=lambda folder: (folder / RUN_FILE).stat().st_mtime_ns)
    matching = [f for f in folders if f.name == name] or [
        f for f in folders if f.name.startswith(name)
    ]
    if len(matching) > 1:
        listed = ", ".join(f.name for f in matching)
        raise UsageError(f"{name!r} may be any of {listed}. Write more of it.")
    if not matching:
        raise UsageError(unknown("run", name, ["last", *(f.name for f in folders)]))
    return matching[0]


def list_folder(runs_dir: Path) -> None:
    """Print the runs below `runs_dir`."""
    folders = run_folders(runs_dir)
    if not folders:
        console().print(safe(f"No runs in {str(runs_dir)!r}."))
        return
    table = Table("run", "started", "environment", "task", box=None, pad_edge=False)
    for folder in folders:
        manifest = read_manifest(folder)
        env = environment_name(manifest.task.env)
        cells = (folder.name, manifest.created, env, manifest.task.name)
        table.add_row(*(safe(cell) for cell in cells))
    console().print(table)
