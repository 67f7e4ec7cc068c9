"""Replays an episode to video in a process of its own, which holds no reward code.

The driver sends a seed and actions and gets the bytes of an MP4 file, or one line about why there
is none: a machine without graphics loses its video and nothing else. The process is not locked: it
runs the user's own environment code and the machine's graphics drivers.
"""

import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.factory import Env, make_env
from rewardsmith.errors import UsageError
from rewardsmith.isolation.child import Workplace, open_workplace
from rewardsmith.isolation.frames import ARRAYS, MIB, RESULT, Frame, FrameError
from rewardsmith.isolation.launch import ExitStatus, encode_job, spawn
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.running import collect
from rewardsmith.isolation.strict_json import parse_json
from rewardsmith.isolation.tensors import dump_tensors, parse_arrays
from rewardsmith.isolation.text import clean_text

Array = np.ndarray[Any, Any]

MODULE: Final = "rewardsmith.evaluation.renderer"
BACKENDS: Final = ("egl", "osmesa")
"""MuJoCo's ways to draw without a screen: by a graphics card, then by the processor."""
MAX_FRAMES: Final = 300
SIZE: Final = (320, 240)
"""Width and height in pixels; even, as H.264 in yuv420p has to be."""
MAX_FPS: Final = 60.0
MIN_FPS: Final = 10.0
"""Below it motion cannot be read: a long episode is shown faster than it was."""
DEFAULT_FPS: Final = 30.0
MAX_BYTES: Final = 64 * MIB
CPU_S: Final = 300
PLANE: Final = 0
"""MuJoCo's number for a plane; one of size 0 is drawn without an end."""
STALL_S: Final = 300.0
_REASON_LENGTH: Final = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """An episode on video, or why there is none."""

    video: bytes | None
    """An MP4 file: H.264, yuv420p."""
    reason: str = ""
    """One line; empty when there is a video."""
    is_final: bool = False
    """Whether the environment cannot be drawn at all, whatever draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """How an episode becomes frames."""

    stride: int
    """Every so many timesteps are one frame."""
    fps: float
    """Frames per second: the environment's own speed, within what can be watched."""


def render_episode(card: EnvCard, actions: Array, seed: int) -> Film:
    """Replay an episode and film it.

    Args:
        card: The environment's.
        actions: As they were sent, shape (n_steps, *action shape).
        seed: What the episode was reset with.
    """
    reasons: dict[str, None] = {}
    for backend in BACKENDS:
        film = _attempt(card, actions, seed, backend)
        if film.video is not None or film.is_final:
            return film
        reasons[film.reason] = None
    return Film(video=None, reason="; ".join(reasons))


