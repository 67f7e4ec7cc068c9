"""Asks for one of a few keys: a single keystroke on a terminal, a line everywhere else."""

import sys
from collections.abc import Mapping

import typer

from rewardsmith.cli.terminal import console, safe

END = "q"
"""What the end of the input counts as."""


def ask_key(keys: Mapping[str, str]) -> str:
    """The key that a person chose.

    Args:
        keys: Key to what it means; one of them is `END`.
    """
    out = console()
    shown = "  ".join(f"[{key}] {meaning}" for key, meaning in keys.items())
    while True:
        out.print(safe(f"{shown} > "), end="", soft_wrap=True)
        typed = _typed()
        out.print(safe(typed))
        if typed in keys:
            return typed


def _typed() -> str:
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        return line.strip().lower()[:1] if line else END
    key = str(typer.getchar()) or END
    if key in ("\x03", "\x04"):  # Ctrl-C and Ctrl-D
        return END
    return _ARROWS.get(key, key.lower())


_ARROWS = {"\x1b[D": "l", "\x1b[C": "r", "\x1b[B": "t"}
