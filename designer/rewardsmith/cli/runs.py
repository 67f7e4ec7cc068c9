"""Finds a run by what a person types: a path, an id, the start of one, or `last`."""

import math
from dataclasses import replace
from pathlib import Path

from rich.table import Table

from rewardsmith.cli.documents import runs_document
from rewardsmith.cli.printing import print_json
from rewardsmith.cli.terminal import console, safe
from rewardsmith.environments.cards import environment_name
from rewardsmith.errors import UsageError, unknown
from rewardsmith.store.layout import RUN_FILE
from rewardsmith.store.manifest import read_manifest
from rewardsmith.store.run import run_folders
from rewardsmith.viewer.catalogue import Catalogue, Entry


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


def list_folder(runs_dir: Path, *, as_json: bool = False) -> None:
    """Print the runs below `runs_dir`, newest first."""
    listed = Catalogue(runs_dir).listing(budget_s=math.inf).entries
    entries = [replace(entry, env=_environment(runs_dir, entry)) for entry in listed]
    if as_json:
        print_json(runs_document(runs_dir, entries))
        return
    if not entries:
        console().print(safe(f"No runs in {str(runs_dir)!r}."))
        return
    table = Table(box=None, pad_edge=False)
    for name in ("run", "started", "environment", "task", "status", "candidates", "score", "CPU"):
        numeric = name in ("candidates", "score", "CPU")
        table.add_column(name, justify="right" if numeric else "left")
    for entry in entries:
        table.add_row(*(safe(cell) for cell in _cells(entry)))
    console().print(table)
    for entry in entries:
        if entry.problem:
            console(stderr=True).print(safe(f"{entry.name}: {entry.problem}"), soft_wrap=True)


def _environment(runs_dir: Path, entry: Entry) -> str:
    if entry.status == "unreadable":
        return ""
    return environment_name(read_manifest(runs_dir / entry.name).task.env)


def _cells(entry: Entry) -> tuple[str, ...]:
    return (
        entry.name,
        entry.created,
        entry.env,
        entry.task,
        entry.status,
        str(entry.n_candidates),
        "-" if entry.fitness is None else f"{entry.fitness:.3g}",
        f"{entry.cpu_s:,.0f} s",
    )
