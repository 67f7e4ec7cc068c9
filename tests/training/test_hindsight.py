"""Hindsight experience replay: goals of the same episode, and rewards that follow from them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith.config import RunConfig, TrainingConfig, load_config
from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.inspection import check_card
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import ConfigError, UsageError
from rewardsmith.evaluation.policy import MlpPolicy, PolicySpec
from rewardsmith.isolation.tensors import dump_tensors, parse_tensors
from rewardsmith.messages import CandidateId, RewardKind
from rewardsmith.roles.model.task_view import task_view
from rewardsmith.session import arena_of, check_program, start_run, training_of
from rewardsmith.stages import Workshop
from rewardsmith.training.checkpoint import checkpoint_tensors, experience_tensors
from rewardsmith.training.contender import Contender, candidate_contender
from rewardsmith.training.engine import LocalEngine
from rewardsmith.training.judging import read_trainable
from rewardsmith.training.preset import PpoPreset, SacPreset, preset_mapping, resolve_preset
from rewardsmith.training.requests import TrainRequest
from rewardsmith.training.rewarded import RewardedVectorEnv
from rewardsmith.training.sac import SacLearner
from rewardsmith.training.segments import Segment
from rewardsmith.training.train_job import hindsight_of, reward_source, train_segment
from rewardsmith.training.trial import run_segment

Array = np.ndarray[Any, Any]

POINT = load_card(str(Path(__file__).parent / "goal_point"))
X, GOAL, SPEED, COUNT, EPISODE = range(5)
"""Places in an observation."""
TINY = SacPreset(
    n_envs=4,
    train_freq=7,
    gradient_steps=4,
    batch_size=32,
    buffer_size=1000,
    learning_starts=28,
    hidden=(8, 6),
    n_sampled_goal=4,
)
NEAR = """
CONTRACT = 1
WEIGHTS = {"near": 2.0, "way": 0.5}
def reward(state, action, xp):
    return {"near": xp.gaussian(state.way, 0.3), "way": -xp.abs(state.position - state.goal)}
"""
LISTLESS = NEAR.replace("-xp.abs(state.position - state.goal)", "-action[0] ** 2")


def request_of(
    reward: RewardKind = "program",
    program: str = NEAR,
    *,
    task: str = "reach",
    preset: SacPreset = TINY,
    start: int = 0,
    end: int = 112,
    goes_on: bool = False,
) -> TrainRequest:
    return TrainRequest(
        task=task_of(POINT, task),
        reward=reward,
        program=program if reward == "program" else None,
        preset=preset_mapping(preset),
        seed=3 + start,
        start_step=start,
        end_step=end,
        checkpoint_steps=(end,),
        goes_on=goes_on,
        device="cpu",
        sandbox="any",
    )


def learner_of(
    request: TrainRequest, card: EnvCard = POINT, *, preset: SacPreset = TINY, seed: int = 1
) -> SacLearner:
    source = reward_source(request, card, preset)
    env = RewardedVectorEnv(StateVectorEnv(card, preset.n_envs).reading(source.fields), source)
    hindsight = hindsight_of(source, card, preset)
    return SacLearner(env, preset, seed=seed, device="cpu", hindsight=hindsight)


def marked(**kwargs: object) -> EnvCard:
    """The environment with an episode's number in its observations."""
    return replace(POINT, kwargs={"marked": True, **kwargs})


def collected(learner: SacLearner, n_rollouts: int) -> SacLearner:
    for _ in range(n_rollouts):
        learner.rollout()
    return learner


def drawn(learner: SacLearner, n: int = 4000) -> tuple[dict[str, Array], dict[str, Array]]:
    """Transitions as drawn, and the same as they are kept."""
    replay = learner._replay
    rows = np.random.default_rng(0).integers(replay.size(), size=n)
    return replay._drawn(rows), {name: kept[rows] for name, kept in replay._arrays.items()}


def swapped(made: Mapping[str, Array], kept: Mapping[str, Array]) -> Array:
    """Where another goal is asked for."""
    return np.asarray(made["next_obs"][:, GOAL] != kept["next_obs"][:, GOAL])


# ------------------------------------------------------------------------ goals


