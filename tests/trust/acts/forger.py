"""A worker that reward code has taken over: locked as ever, but what it sends is its own choice.

It lies beside a card and runs in the place of the real worker. The program's text says how it lies.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rewardsmith.evaluation.policy import PolicySpec
from rewardsmith.isolation.child import Workplace, open_workplace
from rewardsmith.isolation.frames import END, METRIC, RESULT, TENSORS
from rewardsmith.isolation.tensors import dump_tensors
from rewardsmith.messages import ActionSpec
from rewardsmith.training.checkpoint import checkpoint_tensors
from rewardsmith.training.requests import TrainRequest, decode

Tensors = dict[str, np.ndarray[Any, Any]]
POLICY = PolicySpec(obs_dim=2, action=ActionSpec(shape=(1,), low=(-1.0,), high=(1.0,)))


class Forger:
    """One taken-over worker."""

    def __init__(self, place: Workplace, request: TrainRequest) -> None:
        self.place, self.request = place, request

    def tensors(self, value: float = 0.01, **changed: np.ndarray[Any, Any]) -> Tensors:
        """A sound checkpoint that nobody trained."""
        made: Tensors = {
            name: np.full(spec.shape, value, np.float32 if spec.dtype == "F32" else np.float64)
            for name, spec in checkpoint_tensors(POLICY).items()
        }
        for name in ("obs.var", "return.var", "adam.step", "obs.count", "return.count"):
            made[name][...] = 1.0
        return made | {name.replace("__", "."): array for name, array in changed.items()}

    def metric(self, step: int, values: Mapping[str, float]) -> None:
        """A point of the curves."""
        self.place.send_metric({"step": step, "values": dict(values)})

    def hand_in(self, tensors: Tensors, times: int | None = None) -> None:
        """The same checkpoint for every step that was asked for."""
        for _ in range(len(self.request.checkpoint_steps) if times is None else times):
            self.place.send_tensors(dump_tensors(tensors))

    def end(self) -> None:
        """The last word."""
        self.place.send_result({})


def lie_in_the_curves(forger: Forger) -> None:
    forger.metric(64, {"rollout/ep_rew_mean": 1e300, "reward/near": 1e300})
    forger.hand_in(forger.tensors())
    forger.end()


def claim_to_be_done(forger: Forger) -> None:
    forger.hand_in(forger.tensors(0.0))
    forger.end()


def use_the_largest_weights(forger: Forger) -> None:
    forger.hand_in(forger.tensors(1e6))
    forger.end()


def skew_the_statistics(forger: Forger) -> None:
    forger.hand_in(forger.tensors(obs__mean=np.full(2, 1e6), obs__var=np.full(2, 1e-300)))
    forger.end()


def claim_a_fitness(forger: Forger) -> None:
    forger.hand_in(forger.tensors())
    forger.place.send_arrays(dump_tensors({"fitness": np.full(3, 1e9)}))
    forger.place.send_result({"fitness": 1e9, "success": True, "outcome": "trained"})


def answer_for_the_evaluator(forger: Forger) -> None:
    forger.hand_in(forger.tensors())
    episode = {"fitness": 1e9, "success": True, "length": 1, "terminated": False, "audit": {}}
    episodes = [[{"seed": seed, **episode} for seed in range(3)]]
    forger.place.send_result({"episodes": episodes, "obs_dim": 2, "sandbox": "strict"})


def step_backwards(forger: Forger) -> None:
    forger.metric(128, {})
    forger.metric(64, {})
    claim_to_be_done(forger)


def step_past_the_target(forger: Forger) -> None:
    forger.metric(10**9, {})
    claim_to_be_done(forger)


def name_a_strange_component(forger: Forger) -> None:
    forger.metric(64, {"reward/fitness": 1e9})
    claim_to_be_done(forger)


def hand_in_nothing(forger: Forger) -> None:
    forger.end()


def hand_in_too_much(forger: Forger) -> None:
    forger.hand_in(forger.tensors(), times=9)
    forger.end()


def hand_in_nan(forger: Forger) -> None:
    forger.hand_in(forger.tensors(float("nan")))
    forger.end()


def hand_in_more_than_a_policy(forger: Forger) -> None:
    forger.hand_in(forger.tensors(fitness=np.full(1, 1e9)))
    forger.end()


def hand_in_a_pickle(forger: Forger) -> None:
    forger.place.channel.write(TENSORS, b"\x80\x04\x8c\x05posix\x8c\x06system\x93.")
    forger.end()


def leave_without_a_word(forger: Forger) -> None:
    forger.hand_in(forger.tensors())
    os._exit(0)


def go_on_after_the_end(forger: Forger) -> None:
    forger.hand_in(forger.tensors())
    forger.end()
    forger.place.channel.write(TENSORS, b"x")


def end_twice(forger: Forger) -> None:
    forger.hand_in(forger.tensors())
    forger.place.channel.write(RESULT, b"{}")
    forger.end()


def tear_a_frame(forger: Forger) -> None:
    forger.hand_in(forger.tensors())
    forger.place.channel.write(RESULT, b"{}")
    os.write(forger.place.channel._fd, END + b"\x01")


def send_broken_json(forger: Forger) -> None:
    forger.place.channel.write(METRIC, b'{"step": 1e999, "values": {}}')
    claim_to_be_done(forger)


def sleep_between_signs_of_life(forger: Forger) -> None:
    for name in ("SIGTERM", "SIGHUP", "SIGINT"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    for step in range(1, 500):
        forger.metric(min(step, 128), {})
        time.sleep(0.2)


def sleep(forger: Forger) -> None:
    time.sleep(600)


LIES: dict[str, Callable[[Forger], None]] = {
    lie.__name__: lie
    for lie in (
        lie_in_the_curves,
        claim_to_be_done,
        use_the_largest_weights,
        skew_the_statistics,
        claim_a_fitness,
        answer_for_the_evaluator,
        step_backwards,
        step_past_the_target,
        name_a_strange_component,
        hand_in_nothing,
        hand_in_too_much,
        hand_in_nan,
        hand_in_more_than_a_policy,
        hand_in_a_pickle,
        leave_without_a_word,
        go_on_after_the_end,
        end_twice,
        tear_a_frame,
        send_broken_json,
        sleep_between_signs_of_life,
        sleep,
    )
}


def main() -> None:
    place = open_workplace()
    request = decode(place.request)
    assert isinstance(request, TrainRequest)
    text = request.program or ""
    lie = max((name for name in LIES if f"{name}." in text), key=len)
    place.lock(request.sandbox)
    LIES[lie](Forger(place, request))


if __name__ == "__main__":
    main()
