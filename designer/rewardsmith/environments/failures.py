"""Words what environment code did wrong: one line with what, where, and the next step."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rewardsmith.environments.absences import how_to_install
from rewardsmith.errors import RewardsmithError, UsageError

MAX_REASON = 300


@contextmanager
def blamed(ref: str, doing: str) -> Iterator[None]:
    """Turn whatever environment code raises into one line that says so.

    Args:
        ref: The environment, as the person wrote it.
        doing: What was called: `__init__`, `reset()`, `step()`.

    Raises:
        UsageError: In place of any other exception.
    """
    try:
        yield
    except RewardsmithError:
        raise
    except Exception as error:  # a user's code may raise anything
        raise UsageError(worded(error, ref, doing)) from error


def worded(error: Exception, ref: str, doing: str) -> str:
    """One line about an exception of environment code."""
    reason = " ".join(str(error).split())[:MAX_REASON].rstrip(".")
    said = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
    where = place_of(error)
    return f"{ref} raised in {doing}: {said}{where}. {_remedy(error)}"


def _remedy(error: Exception) -> str:
    """What to do about an exception; most often that is for the person to see."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return how_to_install(error.name)
    if isinstance(error, TypeError) and "argument 'seed'" in str(error):
        return (
            "Let it be `reset(self, *, seed=None, options=None)` and return (observation, info), "
            "as Gymnasium does since the old gym package."
        )
    return "Correct the environment, then try again."


def place_of(error: Exception) -> str:
    """File and line of the innermost frame that is the person's own code, as ` (x.py, line 3)`."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not _is_library(f.filename)]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def place_in(text: str) -> str:
    """As `place_of`, of a traceback that another process wrote."""
    frames = re.findall(r'^  File "(.+)", line (\d+)', text, re.MULTILINE)
    own = [(name, line) for name, line in frames if not _is_library(name)]
    return f" ({Path(own[-1][0]).name}, line {own[-1][1]})" if own else ""


def _is_library(filename: str) -> bool:
    here = str(Path(__file__).resolve().parents[1])
    return (
        "site-packages" in filename or filename.startswith((here, "<")) or "lib/python" in filename
    )
