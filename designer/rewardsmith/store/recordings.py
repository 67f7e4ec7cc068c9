"""The episodes that are shown of a candidate: those of its last judged policy."""

from rewardsmith.messages import CandidateId, Trajectory
from rewardsmith.store.events import candidate_of, is_search
from rewardsmith.store.layout import RECORDED, recorded_name, trajectories_path
from rewardsmith.store.run import Run


def last_episodes(run: Run, candidate: CandidateId) -> tuple[Trajectory, ...]:
    """Recorded episodes of the candidate's last judged policy; empty where there are none yet.

    They are scored once the candidate was analyzed; before, as while a person ranks, they have no
    components.

    Raises:
        StoreError: Their file is damaged.
    """
    if (run.folder / trajectories_path(candidate, RECORDED)).exists():
        return run.load_trajectories(candidate)
    judged = [
        event
        for event in run.events("candidate_evaluated")
        if candidate_of(event) == candidate and is_search(event) and event.data.get("recorded")
    ]
    if not judged:
        return ()
    name = recorded_name(judged[-1].key["seed"], judged[-1].key["step"])
    recorded = run.load_trajectories(candidate, judged[-1].data["recorded"], name=name)
    # Episodes of all checkpoints of a segment stand behind each other, from the same starts.
    return tuple({episode.seed: episode for episode in recorded}.values())
