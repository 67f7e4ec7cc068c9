"""Which rollout to label next, and how far each drafted fitness agrees with the labels.

Nothing here writes. The rollouts that the drafts dispute come first: where all agree, a label
chooses between none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rewardsmith.analysis.intervals import Interval
from rewardsmith.analysis.ranking import order_accuracy, order_interval
from rewardsmith.environments.cards import load_card
from rewardsmith.environments.fitness import compile_fitness
from rewardsmith.messages import Author, MeasureDraft, Trajectory
from rewardsmith.store.codec import load
from rewardsmith.store.labels import Labels, Saying, Sheet, read_labels
from rewardsmith.store.run import Run

CLIPS_FOLDER, WINNER_FOLDER = "clips", "winner"
SHEET_FOLDERS: Mapping[Sheet, str] = {"clip": CLIPS_FOLDER, "winner": WINNER_FOLDER}
ENOUGH = 8
"""Labels with which a draft may be chosen: fewer tell hardly anything."""
CHANCE = 0.5
"""Share of the pairs that a coin orders rightly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A drafted fitness, and what the labels say of it."""

    text: str
    why: str
    agreement: Interval | None
    """Share of good-bad pairs that it orders rightly, in [0, 1]; None before there is a pair."""
    name: str = ""
    """What its author calls it; may be empty."""
    success: str = ""
    """The author's own success criterion; empty: the labels say what success is."""
    author: Author = "offline"

    @property
    def meaning(self) -> str:
        """What it takes the task to be, under its name where it has one."""
        return f"{self.name}: {self.why}" if self.name else self.why

    @property
    def doubt(self) -> str:
        """Why not to choose it; empty where the labels do not speak against it."""
        if self.agreement is None or self.agreement.estimate > CHANCE:
            return ""
        return (
            f"It orders {self.agreement.estimate:.0%} of the pairs of a good and a bad rollout as "
            "you do, no more than a coin would: it hardly measures what you mean."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelSheet:
    """The rollouts that are to be labelled, and what was said so far."""

    name: Sheet
    kinds: tuple[str, ...]
    """What each rollout is: `random`, `early`, ..."""
    rollouts: tuple[Trajectory, ...]
    order: tuple[int, ...]
    """Indices in the order in which they are shown."""
    labels: dict[int, Saying]
    drafts: tuple[Draft, ...] = ()
    """Empty on the winner's sheet."""
    chosen: int | None = None
    note: str = ""
    """Why not all drafts are by the model that was asked for them; empty otherwise."""

    @property
    def next(self) -> int | None:
        """The rollout to label next; None when all are."""
        return next((i for i in self.order if i not in self.labels), None)

    @property
    def n_said(self) -> int:
        """Rollouts that were called good or bad."""
        return sum(saying != "skip" for saying in self.labels.values())

    @property
    def is_enough(self) -> bool:
        """Whether a draft may be chosen: enough labels, of both kinds."""
        said = set(self.labels.values())
        return (self.n_said >= ENOUGH and {"good", "bad"} <= said) or self.next is None

    @property
    def best(self) -> int | None:
        """Index of the draft that agrees best, the first of equals; None if none beats a coin."""
        agreed = [d.agreement.estimate if d.agreement else 0.0 for d in self.drafts]
        return int(np.argmax(agreed)) if max(agreed, default=0.0) > CHANCE else None

    @property
    def doubt(self) -> str:
        """Why not to keep to what was chosen; empty where nothing was, or nothing is against it."""
        return "" if self.chosen is None else self.drafts[self.chosen].doubt


def open_sheet(run: Run) -> LabelSheet | None:
    """What the run asks a person to label now; None when nothing.

    Raises:
        StoreError: The rollouts or the labels cannot be read.
    """
    labels = read_labels(run.folder)
    if run.manifest.task.is_drafted:
        return _clips(run, labels)
    return _winner(run, labels)


def values_of(run: Run, text: str, rollouts: tuple[Trajectory, ...]) -> list[float]:
    """A fitness of every rollout, computed here: no policy learns from it."""
    task = run.manifest.task
    card = load_card(task.env)
    fitness = compile_fitness(text, card.state, horizon=task.horizon, dt=card.dt)
    return [fitness.evaluate(rollout) for rollout in rollouts]


def success_of(text: str, values: list[float], labels: dict[int, Saying]) -> str:
    """The success criterion that separates good from bad best: above a value between them.

    Args:
        text: The fitness.
        values: Of every rollout.
        labels: By rollout.
    """
    good = sorted(values[i] for i, saying in labels.items() if saying == "good")
    bad = sorted(values[i] for i, saying in labels.items() if saying == "bad")
    known = sorted({*good, *bad})
    step = 0.1 * max(known[-1] - known[0], 1e-3) if known else 0.1
    if not good or not bad:  # above everything bad, or below everything good
        edge = bad[-1] + step if bad else good[0] - step if good else 0.0
        return f"({text}) > {edge:.4g}"
    edges = [(a + b) / 2 for a, b in pairwise(known)] or [known[0]]
    right = [
        sum(g > e for g in good) / len(good) + sum(b <= e for b in bad) / len(bad) for e in edges
    ]
    return f"({text}) > {edges[int(np.argmax(right))]:.4g}"


def settled_success(run: Run, draft: Draft, sheet: LabelSheet) -> str:
    """The draft's own success criterion, unless a value of its fitness fits the labels better."""
    by_value = success_of(draft.text, values_of(run, draft.text, sheet.rollouts), sheet.labels)
    if not draft.success:
        return by_value
    fit = [_fit(run, criterion, sheet) for criterion in (draft.success, by_value)]
    return draft.success if fit[0] >= fit[1] else by_value


def _fit(run: Run, criterion: str, sheet: LabelSheet) -> float:
    """Share of the labels that a criterion over episodes shares, good and bad counting alike."""
    met = [value > 0 for value in values_of(run, criterion, sheet.rollouts)]
    shares = []
    for saying, wanted in (("good", True), ("bad", False)):
        right = [met[i] == wanted for i, said in sheet.labels.items() if said == saying]
        shares += [sum(right) / len(right)] if right else []
    return sum(shares) / max(1, len(shares))


def disputes(values: list[list[float]]) -> tuple[int, ...]:
    """Rollouts in the order in which the drafts dispute them, the most disputed first.

    Args:
        values: Of every draft, one a rollout. Only their order counts.

    >>> disputes([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])
    (0, 2, 1)
    """
    ranks = np.array([_ranks(one) for one in values])
    spread = ranks.max(axis=0) - ranks.min(axis=0)
    return tuple(int(i) for i in np.argsort(-spread, kind="stable"))


def _ranks(values: list[float]) -> np.ndarray:
    """Place of every value, in [0, 1]; equal values share the mean of theirs."""
    array = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=-np.inf)
    below = (array[None, :] < array[:, None]).sum(axis=1)
    equal = (array[None, :] == array[:, None]).sum(axis=1)
    return np.asarray((below + (equal - 1) / 2) / max(1, len(array) - 1))


