"""What a person sees when something is wrong: clear text, the right status, and nothing made."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from rewardsmith import session
from rewardsmith.cli import main
from rewardsmith.store.run import Run

ROOT = Path(__file__).resolve().parents[2]
DESIGN = ["design", "--env", "HalfCheetah-v5"]


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "cli.py"), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_help_costs_less_than_the_bar(tmp_path: Path) -> None:
    costs = []
    for _ in range(3):  # other processes only ever make it dearer
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = call(tmp_path, "--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0
        assert "design" in done.stdout
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(costs) < 0.4


def test_help_imports_nothing_heavy() -> None:
    text = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'designer')!r})\n"
        "from rewardsmith.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'torch', 'gymnasium', 'pydantic', 'yaml'} & sys.modules.keys()\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_version_is_printed(tmp_path: Path) -> None:
    done = call(tmp_path, "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("rewardsmith 0.")


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rewardsmith", "--version"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT / "designer")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("rewardsmith 0.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["desing"], "Did you mean 'design'?"),
        (["design", "--evn", "x"], "No such option: --evn. Did you mean --env"),
        (["design", "--env", "HalfCheeta", "--task", "x"], "Did you mean 'HalfCheetah-v5'?"),
        ([*DESIGN, "--task", "run_forwrd"], "Did you mean 'run_forward'"),
        ([*DESIGN, "--task", "go up"], "needs --fitness as well"),
        ([*DESIGN, "--task", "go up", "--success", "height > 1"], "--fitness is missing"),
        (
            [*DESIGN, "--task", "up", "--fitness", "mean(heigt)", "--success", "height > 1"],
            "Did you mean `height`",
        ),
        (
            [*DESIGN, "--task", "up", "--fitness", "mean(height)", "--success", "open('x')"],
            "success",
        ),
        ([*DESIGN, "--task", "run_forward", "--set", "search.candidats=3"], "search.candidates"),
        ([*DESIGN, "--task", "run_forward", "--set", "nothing"], "KEY=VALUE"),
        ([*DESIGN, "--task", "run_forward", "--candidates", "0"], "at least 1"),
        ([*DESIGN, "--task", "run_forward", "--candidates", "many"], "--candidates"),
        ([*DESIGN, "--task", "run_forward", "--device", "tpu"], "--device"),
        ([*DESIGN, "--task", "run_forward", "--config", "none.yaml"], "none.yaml"),
        (["check", "none.py", "--env", "HalfCheetah-v5"], "none.py"),
        (["envs", "show", "Hoper-v5"], "Did you mean 'Hopper-v5'"),
        (["inspect", "last"], "There is no run 'last'"),
        (["resume", "nothing"], "There is no run 'nothing'"),
        (["export", "last", "--to", "out"], "There is no run 'last'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_explained_and_makes_nothing(
    tmp_path: Path, words: list[str], said: str
) -> None:
    done = call(tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_refused_reward_file_names_line_and_remedy(tmp_path: Path) -> None:
    program = tmp_path / "bad.py"
    program.write_text(
        "import os\n\ndef reward(state, action, xp):\n    return {'a': state.nope}\n"
    )
    done = call(tmp_path, "check", "bad.py", "--env", "HalfCheetah-v5")
    assert done.returncode == 2
    assert "bad.py:1: error:" in done.stdout
    assert "bad.py:4: error:" in done.stdout
    assert "forward_velocity" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["bad.py"]


def test_output_that_nobody_reads_is_no_failure(tmp_path: Path) -> None:
    command = f"'{sys.executable}' '{ROOT / 'cli.py'}' envs show HalfCheetah-v5 | true"
    done = subprocess.run(
        ["bash", "-c", f"{command}; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "0"
    assert done.stderr == ""


def test_interrupt_says_how_to_continue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(run: Run, **_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "finish_run", stop)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main([*DESIGN, "--task", "run_forward"])
    assert left.value.code == 130
    run = next((tmp_path / "runs").iterdir())
    assert f"Interrupted. Continue with `rewardsmith resume {run.name}`" in capsys.readouterr().err
