"""An exported folder lives without rewardsmith: its policy acts as judged, its script trains."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml

from rewardsmith.cli.exporting import export_candidate
from rewardsmith.config import load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.errors import UsageError
from rewardsmith.messages import CandidateId, Trajectory
from rewardsmith.session import evaluate_stored, finish_run, start_run
from rewardsmith.store.remarks import append_remark
from rewardsmith.store.run import Run
from rewardsmith.testing import InProcessEngine

OWN = """
\"\"\"Up, and calm.\"\"\"
WEIGHTS = {"up": 1.0, "effort": 0.1}
def reward(state, action, xp):
    return {"up": xp.cos(state.angle), "effort": -xp.sum(action ** 2)}
"""
SETTINGS = {
    "search.init": OWN,
    "search.candidates": 1,
    "search.iterations": 1,
    "search.rungs": (),
    "search.confirm_top": 0,
    "training.total_timesteps": 1024,
    "evaluation.conclusion": "report",
    "evaluation.selection_episodes": 2,
    "evaluation.report_episodes": 2,
    "evaluation.recorded_episodes": 1,
    "evaluation.evals_per_segment": 1,
}
ALONE = """
import json, runpy, sys
sys.modules["rewardsmith"] = None  # whoever asks for it fails
sys.path.insert(0, ".")
from environment import make
from policy import Policy

act, env, played = Policy(), make(), []
obs, _ = env.reset(seed=int(sys.argv[1]))
for _ in range(60):
    action = act(obs)
    played.append(action.tolist())
    obs, reward, *_ = env.step(action)
sys.argv = ["train.py", "--timesteps", "256", "--to", "again"]
runpy.run_path("train.py", run_name="__main__")
again = Policy("again/policy.safetensors")(obs)
assert not [name for name, module in sys.modules.items() if "rewardsmith" in name and module]
print("PLAYED", json.dumps({"actions": played, "reward": reward, "again": again.tolist()}))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A short training on Pendulum."""
    return trained(tmp_path_factory.mktemp("export"), SETTINGS)


def trained(folder: Path, settings: Mapping[str, object]) -> Run:
    task = task_of(load_card("Pendulum-v1"), "swing_up")
    made = start_run(folder, task, load_config(None, settings))
    with made:
        finish_run(made, engine=InProcessEngine)
    return Run.read(made.folder)


def recorded(run: Run) -> Trajectory:
    """An episode of the trained policy, as the evaluator played it."""
    return run.load_trajectories(CandidateId(0, 0))[-1]


SAC = {
    "training.preset.algorithm": "sac",
    "training.preset.hidden": "16, 16",
    "training.preset.learning_starts": 200,
    "training.preset.gradient_steps": 4,
}


@pytest.fixture(scope="module")
def run_of_sac(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """As `run`, by another algorithm."""
    return trained(tmp_path_factory.mktemp("export"), SETTINGS | SAC)


@pytest.mark.parametrize("of", ["run", "run_of_sac"])
def test_an_exported_folder_plays_and_trains_without_rewardsmith(
    of: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    run = request.getfixturevalue(of)
    export_candidate(run, "best", tmp_path / "out")
    episode = recorded(run)
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(episode.seed)],
        cwd=tmp_path / "out",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.rpartition("PLAYED ")[2])
    np.testing.assert_allclose(answer["actions"], episode.actions[:60], rtol=1e-4, atol=1e-4)
    assert np.shape(answer["again"]) == (1,)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"reward.py", "policy.py", "train.py", "play.py", "README.md", "measured.json"} <= names


def test_the_card_repeats_what_was_measured_of_this_policy(run: Run, tmp_path: Path) -> None:
    evaluate_stored(run, CandidateId(0, 0), 3, engine=InProcessEngine)
    export_candidate(run, "0/0", tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    matter = yaml.safe_load(card.split("---\n")[1])
    names = [m["name"] for m in matter["model-index"][0]["results"][0]["metrics"]]
    assert "mean fitness of this policy, on 2 report episodes" in names
    assert "mean fitness of this policy, on 3 fresh episodes" in names
    measured = json.loads((tmp_path / "out" / "measured.json").read_text(encoding="utf-8"))
    assert measured["exported"] == "000/0"
    assert str(tmp_path) not in json.dumps(measured) + card
    assert str(run.folder) not in json.dumps(measured) + card


def test_a_folder_with_other_files_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match=r"holds other files, such as 'thesis\.tex'"):
        export_candidate(run, "best", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_persons_files_of_the_same_names_are_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("my thesis")
    (tmp_path / "train.py").write_text("my training")
    (tmp_path / "measured.json").write_text('{"exported": "by hand"}')
    with pytest.raises(UsageError, match=r"not written by an export.*Name a new or an empty"):
        export_candidate(run, "best", tmp_path)
    assert (tmp_path / "README.md").read_text() == "my thesis"
    assert len(list(tmp_path.iterdir())) == 3


def test_an_export_is_replaced_by_the_next_one_even_when_it_was_cut_off(
    run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export_candidate(run, "best", out)
    whole = {path.name for path in out.iterdir()}
    (out / "README.md").unlink()
    (out / "train.py").write_text("cut off")
    export_candidate(run, "best", out)
    assert {path.name for path in out.iterdir()} == whole
    assert (out / "train.py").read_text() != "cut off"


def test_what_people_remarked_is_not_published(run: Run, tmp_path: Path) -> None:
    append_remark(run.folder, "Between us: it limps.")
    export_candidate(run, "best", tmp_path / "out")
    texts = [p.read_bytes() for p in (tmp_path / "out").iterdir()]
    assert not any(b"it limps" in text for text in texts)
    assert b"people's remarks are left out" in (tmp_path / "out" / "README.md").read_bytes()
