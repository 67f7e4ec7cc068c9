"""A run trains with one backend, locked as ever, and is judged by the card's own package."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rewardsmith.config import load_config
from rewardsmith.environments.backends.choice import make_vector
from rewardsmith.environments.backends.parity import compare
from rewardsmith.environments.backends.pool import PooledVectorEnv
from rewardsmith.environments.backends.record import dump_record, record_path
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import ConfigError, UsageError
from rewardsmith.isolation import landlock, seccomp
from rewardsmith.isolation.tensors import dump_tensors
from rewardsmith.session import arena_of, finish_run, resume_run, start_run
from rewardsmith.store.run import Run
from rewardsmith.training.contender import Contender
from rewardsmith.training.engine import LocalEngine
from rewardsmith.training.preset import preset_mapping, resolve_preset
from rewardsmith.training.requests import TrainRequest
from rewardsmith.training.segments import Segment
from rewardsmith.training.train_job import train_segment
from rewardsmith.training.trial import run_segment

pytest.importorskip("envpool")

CARD = "base: Pendulum-v1\nbackends: {envpool: {id: Pendulum-v1, package: gymnasium}}\n"


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A card whose backend was compared and passed."""
    folder = tmp_path_factory.mktemp("pendulum")
    (folder / "card.yaml").write_text(CARD, encoding="utf-8")
    card = load_card(str(folder))
    path = record_path(card, "envpool")
    assert path is not None
    path.write_text(dump_record(compare(card, "envpool", n_episodes=160)), encoding="utf-8")
    return card.ref


@pytest.fixture
def begun(proved: str, tmp_path: Path) -> Iterator[Run]:
    with start_run(tmp_path, task_of(load_card(proved)), config()) as run:
        yield run


def config(**settings: Any) -> Any:
    return load_config(
        None,
        {
            "training.backend": "auto",
            "training.total_timesteps": 1024,
            "evaluation.selection_episodes": 1,
            "evaluation.recorded_episodes": 0,
            **settings,
        },
    )


def test_a_run_records_which_backend_auto_meant(begun: Run) -> None:
    assert begun.manifest.config["training"]["backend"] == "envpool"


def test_a_run_of_a_card_without_backends_records_python(tmp_path: Path) -> None:
    with start_run(tmp_path, task_of(load_card("Pendulum-v1")), config()) as run:
        assert run.manifest.config["training"]["backend"] == "python"


def test_each_backend_makes_its_own_vector(proved: str) -> None:
    assert isinstance(make_vector("envpool", load_card(proved), 2), PooledVectorEnv)
    assert isinstance(make_vector("python", load_card(proved), 2), StateVectorEnv)


@pytest.mark.skipif(
    sys.platform != "linux" or landlock.abi() < 6 or seccomp.load_library() is None,
    reason="needs Landlock ABI 6 and libseccomp",
)
def test_a_worker_with_a_backends_threads_is_locked_strictly(proved: str, tmp_path: Path) -> None:
    settings = config(require_sandbox="strict")
    with start_run(tmp_path, task_of(load_card(proved)), settings) as run:
        arena = arena_of(run, LocalEngine(1))
        steps = arena.total_timesteps
        segment = Segment(start_step=0, end_step=steps, checkpoint_steps=(steps,))
        contender = Contender(name="native", reward="native", purpose="one")
        chain = run_segment(arena, contender, segment, seed=1, seed_set="selection")
        (end,) = arena.engine.run([chain])
    assert arena.backend == "envpool"
    assert end.outcome is None, end.text
    assert len(end.evaluations[0].episodes) == 1


class Kept:
    """A sink that keeps the last checkpoint."""

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        pass

    def checkpoint(self, step: int, tensors: Mapping[str, Any]) -> None:
        self.blob = dump_tensors(tensors)

    def experience(self, tensors: Mapping[str, Any]) -> None:
        pass


def trained(ref: str, backend: str) -> bytes:
    """A checkpoint after two rollouts, without a lock."""
    task = task_of(load_card(ref))
    preset = resolve_preset({"n_envs": 4, "n_steps": 32, "batch_size": 128})
    request = TrainRequest(
        task=task,
        reward="native",
        program=None,
        preset=preset_mapping(preset),
        seed=5,
        start_step=0,
        end_step=256,
        checkpoint_steps=(256,),
        device="cpu",
        backend=backend,
        sandbox="any",
    )
    kept = Kept()
    train_segment(request, None, kept, lock=lambda: None)
    return kept.blob


def test_a_training_repeats_bit_for_bit_with_its_backend_and_not_with_another(proved: str) -> None:
    first = trained(proved, "envpool")
    assert trained(proved, "envpool") == first
    assert trained(proved, "python") != first


def test_a_resumed_run_is_refused_where_its_backend_may_not_be_used(
    begun: Run, proved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = record_path(load_card(proved), "envpool")
    assert path is not None
    kept = path.read_bytes()
    path.unlink()
    try:
        with pytest.raises(UsageError, match="nobody has compared it"):
            finish_run(begun)
    finally:
        path.write_bytes(kept)


def test_a_resumed_run_cannot_change_its_backend(begun: Run) -> None:
    with pytest.raises(ConfigError, match=r"`training\.backend` is what the run's scores rest on"):
        resume_run(begun.folder, {"training.backend": "python"})


def test_nothing_that_evaluates_knows_of_backends() -> None:
    folder = Path(sys.modules[Run.__module__].__file__ or "").parents[1] / "evaluation"
    sources = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]
    assert sources
    assert not [text for text in sources if "backends" in text or "envpool" in text]
