"""Where the command line begins and ends: every error becomes clear text and an exit status.

0 done, 1 the run failed, 2 usage, 130 interrupted.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from rewardsmith.errors import RewardsmithError

INTERRUPTED = 130


class Interrupted(RewardsmithError):
    """A person stopped a run that can be continued."""

    exit_code = INTERRUPTED


class RunFailed(RewardsmithError):
    """A run came to its end, and to nothing."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its status."""
    from rewardsmith.cli.app import app

    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_status(app, words))


def _status(app: Any, words: list[str]) -> int:
    try:
        returned = app(words, prog_name="rewardsmith", standalone_mode=False)
        sys.stdout.flush()
    except RewardsmithError as error:
        return _refuse(str(error), error.exit_code)
    except BrokenPipeError:
        return _pipe_closed()
    except Exception as error:
        return _usage(error)
    except KeyboardInterrupt:
        return _refuse("Interrupted.", INTERRUPTED)
    return returned if isinstance(returned, int) else 0


def _usage(error: Exception) -> int:
    """Word what the parser refused; anything else is a defect and keeps its traceback."""
    if type(error).__name__ == "Abort":
        return _refuse("Interrupted.", INTERRUPTED)
    wording = getattr(error, "format_message", None)
    if wording is None:
        raise error
    # Typer now carries a parser of its own and used click before: the attributes are the same.
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "rewardsmith"
    text = _with_guess(error, str(wording()).rstrip())
    return _refuse(f"{text} `{where} --help` lists what there is.", 2)


def _with_guess(error: Exception, text: str) -> str:
    possible = getattr(error, "possibilities", None)
    name = getattr(error, "option_name", None)
    if name is not None:
        near = get_close_matches(name, possible or (), n=2, cutoff=0.5)
        guess = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"No such option: {name}.{guess}"
    return text if text.endswith((".", "?")) else f"{text}."


def _refuse(text: str, status: int) -> int:
    from rewardsmith.cli.terminal import console, safe

    lead = "" if status == INTERRUPTED else "Error: "
    with contextlib.suppress(BrokenPipeError):
        console(stderr=True).print(safe(lead + text), soft_wrap=True)
    return status


def _pipe_closed() -> int:
    """`rewardsmith inspect last | head` is not a failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
