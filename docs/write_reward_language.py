"""Writes the table of `xp` in docs/reward-programs.md from the library itself."""

from itertools import groupby
from pathlib import Path

from rewardsmith.language import library

PAGE = Path(__file__).parent / "reward-programs.md"
MARK = "<!-- the rest of this page is written by docs/write_reward_language.py -->"


def table() -> str:
    """Every primitive with signature, formula and one line."""
    lines = []
    for group, primitives in groupby(library.describe(), key=lambda p: p.group):
        lines += [f"\n### {group.capitalize()}\n", "| call | is | |", "|---|---|---|"]
        for primitive in primitives:
            cells = (f"`{primitive.signature}`", f"`{primitive.formula}`", primitive.doc)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(f"{text}{MARK}\n{table()}", encoding="utf-8")
