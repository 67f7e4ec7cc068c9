"""How things are printed: one console, and text of unknown authors without markup or controls."""

import sys
from typing import Final

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from rewardsmith.isolation.text import clean_text

PLAIN_WIDTH: Final = 120
"""Columns where the output is no terminal."""
KEPT_BYTES: Final = 256 * 1024


def console(*, stderr: bool = False) -> Console:
    """A console that colours on terminals and writes plain text everywhere else."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return _Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def safe(text: str, style: str = "") -> Text:
    """Text by anybody, to be printed as it reads."""
    return Text(cleaned(text), style=style)


def cleaned(text: str) -> str:
    """`text` without control characters."""
    return clean_text(text, kept_bytes=KEPT_BYTES).rstrip("\n")


def heading(text: str) -> Text:
    """The title of a part."""
    return Text(f"\n{text}", style="bold")


def code(text: str, *, numbered: bool = True) -> Syntax:
    """Python source, highlighted."""
    return _syntax(text, "python", numbered=numbered)


def diff(text: str) -> Syntax:
    """A unified diff, coloured."""
    return _syntax(text, "diff", numbered=False)


class _Console(Console):
    """rich ends the process with status 1 when nobody reads on; `entry` knows better."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _syntax(text: str, language: str, *, numbered: bool) -> Syntax:
    return Syntax(
        cleaned(text),
        language,
        theme="ansi_dark",
        background_color="default",
        line_numbers=numbered,
        word_wrap=True,
    )
