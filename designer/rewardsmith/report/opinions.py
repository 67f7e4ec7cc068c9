"""What people said of the winner's rollouts at the end: did it do what they asked?"""

from dataclasses import dataclass

from rewardsmith.errors import StoreError
from rewardsmith.feedback.labelling import LabelSheet, open_sheet
from rewardsmith.store.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """The answers to the last question of a run."""

    n_yes: int
    n_said: int
    """Rollouts that were called good or bad."""
    n_shown: int

    def __str__(self) -> str:
        if not self.n_said:
            return f"Nobody has said yet whether it did what was asked ({self.n_shown} rollouts)."
        return f"It did what was asked in {self.n_yes} of {self.n_said} rollouts, says a person."


def opinion_of(run: Run) -> Opinion | None:
    """What was said of the winner; None where nobody is asked, or it cannot be read."""
    try:
        sheet = open_sheet(run)
    except StoreError:
        return None
    return None if sheet is None or sheet.name != "winner" else _opinion(sheet)


def _opinion(sheet: LabelSheet) -> Opinion:
    n_yes = sum(saying == "good" for saying in sheet.labels.values())
    return Opinion(n_yes=n_yes, n_said=sheet.n_said, n_shown=len(sheet.rollouts))
