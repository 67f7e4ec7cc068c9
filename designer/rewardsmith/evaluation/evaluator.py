"""The evaluator process: judges policies by the task's fitness.

It never sees a reward program, torch or pickle: policies are NumPy networks from tensors that the
driver has validated. It locks itself once the environment is made.
"""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.fitness import (
    EpisodeMeasure,
    Success,
    compile_fitness,
    compile_success,
)
from rewardsmith.environments.judging import EpisodeFunction, judging_card, without_judged
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.evaluation.policy import MlpPolicy
from rewardsmith.evaluation.requests import (
    EvaluationReply,
    EvaluationRequest,
    PolicyRequest,
    decode_request,
    encode_reply,
)
from rewardsmith.evaluation.rollout import Act, constant, cycle, record, uniform
from rewardsmith.isolation.child import Workplace, open_workplace
from rewardsmith.isolation.tensors import dump_tensors
from rewardsmith.isolation.trajectories import to_arrays
from rewardsmith.messages import EpisodeScore, Task, Trajectory

Array = np.ndarray[Any, Any]

SIGN_OF_LIFE_S = 20.0


def answer(place: Workplace) -> None:
    """Judge the policies that the job asks about."""
    request = decode_request(place.request)
    card = load_card(request.task.env)
    audit = request.audit.values()
    judged = judging_card(card, request.task.fitness, request.task.success, *audit)
    envs = {n: StateVectorEnv(judged, n) for n in {len(p.seeds) for p in request.policies}}
    for env in envs.values():
        env.reset(0)
    judge = Judge(request.task, request.audit, card)
    level = place.lock(request.sandbox)
    tensors = place.arrays()
    episodes = []
    n_networks = 0
    for policy in request.policies:
        env = envs[len(policy.seeds)]
        act = _alive(_act(policy, request, env, tensors, n_networks), place)
        n_networks += policy.kind == "mlp"
        trajectories = record(env, act, seed=policy.seeds[0])
        episodes.append(tuple(judge.score(t) for t in trajectories))
        _send(place, tuple(without_judged(t) for t in trajectories[: policy.record]))
    reply = EvaluationReply(episodes=tuple(episodes), obs_dim=env.obs_dim, sandbox=level)
    place.send_result(encode_reply(reply))


class Judge:
    """The task's fitness, success and audit metrics, compiled once."""

    def __init__(self, task: Task, audit: Mapping[str, str], card: EnvCard) -> None:
        compiled = partial(
            compile_fitness, spec=card.state, horizon=task.horizon, dt=card.dt, home=card.home
        )
        self._fitness: EpisodeMeasure = compiled(task.fitness)
        self._success: Success = compile_success(
            task.success,
            card.state,
            semantics=task.semantics,
            held_steps=task.held_steps,
            horizon=task.horizon,
            dt=card.dt,
            home=card.home,
        )
        self._audit: Mapping[str, EpisodeMeasure] = {
            name: compiled(text, what=name) for name, text in audit.items()
        }
        for measure in (self._fitness, self._success.whole, *self._audit.values()):
            if isinstance(measure, EpisodeFunction):
                measure.load()

    def score(self, episode: Trajectory) -> EpisodeScore:
        """Judge one episode."""
        return EpisodeScore(
            seed=episode.seed,
            fitness=self._fitness.evaluate(episode),
            success=self._success.evaluate(episode),
            length=episode.length,
            terminated=episode.terminated,
            audit={name: metric.evaluate(episode) for name, metric in self._audit.items()},
        )


def _act(
    policy: PolicyRequest,
    request: EvaluationRequest,
    env: StateVectorEnv,
    tensors: Mapping[str, Array],
    number: int,
) -> Act:
    action = env.spec.action
    match policy.kind:
        case "constant":
            return constant(action, policy.value, env.n_envs)
        case "uniform":
            rng = np.random.default_rng(policy.seeds[0])
            return uniform(action, env.n_envs, rng)
        case "cycle":
            return cycle(action, policy.actions, env.n_envs)
        case "mlp":
            if request.spec is None:
                raise ValueError("a network policy needs its shape")
            prefix = f"{number}/"
            mine = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
            return MlpPolicy(request.spec, mine).act


def _alive(act: Act, place: Workplace) -> Act:
    """`act`, with a sign of life every few seconds: a long evaluation is not a hung one."""
    heard_at = time.monotonic()

    def acting(obs: Array) -> Array:
        nonlocal heard_at
        if time.monotonic() - heard_at > SIGN_OF_LIFE_S:
            place.send_metric({})
            heard_at = time.monotonic()
        return act(obs)

    return acting


def _send(place: Workplace, trajectories: tuple[Trajectory, ...]) -> None:
    if trajectories:
        place.send_arrays(dump_tensors(to_arrays(trajectories)))


if __name__ == "__main__":
    answer(open_workplace())
