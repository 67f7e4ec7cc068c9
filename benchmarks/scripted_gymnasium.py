"""Records competent rollouts of Gymnasium's tasks that a few lines of control can do.

Plays the task's scripted policy and writes `<task>.rollouts.safetensors` beside card.yaml, as
`record_rollouts.py` does of trained ones. The policies also show that a task can be done at all.

    python benchmarks/scripted_gymnasium.py Ant-v5 wave_leg
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.fitness import compile_fitness, compile_success
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.messages import Task, Trajectory
from rewardsmith.training.shipped_rollouts import (
    COMPETENT,
    SEEDS,
    dump_shipped,
    rollouts_file,
    rounded,
)

Policy = Callable[[int, np.ndarray, Any], Any]
"""(timestep, observation, unwrapped environment) to the action."""
N_TRIES = 10


def main() -> None:
    """Record the rollout of the task that was named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("card")
    parser.add_argument("task")
    arguments = parser.parse_args()
    card = load_card(arguments.card)
    task = task_of(card, arguments.task)
    path = rollouts_file(card, task)
    assert path is not None
    for seed in SEEDS[:N_TRIES]:
        episode = play(card, POLICIES[card.ref, task.name](), seed=seed)
        fitness, success = judged(card, task, episode)
        print(f"{card.ref} {task.name} seed {seed}: fitness {fitness:.3f} success {success}")
        if success:
            path.write_bytes(dump_shipped(seed, {COMPETENT: (rounded(episode.actions), fitness)}))
            return
    raise SystemExit("The scripted policy does not do the task.")


def play(card: EnvCard, policy: Policy, *, seed: int = 0) -> Trajectory:
    """One whole episode, read as an evaluation reads it."""
    vector = StateVectorEnv(card, 1)
    start = vector.reset(seed)
    observation, rows = start.obs[0], [start.fields]
    actions: list[Any] = []
    while True:
        actions.append(policy(len(actions), observation, vector.envs[0].unwrapped))
        step = vector.step(np.asarray(actions[-1])[None])
        rows.append(step.fields)
        observation = step.next_obs[0]
        if step.done[0]:
            break
    vector.close()
    return Trajectory(
        seed=seed,
        fields={name: np.array([row[name][0] for row in rows]) for name in rows[0]},
        actions=np.array(actions),
        terminated=bool(step.terminated[0]),
    )


def judged(card: EnvCard, task: Task, episode: Trajectory) -> tuple[float, bool]:
    """Fitness and success of an episode."""
    fitness = compile_fitness(task.fitness, card.state, horizon=task.horizon, dt=card.dt)
    success = compile_success(
        task.success,
        card.state,
        semantics=task.semantics,
        held_steps=task.held_steps,
        horizon=task.horizon,
        dt=card.dt,
    )
    return fitness.evaluate(episode), success.evaluate(episode)


def balance_cart(goal: float = 0.0) -> Policy:
    """Push towards where the pole falls, as a linear controller says."""
    gains, wanted = np.array([0.3, 0.6, 6.0, 1.0]), np.array([goal, 0.0, 0.0, 0.0])
    return lambda t, x, env: int(gains @ (x - wanted) > 0)


def balance_pole() -> Policy:
    """A linear controller of the pole on the rail."""
    gains = np.array([1.0, 20.0, 1.5, 3.0])
    return lambda t, x, env: np.clip([gains @ x], -3, 3).astype(np.float32)


def push_as_it_rolls() -> Policy:
    """Push the car the way it rolls, which adds energy in every step."""
    return lambda t, x, env: 2 if x[1] >= 0 else 0


def land_by_heuristic() -> Policy:
    """The package's own controller of the lander."""
    from gymnasium.envs.box2d.lunar_lander import heuristic

    return lambda t, x, env: heuristic(env, x)


def wave(swing: float = 0.45, period: int = 30) -> Policy:
    """Stand on three legs, which are moved below the weight first, and swing the fourth."""

    def act(t: int, observation: np.ndarray, env: Any) -> np.ndarray:
        hips, ankles = np.zeros(4), np.full(4, 1.1)
        if t > 20:
            hips[[1, 3]] = -0.5, 0.5
        if t > 50:
            hips[0], ankles[0] = swing * np.sin(2 * np.pi * (t - 50) / period), 0.5
        return _to_joints(observation, hips, ankles)

    return act


def spin() -> Policy:
    """Two opposite legs stand and turn the torso, the other two swing back in the air."""

    def act(t: int, observation: np.ndarray, env: Any) -> np.ndarray:
        phase = (t / 30 + np.array([0.0, 0.5, 0.0, 0.5])) % 1
        stands = phase < 0.5
        hips = np.where(stands, 0.5 - 2 * phase, 2 * phase - 1.5)
        return _to_joints(observation, hips, np.where(stands, 1.1, 0.6))

    return act


def flail_until_over(seed: int = 3) -> Policy:
    """Random torques until the ant lies on its back, none from then on."""
    rng = np.random.default_rng(seed)

    def act(t: int, x: np.ndarray, env: Any) -> np.ndarray:
        is_over = 1 - 2 * (x[2] ** 2 + x[3] ** 2) < -0.8
        return (np.zeros(8) if is_over else rng.uniform(-1, 1, 8)).astype(np.float32)

    return act


POLICIES: Mapping[tuple[str, str], Callable[[], Policy]] = {
    ("CartPole-v1", "balance"): balance_cart,
    ("CartPole-v1", "balance_on_the_right"): lambda: balance_cart(1.0),
    ("MountainCar-v0", "reach_flag"): push_as_it_rolls,
    ("InvertedPendulum-v5", "balance"): balance_pole,
    ("LunarLander-v3", "land"): land_by_heuristic,
    ("Ant-v5", "wave_leg"): wave,
    ("Ant-v5", "spin"): spin,
    ("Ant-v5-free", "lie_down"): flail_until_over,
}
"""By card and task: makes the policy of one episode."""


def _to_joints(observation: np.ndarray, hips: np.ndarray, ankles: np.ndarray) -> np.ndarray:
    """Torques that bring the ant's joints there; ankles from 0.52, foot up, to 1.22, foot down."""
    wanted = np.stack([hips, ankles * (1, -1, -1, 1)], axis=1).ravel()
    torques = 1.5 * (wanted - observation[5:13]) - 0.1 * observation[19:27]
    # the package's motors begin with the front right leg, its joints with the front left one
    return np.clip(np.roll(torques, 2), -1, 1).astype(np.float32)


if __name__ == "__main__":
    main()
