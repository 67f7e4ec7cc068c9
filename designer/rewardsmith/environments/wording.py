"""How a task is judged, in words: by its own expressions, by people, or not settled yet.

Pure. What a task without a fitness carries in place of its expressions is never shown as one.
"""

from collections.abc import Mapping

from rewardsmith.environments.outer import when_judged
from rewardsmith.messages import Task


def fitness_words(task: Task) -> str:
    """What measures an episode, or who judges instead."""
    if task.is_ranked:
        return "none: people judge, by comparing rollouts"
    return "waits to be chosen among drafts" if task.is_drafted else task.fitness


def assay_words(assay: Mapping[str, object] | None) -> str:
    """What was found of a task's reference rewards, or that nobody has looked.

    >>> assay_words(None), assay_words({"verdict": "separates"})
    ('unverified, not measured', 'separates')
    """
    return str((assay or {}).get("verdict", "unverified, not measured"))


def success_words(task: Task) -> str:
    """When an episode succeeds, or why that is not known."""
    if task.is_ranked:
        return "none: nothing is measured"
    if task.is_drafted:
        return "settled when the fitness is chosen"
    return f"{task.success}  ({when_judged(task.success, task.semantics, task.held_steps)})"
