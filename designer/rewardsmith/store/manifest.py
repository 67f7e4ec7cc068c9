"""`run.json`: what makes a folder a run, and says what it is a run of.

Written once, before anything else, and never changed. A folder without it is someone else's.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rewardsmith.errors import StoreError
from rewardsmith.messages import Task
from rewardsmith.store import spelling
from rewardsmith.store.artifacts import read_artifact
from rewardsmith.store.codec import dump, load
from rewardsmith.store.layout import CARD_FILE, RUN_FILE

SCHEMA = 1
"""Raised when an older rewardsmith could no longer read a run."""

FORMAT = "rewardsmith-run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a run was started with."""

    id: str
    created: str
    """ISO 8601, UTC."""
    task: Task
    config: Mapping[str, Any]
    """The resolved configuration, as `config.to_mapping` gives it."""
    versions: Mapping[str, str]
    """Of rewardsmith and what it stood on, by distribution name."""

    @property
    def config_hash(self) -> str:
        """Equal for runs of equal configuration: the first 16 digits of a SHA-256."""
        return hashlib.sha256(spelling.canonical(self.config)).hexdigest()[:16]


def manifest_bytes(manifest: Manifest) -> bytes:
    """The content of `run.json`."""
    return spelling.readable(
        {
            "format": FORMAT,
            "schema": SCHEMA,
            "id": manifest.id,
            "created": manifest.created,
            "task": dump(manifest.task),
            "config": manifest.config,
            "config_hash": manifest.config_hash,
            "versions": manifest.versions,
        }
    )


def read_manifest(folder: Path) -> Manifest:
    """Read the `run.json` of `folder`.

    Raises:
        StoreError: The folder is no run, is damaged, or comes from a newer rewardsmith.
    """
    if not (folder / RUN_FILE).is_file():
        raise StoreError(
            f"{str(folder)!r} is not a run: it holds no {RUN_FILE}. `rewardsmith runs list` lists "
            "the runs."
        )
    content = _parsed(folder)
    schema = content.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise StoreError(
            f"Run {folder.name!r} was written by a newer rewardsmith (schema {schema}; this one "
            f"reads up to {SCHEMA}). Upgrade: `pip install -U rewardsmith`."
        )
    try:
        return Manifest(
            id=str(content["id"]),
            created=str(content["created"]),
            task=_at_home(load(Task, content["task"]), folder),
            config=dict(content["config"]),
            versions=dict(content["versions"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(folder, f"{error} is missing or malformed") from error


def _at_home(task: Task, folder: Path) -> Task:
    """The task, whose card may lie in the run: then it is found wherever the run was moved to."""
    return replace(task, env=str((folder / CARD_FILE).resolve())) if task.env == CARD_FILE else task


def _parsed(folder: Path) -> dict[str, Any]:
    try:
        content = spelling.parse(read_artifact(folder, RUN_FILE))
    except ValueError as error:
        raise _damaged(folder, str(error)) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise StoreError(
            f"{str(folder)!r} holds a {RUN_FILE} of another program. `rewardsmith runs list` lists "
            "the runs."
        )
    return content


def _damaged(folder: Path, why: str) -> StoreError:
    return StoreError(
        f"{str(folder / RUN_FILE)!r} is damaged: {why}. Restore it from a copy of the run."
    )
