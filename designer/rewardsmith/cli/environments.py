"""Prints environment cards as a person reads them."""

from rich.console import Console
from rich.table import Table

from rewardsmith.cli.documents import environments_document
from rewardsmith.cli.drafting import card_for
from rewardsmith.cli.printing import print_json
from rewardsmith.cli.terminal import console, heading, safe
from rewardsmith.environments.cards import EnvCard, TaskCard, card_names, load_card
from rewardsmith.environments.outer import when_judged
from rewardsmith.environments.wording import assay_words
from rewardsmith.messages import FieldSpec


def list_cards(*, as_json: bool = False) -> None:
    """Print every shipped card with its tasks."""
    if as_json:
        print_json(environments_document())
        return
    table = Table("id", "title", "tasks", box=None, pad_edge=False)
    for name in card_names():
        card = load_card(name)
        table.add_row(safe(name), safe(card.title), safe(", ".join(card.tasks)))
    console().print(table)


def show_card(ref: str) -> None:
    """Print one card whole; a drafted one for an environment without a card.

    Raises:
        UsageError: There is no such card, and no such environment.
    """
    out = console()
    with card_for(ref) as found:
        card = load_card(found.ref)
    out.print(safe(f"{ref}: {card.title}", "bold"))
    out.print(safe(card.description))
    _show_episode(card, out)
    out.print(heading("State fields"), _fields_table(card))
    for task in card.tasks.values():
        out.print(heading(f"Task {task.name}"), _task_table(task))


def _show_episode(card: EnvCard, out: Console) -> None:
    facts = {
        "Action": _action(card),
        "Start": card.start,
        "Episode end": f"{card.episode_end or 'the time limit'}; at most {card.max_steps} steps",
        "Known exploits": "; ".join(card.known_exploits),
        "Deviations": " ".join(card.deviations),
    }
    table = Table.grid(padding=(0, 2))
    for name, text in facts.items():
        if text:
            table.add_row(safe(name, "bold"), safe(text))
    out.print(table)


def _action(card: EnvCard) -> str:
    action = card.state.action
    if action.kind == "discrete":
        return f"one of {action.n}: {action.meaning}"
    if action.choices:
        counts = ", ".join(map(str, action.choices))
        return f"{len(action.choices)} choices, of {counts}: {action.meaning}"
    low, high = min(action.low, default=0.0), max(action.high, default=0.0)
    return f"{len(action.low)} numbers in [{low:g}, {high:g}]: {action.meaning}"


def _fields_table(card: EnvCard) -> Table:
    table = Table("field", "shape", "unit", "range", "meaning", box=None, pad_edge=False)
    for spec in card.state.fields:
        shape = "x".join(map(str, spec.shape)) or spec.kind
        cells = (spec.name, shape, spec.unit or "-", _range(spec), spec.meaning)
        table.add_row(*(safe(cell) for cell in cells))
    return table


def _range(spec: FieldSpec) -> str:
    if spec.constant is not None:
        return f"= {spec.constant}"
    if spec.low is None and spec.high is None:
        return "-"
    ends = ("?" if end is None else f"{end:g}" for end in (spec.low, spec.high))
    return " to ".join(ends)


def _task_table(task: TaskCard) -> Table:
    when = when_judged(task.success, task.semantics, task.held_steps)
    facts = {
        "instruction": task.instruction,
        "fitness": task.fitness,
        "success": f"{task.success}  ({when})",
        "also done by": ", ".join(task.solved_by),
        "target": f"{task.target:.0%} of the episodes",
        "audit": "; ".join(f"{name}: {text}" for name, text in task.audit.items()),
        "references": ", ".join(task.references),
        "assay": assay_words(task.assay) if task.references else "",
    }
    table = Table.grid(padding=(0, 2))
    for name, text in facts.items():
        if text:
            table.add_row(safe(name, "dim"), safe(text))
    return table
