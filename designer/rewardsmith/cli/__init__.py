"""The command line: parse, call, print.

Nothing heavy is imported before a command needs it, so `--help` answers at once.
"""

from rewardsmith.cli.entry import main

__all__ = ["main"]
