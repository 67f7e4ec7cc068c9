"""An export of a run on a person's own environment finds that environment again."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from rewardsmith.cli.exporting import export_candidate
from rewardsmith.config import RunConfig, to_mapping
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.errors import UsageError
from rewardsmith.messages import Candidate, CandidateId, Judged, Verdict
from rewardsmith.store.run import Run
from rewardsmith.testing import LINE_CARD

FIRST = CandidateId(0, 0)
PROGRAM = "def reward(state, action, xp):\n    return {'near': -abs(state.position - state.goal)}\n"
MODULE = "from rewardsmith.testing import LineWorld\nclass Own(LineWorld):\n    pass\n"

RunOn = Callable[..., Run]
"""Of an environment, and of a fitness where that is not the card's."""


@pytest.fixture
def run_on(tmp_path: Path) -> RunOn:
    """Makes a run with one candidate on an environment; the card says where its code lies."""
    (tmp_path / "code" / "own_pkg").mkdir(parents=True)
    (tmp_path / "code" / "own_line.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "code" / "own_pkg" / "__init__.py").write_text(MODULE, encoding="utf-8")

    def made(env: str, fitness: str = "") -> Run:
        text = LINE_CARD.replace("rewardsmith.testing:LineWorld", env)
        path = tmp_path / "card.yaml"
        path.write_text(f'{text}code: "{tmp_path / "code"}"\n', encoding="utf-8")
        card = load_card(str(path))
        with Run.create(
            tmp_path / "runs",
            name="own",
            config=to_mapping(RunConfig()),
            task=replace(task_of(card), fitness=fitness or task_of(card).fitness),
            versions={},
        ) as run:
            candidate = Candidate(id=FIRST, text=PROGRAM)
            judged = Judged(candidate=candidate, verdict=Verdict(ok=True))
            key = {"candidate": FIRST}
            run.record("iteration_started", key={"iteration": 0}, candidates=[])
            run.record("candidate_proposed", key=key, candidate=candidate)
            layer = {"round": 0, "layer": "probe"}
            run.record("candidate_judged", key=key | layer, judged=judged, accepted=True)
        return Run.read(run.folder)

    return made


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], object]]:
    """Imports an exported environment.py from elsewhere, as the scripts beside it do."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.delenv("REWARDSMITH_ENV_PATH", raising=False)
    known, path = set(sys.modules), list(sys.path)

    def load(folder: Path) -> ModuleType:
        sys.path[:] = [str(folder), *path]
        for name in sys.modules.keys() - known:
            del sys.modules[name]
        spec = importlib.util.spec_from_file_location("environment", folder / "environment.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    sys.path[:] = path
    for name in sys.modules.keys() - known:
        del sys.modules[name]


Imported = Callable[[Path], ModuleType]


def test_module_of_ones_own_is_copied_and_found_from_anywhere(
    run_on: RunOn, imported: Imported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = run_on("own_line:Own"), tmp_path / "out"
    export_candidate(run, "0/0", out)
    assert "Copied along, as environment.py imports it: own_line.py" in capsys.readouterr().out
    assert (out / "own_line.py").read_text(encoding="utf-8") == MODULE
    assert "| `own_line.py` | the environment's own code |" in (out / "README.md").read_text()
    assert not [path for path in out.iterdir() if str(tmp_path) in path.read_text()]
    env = imported(out).make()
    env.reset(seed=1)
    reward = env.step(env.action_space.sample())[1]
    assert reward < 0.0  # the designed one
    (out / "__pycache__").mkdir(exist_ok=True)  # its scripts were run
    export_candidate(run, "0/0", out)


def test_package_of_ones_own_is_found_by_the_folder_that_is_named(
    run_on: RunOn,
    imported: Imported,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, code = run_on("own_pkg:Own"), tmp_path / "code"
    export_candidate(run, "0/0", tmp_path / "out")
    said = capsys.readouterr().out
    assert "was not copied: 'own_pkg' is a package" in said
    assert f"`--env-path {code}`" in said
    assert not [p for p in (tmp_path / "out").iterdir() if str(tmp_path) in p.read_text()]
    assert "`REWARDSMITH_ENV_PATH`" in (tmp_path / "out" / "README.md").read_text()
    with pytest.raises(ModuleNotFoundError, match="folder that holds it in the variable REWARDSM"):
        imported(tmp_path / "out")
    monkeypatch.setenv("REWARDSMITH_ENV_PATH", str(code))
    assert imported(tmp_path / "out").make().reset(seed=1)
    monkeypatch.delenv("REWARDSMITH_ENV_PATH")
    export_candidate(run, "0/0", tmp_path / "out", env_path=code)
    assert "for you to change before you share it" in capsys.readouterr().out
    assert imported(tmp_path / "out").make().reset(seed=1)


def test_no_folder_is_named_for_an_installed_environment(run_on: RunOn, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Leave --env-path out"):
        export_candidate(run_on("rewardsmith.testing:LineWorld"), "0/0", tmp_path / "out", tmp_path)
    assert not (tmp_path / "out").exists()


def test_folder_of_a_persons_measure_stays_at_home(run_on: RunOn, tmp_path: Path) -> None:
    out, measure = tmp_path / "out", f"function: {tmp_path}/code/measures.py:worth"
    export_candidate(run_on("rewardsmith.testing:LineWorld", measure), "0/0", out)
    for file in ("README.md", "measured.json"):
        text = (out / file).read_text(encoding="utf-8")
        assert "function: measures.py:worth" in text
        assert str(tmp_path) not in text
