"""How long an episode and a timestep last: from the registry, the environment, or what was seen."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gymnasium
from gymnasium.wrappers import TimeLimit

from rewardsmith.environments.drafting.field_draft import Note
from rewardsmith.environments.drafting.play import Play
from rewardsmith.environments.factory import Env

DEFAULT_STEPS = 1000
MAX_STEPS = 10**6
_LIMITS = ("max_episode_steps", "_max_episode_steps", "max_steps", "episode_length", "horizon")
_STEPS = ("dt", "tau", "timestep", "time_step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What a card says of time."""

    max_steps: int
    max_steps_remark: str = ""
    dt: float | None = None
    dt_remark: str = ""
    notes: tuple[Note, ...] = ()


def clock_of(env: Env, id_: str, seen: Play, *, measured: float | None = None) -> Clock:
    """Horizon and seconds per timestep of an environment that was played.

    Args:
        env: Which one, with all that it is wrapped in.
        id_: What it was made from.
        seen: Its episodes.
        measured: Seconds per timestep by the simulator's own clock; None without one.
    """
    said = (_attribute(env.unwrapped, name) for name in _STEPS)
    dt = next((float(v) for v in (measured, *said) if _is_time(v)), None)
    dt_remark = "" if dt is not None else _hint(env)
    limit = _limit(env, id_)
    if limit is not None:
        return Clock(max_steps=limit, dt=dt, dt_remark=dt_remark)
    if seen.truncated_after is not None:
        remark = f"an episode was truncated after {seen.truncated_after} steps; TODO check"
        return Clock(
            max_steps=seen.truncated_after, max_steps_remark=remark, dt=dt, dt_remark=dt_remark
        )
    text = f"no limit is registered, so an episode ends after {DEFAULT_STEPS} steps at the latest"
    return Clock(
        max_steps=DEFAULT_STEPS,
        max_steps_remark="TODO no limit is registered",
        dt=dt,
        dt_remark=dt_remark,
        notes=(Note(kind="assumption", text=text),),
    )


def _limit(env: Env, id_: str) -> int | None:
    spec = gymnasium.registry.get(id_.rpartition(":")[2]) or gymnasium.registry.get(id_)
    own = [_attribute(env.unwrapped, name) for name in _LIMITS]
    found = [spec.max_episode_steps if spec else None, *_wrapped_limits(env), *own]
    return next((int(n) for n in found if _is_count(n)), None)


def _wrapped_limits(env: Env) -> Iterator[Any]:
    """Limits that wrappers set, from the outside in."""
    while isinstance(env, gymnasium.Wrapper):
        if isinstance(env, TimeLimit):
            yield _attribute(env, "_max_episode_steps")
        env = env.env


def _attribute(raw: Any, name: str) -> Any:
    try:
        return getattr(raw, name, None)
    except Exception:  # a property of the person's may raise anything
        return None


def _is_count(value: Any) -> bool:
    is_int = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    return is_int and 1 <= value <= MAX_STEPS


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 100


def _hint(env: Env) -> str:
    fps = env.metadata.get("render_fps") if isinstance(env.metadata, dict) else None
    return f"TODO seconds per timestep; it is drawn at {fps} frames per second" if fps else ""