def _clips(run: Run, labels: Labels) -> LabelSheet | None:
    data = run.recall("fitness_drafted")
    if data is None:
        return None
    rollouts = run.load_trajectories(CLIPS_FOLDER, data["sha"])
    written = [load(MeasureDraft, draft) for draft in data["drafts"]]
    values = [values_of(run, draft.text, rollouts) for draft in written]
    said = {i: s for i, s in labels.of("clip").items() if i < len(rollouts)}
    drafts = tuple(
        Draft(
            text=draft.text,
            why=draft.why,
            agreement=agreement(mine, said),
            name=draft.name,
            success=draft.success,
            author=draft.author,
        )
        for draft, mine in zip(written, values, strict=True)
    )
    chosen = labels.chosen if labels.chosen in range(len(drafts)) else None
    return LabelSheet(
        name="clip",
        kinds=tuple(data["kinds"]),
        rollouts=rollouts,
        order=disputes(values),
        labels=said,
        drafts=drafts,
        chosen=chosen,
        note=_note(drafts, data.get("reason", "")),
    )


def _note(drafts: tuple[Draft, ...], reason: str) -> str:
    if not reason:
        return ""
    n = sum(draft.author == "offline" for draft in drafts)
    return f"{n} of {len(drafts)} by rules, not by the model: {reason.rstrip('.')}."


def agreement(values: list[float], labels: dict[int, Saying]) -> Interval | None:
    """Share of good-bad pairs that a fitness orders as the labels do, a tie counting half."""
    known = [i for i, saying in labels.items() if saying != "skip"]
    mine = [float(np.nan_to_num(values[i], nan=-1e300)) for i in known]
    good = [float(labels[i] == "good") for i in known]
    if order_accuracy(mine, good) is None:
        return None
    return order_interval(mine, good, np.random.default_rng(0), n_resamples=200)


def _winner(run: Run, labels: Labels) -> LabelSheet | None:
    data = run.recall("winner_shown")
    if data is None:
        return None
    rollouts = run.load_trajectories(WINNER_FOLDER, data["sha"])
    return LabelSheet(
        name="winner",
        kinds=tuple("the winner" for _ in rollouts),
        rollouts=rollouts,
        order=tuple(range(len(rollouts))),
        labels={i: s for i, s in labels.of("winner").items() if i < len(rollouts)},
    )
