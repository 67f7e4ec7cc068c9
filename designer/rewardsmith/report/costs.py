"""What a run and each of its candidates cost: timesteps, CPU-seconds, calls to models."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rewardsmith.llm.budget import Spending
from rewardsmith.llm.calls import NO_CANDIDATE
from rewardsmith.llm.record import recount
from rewardsmith.messages import CandidateId
from rewardsmith.report.candidates import CandidateLine
from rewardsmith.store.calls import read_calls
from rewardsmith.store.journal import Event
from rewardsmith.store.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What something cost."""

    steps: int
    """Environment timesteps of its trainings."""
    cpu_s: float
    """CPU-seconds of its trainings and evaluations."""
    calls: Spending
    """Questions to language models about it."""


def candidate_cost(run: Run, line: CandidateLine) -> Cost:
    """What one candidate cost: its trainings, and the calls at its address.

    Raises:
        StoreError: `llm.jsonl` is damaged.
    """
    return _cost([line], _about(read_calls(run.folder), line.id))


def run_cost(run: Run, lines: Sequence[CandidateLine]) -> Cost:
    """What the whole search cost; the claim counts for itself.

    Raises:
        StoreError: `llm.jsonl` is damaged.
    """
    return _cost(lines, read_calls(run.folder))


def claim_cpu_s(run: Run) -> float:
    """CPU-seconds of the trainings beside the search: confirmations and the claim."""
    beside = (e for e in run.events("segment_ended") if "purpose" in e.key)
    return sum(float(event.data["training"]["cpu_s"]) for event in beside)


def cost_text(cost: Cost) -> str:
    """The cost in a line."""
    said = [f"{cost.steps:,} steps", f"{cost.cpu_s:,.0f} CPU-seconds"]
    calls = cost.calls
    if calls.calls:
        said.append(f"{calls.calls} model calls, {calls.tokens:,} tokens")
        unknown = f", {calls.n_unpriced} of unknown price" if calls.n_unpriced else ""
        said.append(f"{calls.cost_usd:.4f} USD{unknown}")
    return "; ".join(said)


def _about(events: Iterable[Event], candidate: CandidateId) -> list[Event]:
    """Calls are known by their address, as in `002/designer/1/0/0`."""
    found = []
    for event in events:
        parts = str(event.key["call"]).split("/")
        here = parts[0] == f"{candidate.iteration:03d}" and parts[2:3] == [str(candidate.number)]
        if here and parts[1] not in NO_CANDIDATE:
            found.append(event)
    return found


def _cost(lines: Sequence[CandidateLine], calls: Iterable[Event]) -> Cost:
    results = [line.result for line in lines if line.result is not None]
    return Cost(
        steps=sum(result.steps for result in results),
        cpu_s=sum(result.cpu_s for result in results),
        calls=recount(calls),
    )
