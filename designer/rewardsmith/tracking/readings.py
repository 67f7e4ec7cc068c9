"""What of a run's events and curves a tracker is told, as series of numbers. Pure."""

import math
import re
from collections.abc import Mapping
from statistics import fmean
from typing import Any, Final

from rewardsmith.environments.cards import environment_name
from rewardsmith.store.journal import Event
from rewardsmith.store.run import Run

_CANDIDATE: Final = re.compile(r"iterations/(\d+)/candidates/(\d+)")


def series_of(key: Mapping[str, Any]) -> str:
    """The series that an event or a training belongs to.

    >>> series_of({"candidate": "000/1", "seed": 7})
    '000-1'
    >>> series_of({"place": "iterations/000/candidates/1", "seed": 7})
    '000-1'
    >>> series_of({"purpose": "claim", "contender": "final", "seed": 7})
    'claim-final-7'
    """
    if "purpose" in key:
        return f"{key['purpose']}-{key['contender']}-{key['seed']}"
    if "candidate" in key:
        return str(key["candidate"]).replace("/", "-")
    found = _CANDIDATE.fullmatch(str(key["place"]))
    if found:
        return f"{found[1]}-{found[2]}"
    return f"{str(key['place']).replace('/', '-')}-{key['seed']}"


def evaluation_values(event: Event, *, is_measured: bool = True) -> dict[str, float]:
    """What a `candidate_evaluated` measured; where people judge, how long episodes lasted."""
    episodes = event.data["evaluation"]["episodes"]
    values = {"eval/length": fmean(float(e["length"]) for e in episodes)}
    if is_measured:
        values |= {
            "eval/fitness": fmean(float(e["fitness"]) for e in episodes),
            "eval/success_rate": fmean(float(e["success"]) for e in episodes),
        }
    return {name: value for name, value in values.items() if math.isfinite(value)}


def design_values(event: Event, best: float | None) -> dict[str, float]:
    """What a `candidate_closed` adds to the search."""
    result = event.data["result"]
    values = {
        "score": result["score"],
        "best_score": best,
        "steps": float(result["steps"]),
        "cpu_s": float(result["cpu_s"]),
    }
    return {n: float(v) for n, v in values.items() if v is not None and math.isfinite(v)}


def settings_of(run: Run) -> dict[str, Any]:
    """What a tracker is told of a run when it starts."""
    task, config = run.manifest.task, run.manifest.config
    search, training = config.get("search", {}), config.get("training", {})
    return {
        "environment": environment_name(task.env),
        "task": task.name,
        "instruction": task.instruction,
        "seed": config.get("seed"),
        "model": config.get("model", {}).get("model"),
        "candidates": search.get("candidates"),
        "iterations": search.get("iterations"),
        "total_timesteps": training.get("total_timesteps"),
        "rewardsmith": run.manifest.versions.get("rewardsmith"),
    }


def summary_of(run: Run) -> dict[str, str | float]:
    """What a run has come to so far."""
    found: dict[str, str | float] = {}
    best = run.history().best
    if best is not None and best.score is not None:
        found |= {"design/best_candidate": str(best.id), "design/best_score": best.score}
    claim = run.recall("report_ready")
    for row in claim["claim"]["rows"] if claim else ():
        if row["fitness"]:
            found[f"claim/{row['name']}/fitness"] = fmean(row["fitness"])
            found[f"claim/{row['name']}/success_rate"] = fmean(row["success_rate"])
    return found