def reel_of(n_steps: int, dt: float | None, *, max_frames: int = MAX_FRAMES) -> Reel:
    """Stride and speed of a film of `n_steps` timesteps.

    >>> reel_of(1000, 0.05)
    Reel(stride=4, fps=10.0)
    """
    stride = max(1, -(-(n_steps + 1) // max_frames))
    fps = DEFAULT_FPS if dt is None else 1.0 / (dt * stride)
    return Reel(stride=stride, fps=min(max(fps, MIN_FPS), MAX_FPS))


def main() -> None:
    """Film the one episode on standard input."""
    place = open_workplace()
    try:
        video = _film(place)
    except UsageError as error:  # no other way of drawing would help
        place.send_result({"reason": str(error)[:4000], "is_final": True})
        return
    # Graphics drivers and environments fail in ways of their own; all of them mean: no video.
    except Exception as error:
        place.send_result({"reason": f"{type(error).__name__}: {error}"[:4000]})
        return
    place.send_arrays(dump_tensors({"video": np.frombuffer(video, dtype=np.uint8)}))
    place.send_result({"reason": ""})


def _attempt(card: EnvCard, actions: Array, seed: int, backend: str) -> Film:
    # float64 holds every discrete action exactly, too.
    arrays = {"actions": np.ascontiguousarray(actions, dtype=np.float64)}
    job = encode_job({"env": card.ref, "seed": int(seed)}, dump_tensors(arrays))
    with tempfile.TemporaryDirectory(prefix="rewardsmith-") as scratch:
        child = spawn(
            MODULE,
            job=job,
            # Software rendering reserves address space by the gigabyte.
            limits=Limits(cpu_s=CPU_S, memory_bytes=None),
            openings=Openings(scratch=scratch),
            variables={"MUJOCO_GL": backend},
        )
        try:
            frames, status = collect(child, stall_s=STALL_S)
        except FrameError as error:
            return Film(video=None, reason=f"the renderer broke its protocol: {error}")
    return _read(frames, status)


def _read(frames: list[Frame], status: ExitStatus) -> Film:
    results = [frame.payload for frame in frames if frame.kind == RESULT]
    if not results:
        return Film(video=None, reason=f"the renderer ended early ({status.reason})")
    parsed = parse_json(results[0])
    reply = parsed if isinstance(parsed, dict) else {}
    reason = reply.get("reason")
    if reason:
        line = " ".join(clean_text(str(reason)).split())
        return Film(video=None, reason=line[:_REASON_LENGTH], is_final=bool(reply.get("is_final")))
    blobs = [frame.payload for frame in frames if frame.kind == ARRAYS]
    videos = [parse_arrays(blob, max_rows=MAX_BYTES) for blob in blobs]
    if len(videos) != 1 or "video" not in videos[0]:
        return Film(video=None, reason="the renderer sent no video")
    return Film(video=videos[0]["video"].tobytes())


# ------------------------------------------------------------------- the child


def _film(place: Workplace) -> bytes:
    card = load_card(str(place.request["env"]))
    actions = place.arrays()["actions"]
    if card.state.action.kind == "discrete":
        actions = actions.astype(np.int64)
    env = _make(card)
    _draw_cheaply(env)
    _follow_body(env)
    reel = reel_of(len(actions), card.dt)
    pictures = _replay(env, actions, int(place.request["seed"]), reel.stride)
    return _encode(pictures, reel.fps)


def _make(card: EnvCard) -> Env:
    """The environment, drawing small pictures if it can be asked to."""
    small = {**card.kwargs, "width": SIZE[0], "height": SIZE[1]}
    try:
        return make_env(replace(card, kwargs=small), render_mode="rgb_array")
    except TypeError:
        return make_env(card, render_mode="rgb_array")


def _draw_cheaply(env: Env) -> None:
    """Soft shadows and antialiasing take most of the time where a processor draws."""
    quality = getattr(getattr(getattr(env.unwrapped, "model", None), "vis", None), "quality", None)
    if quality is not None:
        quality.offsamples = 0
        quality.shadowsize = 512


def _follow_body(env: Env) -> None:
    """Gymnasium's free camera stays where an episode began; models that move bring a better one."""
    drawer = getattr(env.unwrapped, "mujoco_renderer", None)
    model: Any = getattr(env.unwrapped, "model", None)
    if drawer is None or model is None:
        return
    with suppress(KeyError):
        drawer.camera_id = model.camera("track").id
    # Only drawn: for collisions a plane has no end anyway.
    model.geom_size[model.geom_type == PLANE, :2] = 0.0


def _replay(env: Env, actions: Array, seed: int, stride: int) -> list[Array]:
    env.reset(seed=seed)
    pictures = [_picture(env)]
    for number, action in enumerate(actions, start=1):
        env.step(action)
        if number % stride == 0:
            pictures.append(_picture(env))
    return pictures


def _picture(env: Env) -> Array:
    drawn: Any = env.render()
    if drawn is None:
        raise UsageError("its render() returns None under render_mode='rgb_array', not a picture")
    picture = np.asarray(drawn)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"the environment draws {picture.dtype} pictures of {picture.shape}")
    return np.ascontiguousarray(picture)


def _encode(pictures: list[Array], fps: float) -> bytes:
    import imageio_ffmpeg

    path = Path(tempfile.gettempdir()) / "episode.mp4"
    height, width = pictures[0].shape[:2]
    target = f"{SIZE[0]}:{SIZE[1]}"
    fitted = f"scale={target}:force_original_aspect_ratio=decrease,pad={target}:-1:-1"
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (width, height),
        fps=fps,
        codec="libx264",
        pix_fmt_out="yuv420p",
        macro_block_size=1,
        output_params=["-vf", fitted, "-movflags", "+faststart"],
    )
    writer.send(None)
    for picture in pictures:
        writer.send(picture)
    writer.close()
    return path.read_bytes()


if __name__ == "__main__":
    main()
