"""Records a competent rollout for a card's task from a policy that a person wrote.

For tasks whose reference takes long to train: the script is one function, `act(fields)`, from one
timestep's state fields to an action. A script whose player remembers, or has to see more than the
fields tell, has a function `player(env)` instead: from an environment that has just been reset to
the `act` of that episode. Plays it from several starts, takes a middling one that does the task
better than any held action does there, and writes `<task>.rollouts.safetensors` beside card.yaml.

    python benchmarks/record_scripted.py merge-v0 make_room benchmarks/scripted/merge.py
"""

import argparse
import runpy
from collections.abc import Callable
from typing import Any

import numpy as np

from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.factory import Env, make_env
from rewardsmith.environments.fields import FieldReader
from rewardsmith.environments.fitness import compile_fitness, compile_success
from rewardsmith.messages import Trajectory
from rewardsmith.training.reference_rollouts import extreme_actions
from rewardsmith.training.shipped_rollouts import (
    COMPETENT,
    SEEDS,
    dump_shipped,
    rollouts_file,
    rounded,
)

Act = Callable[[dict[str, np.ndarray]], Any]
Player = Callable[[Env], Act]

N_STARTS = 7


def main() -> None:
    """Record the rollout of the task that was named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("card")
    parser.add_argument("task")
    parser.add_argument("script")
    parser.add_argument("--starts", type=int, default=N_STARTS, help="how many starts to play")
    arguments = parser.parse_args()
    card = load_card(arguments.card)
    task = task_of(card, arguments.task)
    clock = {"horizon": task.horizon, "dt": card.dt}
    fitness = compile_fitness(task.fitness, card.state, **clock)
    success = compile_success(
        task.success,
        card.state,
        semantics=task.semantics,
        held_steps=task.held_steps,
        **clock,
    )
    player = _player(runpy.run_path(arguments.script))
    played = []
    for seed in SEEDS[: arguments.starts]:
        episode = _play(card, player, seed)
        played.append(episode)
        print(
            f"  seed {seed}: fitness {fitness.evaluate(episode):.3f}, {episode.length} timesteps, "
            f"success {bool(success.evaluate(episode))}",
            flush=True,
        )
    done = [episode for episode in played if success.evaluate(episode)]
    print(f"{card.ref} {task.name}: {len(done)} of {len(played)} episodes do the task", flush=True)
    if not done:
        raise SystemExit("No episode does the task: improve the script.")
    middle = fitness.evaluate(sorted(done, key=fitness.evaluate)[len(done) // 2])
    done.sort(key=lambda episode: abs(fitness.evaluate(episode) - middle))
    middling = next((one for one in done if _is_telling(card, fitness.evaluate, one)), None)
    if middling is None:
        raise SystemExit(
            "Wherever it does the task, a held action does as well: try more --starts."
        )
    worth = {COMPETENT: (rounded(middling.actions), fitness.evaluate(middling))}
    path = rollouts_file(card, task)
    assert path is not None
    path.write_bytes(dump_shipped(middling.seed, worth))
    print(f"{path}: seed {middling.seed}, fitness {fitness.evaluate(middling):.3f}", flush=True)


def _player(script: dict[str, Any]) -> Player:
    """Who plays, whether or not it asks for the environment."""
    return script.get("player") or (lambda env: script["act"])


def _play(card: EnvCard, player: Player, seed: int) -> Trajectory:
    """One episode, with the actions as they will be replayed."""
    env = make_env(card)
    reader = FieldReader(card, env)
    obs, info = env.reset(seed=seed)
    act = player(env)
    columns = [reader.read(obs, info, at_start=True)]
    actions: list[Any] = []
    terminated = truncated = False
    while not (terminated or truncated or len(actions) == card.max_steps):
        actions.append(_replayable(card, act(columns[-1])))
        obs, _, terminated, truncated, info = env.step(actions[-1])
        columns.append(reader.read(obs, info))
    env.close()
    return Trajectory(
        seed=seed,
        fields={name: np.array([fields[name] for fields in columns]) for name in columns[0]},
        actions=np.array(actions),
        terminated=bool(terminated),
    )


def _is_telling(card: EnvCard, worth: Callable[[Trajectory], float], episode: Trajectory) -> bool:
    """Whether holding one action comes to less from the start of an episode, whichever it is."""
    spec = card.state.action
    for held in extreme_actions(spec):
        action = held[0] if spec.kind == "discrete" else np.reshape(held, spec.shape)
        alike = _play(card, lambda env, action=action: lambda fields: action, episode.seed)
        if worth(alike) >= worth(episode):
            return False
    return True


def _replayable(card: EnvCard, action: Any) -> Any:
    """An action as the file will hold it."""
    is_choice = card.state.action.kind == "discrete"
    return int(action) if is_choice else np.asarray(action, dtype=np.float32)


if __name__ == "__main__":
    main()
