import json
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.cli.entry import main
from rewardsmith.messages import Candidate, CandidateId, Departure, Task, Trajectory
from rewardsmith.store.remarks import read_remarks
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task


def make_run(folder: Path, task: Task) -> Run:
    return Run.create(folder, name="line", config={}, task=task, versions={})


def test_remark_is_written_where_the_next_iteration_reads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with make_run(tmp_path, toy_task()) as run:
        with pytest.raises(SystemExit) as ended:
            main(["feedback", run.id, "Slower, please.", "--runs", str(tmp_path)])
        assert ended.value.code == 0
        assert [r.text for r in run.new_feedback(0)] == ["Slower, please."]
    assert "The next iteration reads it." in capsys.readouterr().out


def test_remark_on_a_candidate_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with make_run(tmp_path, toy_task()) as run:
        with pytest.raises(SystemExit) as ended:
            main(["feedback", run.id, "No.", "--candidate", "000/7", "--runs", str(tmp_path)])
        assert ended.value.code == 2
        assert read_remarks(run.folder, after_line=0).remarks == ()


def recorded(run: Run) -> None:
    """One candidate with one recorded episode of 20 steps."""
    candidate = Candidate(id=CandidateId(0, 0), text="CONTRACT = 1\n")
    run.record("candidate_proposed", key={"candidate": candidate.id}, candidate=candidate)
    near = np.repeat([0.0, 5.0], [15, 5])
    rollout = Trajectory(
        seed=1, fields={}, actions=np.zeros((20, 1)), terminated=False,
        components={"near": near}, rewards=near,
    )  # fmt: skip
    run.save_trajectories(candidate.id, [rollout])


def test_remark_on_a_part_of_an_episode_says_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with make_run(tmp_path, toy_task()) as run:
        recorded(run)
        place = ["--candidate", "000/0", "--episode", "0", "--steps", "15:19"]
        with pytest.raises(SystemExit) as ended:
            main(["feedback", run.id, "Late.", *place, "--runs", str(tmp_path)])
        assert ended.value.code == 0
        (said,) = run.new_feedback(0)
        assert said.seen == (Departure(name="near", inside=5.0, elsewhere=0.0),)
        with pytest.raises(SystemExit):
            main(["inspect", run.id, "--runs", str(tmp_path)])
        said_of_it = "Late. (on 000/0, episode 0, steps 15 to 19)\n  near is 5 (elsewhere 0)"
        assert said_of_it in capsys.readouterr().out
        with pytest.raises(SystemExit):
            main(["inspect", run.id, "--json", "--runs", str(tmp_path)])
    (entry,) = json.loads(capsys.readouterr().out)["remarks"]
    assert entry["seen"] == [
        {"name": "near", "unit": "", "what": "mean", "inside": 5.0, "elsewhere": 0.0}
    ]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (["--episode", "0", "--steps", "1:2"], "--candidate"),
        (["--candidate", "000/0", "--episode", "0"], "names no steps"),
        (["--candidate", "000/0", "--steps", "two"], "names no steps"),
        (["--candidate", "000/0", "--steps", "-3:5"], "names no steps"),
        (["--candidate", "000/0", "--steps", "19:25"], "the steps 0 to 19"),
        (["--candidate", "000/0", "--steps", "90:40"], "comes after the last"),
        (["--candidate", "000/0", "--steps", "90:40"], "--steps 40:90"),
    ],
)
def test_a_part_that_is_not_there_is_refused_with_what_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: list[str], reason: str
) -> None:
    with make_run(tmp_path, toy_task()) as run:
        recorded(run)
        with pytest.raises(SystemExit) as ended:
            main(["feedback", run.id, "Here.", *place, "--runs", str(tmp_path)])
        assert ended.value.code == 2
        assert read_remarks(run.folder, after_line=0).remarks == ()
    assert reason in " ".join(capsys.readouterr().err.split())
