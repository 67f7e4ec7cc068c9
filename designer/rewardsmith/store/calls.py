"""The journal of model calls, `llm.jsonl`: every prompt, every answer, and what they cost.

It is a `Journal` like the run's own; `llm.record` knows its events. Its one writer is the run's
driver, which holds the run's lock.
"""

from pathlib import Path

from rewardsmith.errors import StoreError
from rewardsmith.llm.budget import Spending
from rewardsmith.llm.record import recount
from rewardsmith.store.journal import Event, Journal, read_journal
from rewardsmith.store.layout import RUN_FILE

CALLS_FILE = "llm.jsonl"


def open_calls(folder: Path) -> Journal:
    """Open the calls of the run in `folder` for appending; the caller holds the run's lock.

    Raises:
        StoreError: It is no run, the file is damaged, or it cannot be written.
    """
    return Journal(_require_run(folder) / CALLS_FILE)


def read_calls(folder: Path) -> tuple[Event, ...]:
    """Every recorded event of the calls of the run in `folder`; none if it asked no model.

    Raises:
        StoreError: It is no run, or the file is damaged.
    """
    path = _require_run(folder) / CALLS_FILE
    return read_journal(path).events if path.exists() else ()


def spent_on_calls(folder: Path) -> Spending:
    """What the calls of a run cost, counted from its journal alone."""
    return recount(read_calls(folder))


def _require_run(folder: Path) -> Path:
    if not (folder / RUN_FILE).is_file():
        raise StoreError(
            f"{str(folder)!r} is not a run: it holds no {RUN_FILE}. `rewardsmith runs list` lists "
            "those below runs/."
        )
    return folder
