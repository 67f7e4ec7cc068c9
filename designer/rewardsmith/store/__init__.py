"""The only writer of a run: journal, artifacts, lock and what they add up to.

A run is a folder of plain files. `events.jsonl` is the truth; every other file is either named by
its SHA-256 in an event or written for people to read.
"""

from rewardsmith.store.codec import dump, load
from rewardsmith.store.events import EventName, candidate_of
from rewardsmith.store.journal import Event
from rewardsmith.store.run import Run
from rewardsmith.store.states import CandidateState, State, state_of

__all__ = [
    "CandidateState",
    "Event",
    "EventName",
    "Run",
    "State",
    "candidate_of",
    "dump",
    "load",
    "state_of",
]
