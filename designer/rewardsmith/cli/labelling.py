"""`rewardsmith label`: rollouts in a terminal, to be called good or bad.

Before a search without a fitness they choose the measure; at its end they say whether it did the
task.
"""

from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from rewardsmith.cli.keys import END, ask_key
from rewardsmith.cli.side_by_side import rollouts_table
from rewardsmith.cli.terminal import console, heading, safe
from rewardsmith.environments.cards import load_card
from rewardsmith.errors import UsageError
from rewardsmith.feedback.filming import film_of
from rewardsmith.feedback.labelling import SHEET_FOLDERS, LabelSheet, open_sheet
from rewardsmith.report.opinions import opinion_of
from rewardsmith.report.page import REPORT_FILE, report_html
from rewardsmith.store.artifacts import write_artifact
from rewardsmith.store.labels import (
    Label,
    Saying,
    append_choice,
    append_label,
    append_label_undo,
)
from rewardsmith.store.run import Run

CLIP_KEYS: Final = {"g": "good", "b": "bad", "s": "skip", "u": "undo", "c": "choose", END: "leave"}
WINNER_KEYS: Final = {"y": "yes", "n": "no", "s": "skip", "u": "undo", END: "leave"}
_SAYINGS: Final[dict[str, Saying]] = {
    "g": "good",
    "y": "good",
    "b": "bad",
    "n": "bad",
    "s": "skip",
}


def label_run(folder: Path, *, with_film: bool) -> None:
    """Ask about every rollout that waits for a label, then for what follows from the labels.

    Raises:
        UsageError: The run asks nothing.
        StoreError: The run cannot be read, or a label not be written.
    """
    run, out = Run.read(folder), console()
    sheet = open_sheet(run)
    if sheet is None:
        raise UsageError(
            f"{run.id} asks for no labels: it has a fitness, or is not that far. "
            "`rewardsmith rank` compares rollouts of any run."
        )
    asked = "Is it good?" if sheet.name == "clip" else "Did it do what you asked?"
    out.print(safe(f"{asked} {run.manifest.task.instruction}", "bold"), soft_wrap=True)
    _Table(run, out, with_film=with_film).go_through()
    if sheet.name == "clip":
        _choose(run, out)
    else:
        out.print(safe(str(opinion_of(run))))
        write_artifact(run.folder, REPORT_FILE, report_html(run).encode("utf-8"))


class _Table:
    """Shows one rollout after another."""

    def __init__(self, run: Run, out: Console, *, with_film: bool) -> None:
        self._run, self._out, self._with_film = run, out, with_film
        self._state = load_card(run.manifest.task.env).state

    def go_through(self) -> None:
        """Ask until all is said, or the person leaves or chooses."""
        while True:
            sheet = open_sheet(self._run)
            if sheet is None or sheet.next is None:
                return
            self._show(sheet, sheet.next)
            key = ask_key(CLIP_KEYS if sheet.name == "clip" else WINNER_KEYS)
            if key in (END, "c"):
                return
            if key == "u":
                append_label_undo(self._run.folder)
                continue
            said = Label(
                sheet=sheet.name, number=sheet.next, saying=_SAYINGS[key], source="terminal"
            )
            append_label(self._run.folder, said)

    def _show(self, sheet: LabelSheet, number: int) -> None:
        rollout = sheet.rollouts[number]
        out = self._out
        out.print(heading(f"Rollout {len(sheet.labels) + 1} of {len(sheet.rollouts)}"))
        if self._with_film:
            film = film_of(self._run, SHEET_FOLDERS[sheet.name], rollout)
            self._with_film = not film.is_final
            shown = f"film: {film.path}" if film.path else f"no film: {film.reason}"
            out.print(safe(shown), soft_wrap=True)
        out.print(rollouts_table(("rollout",), (rollout,), self._state))


def _choose(run: Run, out: Console) -> None:
    sheet = open_sheet(run)
    if sheet is None or not sheet.drafts:
        return
    out.print(heading(f"Drafted measures, and how far they agree with {sheet.n_said} labels"))
    if sheet.note:
        out.print(safe(sheet.note, "dim"), soft_wrap=True)
    out.print(_drafts(sheet))
    if sheet.best is not None:
        out.print(safe("* agrees best", "dim"))
    elif any(draft.agreement for draft in sheet.drafts):
        out.print(safe("None agrees with your labels more than a coin would.", "yellow"))
    name = run.folder.name if str(run.folder.parent) == "runs" else run.folder
    if not sheet.is_enough:
        out.print(safe("A few more labels, good and bad ones, and you can choose."))
        return
    keys = {str(i + 1): "choose" for i in range(len(sheet.drafts))}
    key = ask_key({**keys, END: "leave"})
    if key == END:
        return
    append_choice(run.folder, int(key) - 1, source="terminal")
    doubt = sheet.drafts[int(key) - 1].doubt
    if doubt:
        warning = f"Warning: {doubt} `rewardsmith label {name}` chooses another."
        out.print(safe(warning, "yellow"), soft_wrap=True)
    said = f"Chosen. `rewardsmith resume {name}` freezes it and goes on."
    out.print(safe(said), soft_wrap=True)


def _drafts(sheet: LabelSheet) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("", "agrees", "by", "measure", "what it takes the task to be"):
        table.add_column(title, overflow="fold")
    for number, draft in enumerate(sheet.drafts):
        mark = "*" if number == sheet.best else ""
        agrees = "-" if draft.agreement is None else str(draft.agreement)
        cells = (f"{number + 1}{mark}", agrees, draft.author, draft.text, draft.meaning)
        table.add_row(*map(safe, cells))
    return table
