from pathlib import Path

import pytest

from rewardsmith.cli.entry import main
from rewardsmith.messages import Task
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