@pytest.mark.parametrize("ends", [0, 6], ids=["truncated", "terminated"])
@pytest.mark.parametrize("capacity", [1000, 100], ids=["all kept", "oldest gone"])
def test_goals_were_achieved_later_in_the_same_episode(ends: int, capacity: int) -> None:
    card, preset = marked(ends=ends), replace(TINY, buffer_size=capacity)
    learner = collected(learner_of(request_of(), card, preset=preset), 9)
    source = {float(obs[X]): obs for obs in learner.experience()["replay.next_obs"]}
    made, kept = drawn(learner)
    later = np.array([source[float(goal)] for goal in made["obs"][swapped(made, kept), GOAL]])
    own = kept["next_obs"][swapped(made, kept)]
    np.testing.assert_array_equal(later[:, EPISODE], own[:, EPISODE])
    ahead = later[:, COUNT] - own[:, COUNT]
    assert set(np.unique(ahead)) == set(range(ends or 20))


def test_four_of_five_are_relabelled_and_nothing_but_goal_and_reward_changes() -> None:
    made, kept = drawn(collected(learner_of(request_of()), 9))
    others = [X, SPEED, COUNT, EPISODE]
    assert abs(swapped(made, kept).mean() - 0.8) < 0.03
    np.testing.assert_array_equal(made["obs"][:, GOAL], made["next_obs"][:, GOAL])
    for name in ("obs", "next_obs"):
        np.testing.assert_array_equal(made[name][:, others], kept[name][:, others])
    for name in ("actions", "terminated"):
        np.testing.assert_array_equal(made[name], kept[name])


def test_what_is_kept_is_not_written_to() -> None:
    learner = collected(learner_of(request_of()), 9)
    before = dump_tensors(learner.experience())
    drawn(learner)
    assert dump_tensors(learner.experience()) == before


# ---------------------------------------------------------------------- rewards


def test_a_relabelled_reward_is_what_the_program_pays_for_that_goal() -> None:
    made, kept = drawn(collected(learner_of(request_of()), 9))
    way = made["next_obs"][:, GOAL].astype(float) - made["next_obs"][:, X]
    expected = 2.0 * np.exp(-0.5 * (way / 0.3) ** 2) - 0.5 * abs(way)
    np.testing.assert_allclose(made["rewards"], expected, rtol=1e-5, atol=1e-6)
    own = ~swapped(made, kept)
    np.testing.assert_array_equal(made["rewards"][own], kept["rewards"][own])


def test_the_sparse_reward_pays_wherever_success_holds() -> None:
    made, kept = drawn(collected(learner_of(request_of("sparse")), 9))
    is_there = abs(made["next_obs"][:, GOAL] - made["next_obs"][:, X]) < 0.1
    np.testing.assert_array_equal(made["rewards"], is_there)
    assert made["rewards"].mean() > 2 * kept["rewards"].mean()


@pytest.mark.parametrize(
    "request_",
    [request_of("native"), request_of("sparse", task="pass"), request_of(program=LISTLESS)],
    ids=["native", "sparse", "program"],
)
def test_a_reference_that_cannot_be_paid_again_is_trained_without(request_: TrainRequest) -> None:
    learner = collected(learner_of(request_), 3)
    made, kept = drawn(learner)
    assert not swapped(made, kept).any()
    np.testing.assert_array_equal(made["rewards"], kept["rewards"])
    assert learner.experience().keys() == experience_of(84).keys()


def test_a_reward_that_is_infinite_at_the_goal_says_so() -> None:
    program = NEAR.replace("xp.gaussian(state.way, 0.3)", "1.0 / xp.abs(state.way)")
    with pytest.raises(FloatingPointError, match="goal that was achieved"):
        learner_of(request_of(program=program)).rollout()


def test_a_reward_that_was_never_earned_has_a_scale() -> None:
    far = replace(POINT, kwargs={"reach": 1e6})
    learner = collected(learner_of(request_of("sparse"), far), 9)
    assert learner.experience()["replay.rewards"].max() == 0
    made, kept = drawn(learner)
    assert 0.01 < learner._reward_scale.scaled(made["rewards"]).max() < 2.0
    seen = learner._obs_scale(learner._hindsight.fulfilled(kept["obs"]))  # type: ignore[union-attr]
    assert np.isfinite(seen).all()


# ------------------------------------------------------------------ checkpoints


def spec_of(preset: SacPreset = TINY) -> PolicySpec:
    return preset.policy_spec(5, POINT.state.action)


def experience_of(step: int) -> Mapping[str, Any]:
    return experience_tensors(spec_of(), TINY, step)


def test_transitions_are_what_the_driver_expects_and_survive_exactly() -> None:
    learner = collected(learner_of(request_of()), 4)
    kept = dump_tensors(learner.experience())
    tensors = parse_tensors(kept, experience_of(112))
    other = learner_of(request_of(), seed=7)
    other.load({**learner.tensors(), **tensors})
    assert dump_tensors(other.experience()) == kept


def test_no_goal_crosses_from_an_unfinished_episode_into_the_next_segment() -> None:
    first = collected(learner_of(request_of(), marked()), 4)  # 28 steps, of 20 an episode
    after = learner_of(request_of(), marked(), seed=50)
    after.load({**first.tensors(), **first.experience()})
    collected(after, 2)
    kept = after.experience()["replay.next_obs"]
    episode = {float(obs[X]): obs[EPISODE] for obs in kept}
    assert len(set(episode.values())) == 12
    made, own = drawn(after)
    found = [episode[float(goal)] for goal in made["obs"][swapped(made, own), GOAL]]
    np.testing.assert_array_equal(found, own["obs"][swapped(made, own), EPISODE])


class Kept:
    """A sink that keeps what is handed over, as it would cross the pipe."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        pass

    def checkpoint(self, step: int, tensors: Mapping[str, Array]) -> None:
        self.blobs["checkpoint"] = dump_tensors(tensors)

    def experience(self, tensors: Mapping[str, Array]) -> None:
        self.blobs["experience"] = dump_tensors(tensors)


def trained(request: TrainRequest, tensors: Mapping[str, Array] | None = None) -> dict[str, bytes]:
    kept = Kept()
    train_segment(request, tensors, kept, lock=lambda: None)
    return kept.blobs


def test_a_segment_from_a_checkpoint_does_not_depend_on_what_ran_before() -> None:
    handed = trained(request_of(goes_on=True))
    first = {
        **parse_tensors(handed["checkpoint"], checkpoint_tensors(spec_of())),
        **parse_tensors(handed["experience"], experience_of(112)),
    }
    second = request_of(start=112, end=224, goes_on=True)
    chained = trained(second, first)
    trained(request_of())
    assert trained(second, first) == chained
    one_episode = {**first, "replay.ended": 0 * first["replay.ended"]}
    assert trained(second, one_episode)["checkpoint"] != chained["checkpoint"]


@pytest.mark.parametrize("reward", ["program", "sparse"])
def test_it_trains_in_a_locked_worker_and_goes_on_where_it_stopped(
    tmp_path: Path, reward: RewardKind
) -> None:
    settings = {
        **{f"training.preset.{k}": v for k, v in preset_mapping(TINY).items() if k != "hidden"},
        "training.preset.hidden": 8,
        "evaluation.selection_episodes": 2,
        "evaluation.recorded_episodes": 1,
    }
    with start_run(tmp_path, task_of(POINT), load_config(None, settings)) as run:
        arena = arena_of(run, LocalEngine(1))
        contender = (
            candidate_contender(CandidateId(0, 0), NEAR)
            if reward == "program"
            else Contender(name=reward, reward=reward, purpose="claim")
        )
        for start in (0, 112):
            end = start + 112
            segment = Segment(
                start_step=start, end_step=end, checkpoint_steps=(end,), goes_on=not start
            )
            chain = run_segment(arena, contender, segment, seed=1, seed_set="selection")
            (found,) = arena.engine.run([chain])
            assert found.outcome is None, found.text


# --------------------------------------------------------------------- refusals


REFUSED: dict[str, tuple[str, str]] = {
    "action": (LISTLESS, "relabelled-input"),
    "field": (NEAR.replace("state.way, 0.3", "state.speed, 0.3"), "relabelled-input"),
    "potential": (NEAR + "def potential(state, xp):\n    return -abs(state.way)\n",
                  "relabelled-score"),
    "memory": (
        'CONTRACT = 1\nWEIGHTS = {"a": 1.0}\nMEMORY = {"best": 9.0}\n'
        "def reward(state, action, xp, memory):\n"
        '    return {"a": -abs(state.way)}, {"best": xp.minimum(memory.best, abs(state.way))}\n',
        "relabelled-memory",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_a_program_that_cannot_be_paid_again_is_refused_before_anything_is_trained(
    why: str, tmp_path: Path
) -> None:
    text, code = REFUSED[why]
    verdict = check_program(text, POINT.ref)
    assert not verdict.ok
    assert [one.code for one in verdict.findings if one.severity == "error"] == [code]
    config = load_config(None, {"search.init": text})
    with pytest.raises(UsageError, match="without hindsight relabelling"):
        start_run(tmp_path, task_of(POINT), config)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("why", REFUSED)
def test_it_is_trained_where_nothing_is_relabelled(why: str) -> None:
    for preset in (PpoPreset(), replace(TINY, n_sampled_goal=0)):
        assert read_trainable(REFUSED[why][0], POINT, preset).program is not None


def test_a_program_of_the_goals_alone_passes() -> None:
    assert check_program(NEAR, POINT.ref).ok


def test_the_shipped_expert_fits_and_the_one_for_ppo_does_not() -> None:
    fits = {}
    for name in ("FetchReach-v4-hindsight", "FetchReach-v4"):
        card = load_card(name)
        expert = card.tasks["reach"].references["expert"]
        assert isinstance(expert, Path)
        reading = read_trainable(expert.read_text(encoding="utf-8"), card, TINY)
        fits[name] = reading.program is not None
    assert fits == {"FetchReach-v4-hindsight": True, "FetchReach-v4": False}


def test_designers_read_the_goals_alone() -> None:
    task = task_of(POINT)
    view = task_view(task, POINT, preset=TINY, total_timesteps=1000)
    assert view.training.goal_fields == ("position", "goal", "way")
    plain = task_view(task, POINT, preset=PpoPreset(), total_timesteps=1000)
    assert plain.training.goal_fields == ()


def test_the_offline_designer_proposes_what_can_be_paid_again(tmp_path: Path) -> None:
    with start_run(tmp_path, task_of(POINT), RunConfig()) as run:
        arena = arena_of(run, LocalEngine(1))
        assert [spec.name for spec in arena.program_state.fields] == ["position", "goal", "way"]
        found = Workshop(arena=arena).propose(task_of(POINT), run.history())
    assert len(found) == arena.config.search.candidates
    for candidate in found:
        assert read_trainable(candidate.text, POINT, TINY).program is not None, candidate.text


# ---------------------------------------------------------------------- presets


def test_goals_are_relabelled_only_where_there_are_any() -> None:
    asked = RunConfig(training=TrainingConfig(preset={"n_sampled_goal": 4}))
    preset, _ = training_of(POINT, task_of(POINT), RunConfig())
    assert isinstance(preset, SacPreset)
    assert preset.n_sampled_goal == 4
    card = replace(POINT, goal_dim=0)
    with pytest.raises(ConfigError, match=r"names no goals.*goal_dim: 3"):
        training_of(card, task_of(card), asked)


@pytest.mark.parametrize(("algorithm", "n"), [("sac", -1), ("sac", 101), ("sac", 0.5), ("ppo", 4)])
def test_a_number_of_goals_that_is_none_is_refused_by_name(algorithm: str, n: object) -> None:
    with pytest.raises(ConfigError, match="n_sampled_goal"):
        resolve_preset({"algorithm": algorithm, "n_sampled_goal": n})


def test_a_card_that_is_wrong_about_its_goals_does_not_hold() -> None:
    assert check_card(POINT, n_steps=20).problems == ()
    (problem,) = check_card(replace(POINT, goal_dim=2), n_steps=20).problems
    assert problem.subject == "goal_dim"
    assert check_card(replace(load_card("Pendulum-v1"), goal_dim=1), n_steps=20).problems == ()
    (short,) = check_card(replace(load_card("Pendulum-v1"), goal_dim=2), n_steps=20).problems
    assert short.subject == "goal_dim"


def test_nothing_is_trained_on_goals_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(POINT, goal_dim=2)
    monkeypatch.setattr("rewardsmith.training.train_job.load_card", lambda ref: wrong)
    with pytest.raises(ConfigError, match="do not begin with two goals"):
        trained(request_of())


# --------------------------------------------------------------------- learning


def test_it_learns_from_a_sparse_reward_what_is_not_learnt_without() -> None:
    preset = replace(
        TINY,
        train_freq=8,
        gradient_steps=16,
        batch_size=64,
        hidden=(32, 32),
        gamma=0.9,
        learning_starts=200,
        learning_rate=3e-3,
    )
    distance = {}
    for n in (4, 0):
        chosen = replace(preset, n_sampled_goal=n)
        learner = learner_of(request_of("sparse", preset=chosen), preset=chosen)
        for _ in range(36):
            learner.rollout()
            learner.update()
        distance[n] = final_distance(MlpPolicy(spec_of(chosen), learner.tensors()))
    assert distance[4] < 0.3 < distance[0]


def final_distance(policy: MlpPolicy) -> float:
    env = StateVectorEnv(POINT, 16)
    obs = env.reset(10_000).obs
    for _ in range(POINT.max_steps):
        step = env.step(policy.act(obs))
        obs = step.obs
    return float(np.abs(step.fields["way"]).mean())
