"""Replays an episode to video in a process of its own, which holds no reward code.

The driver sends a seed and actions and gets the bytes of an MP4 file, or one line about why there
is none: a machine without graphics loses its video and nothing else. The process locks itself after
its first picture, when the graphics driver and the encoder have been started: from then on it opens
nothing but its scratch folder. Limits: threads that a driver started before are not covered by
Landlock, and a driver may still be spoken to through what it had opened.
"""

import tempfile
import traceback
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from rewardsmith.environments.cards import EnvCard, load_card
from rewardsmith.environments.factory import Env, make_env
from rewardsmith.environments.failures import place_of
from rewardsmith.errors import UsageError
from rewardsmith.evaluation.jobs import openings_of
from rewardsmith.isolation.child import Workplace, limits, open_workplace, openings
from rewardsmith.isolation.frames import ARRAYS, MIB, RESULT, Frame, FrameError
from rewardsmith.isolation.launch import ExitStatus, encode_job, spawn
from rewardsmith.isolation.limits import Limits
from rewardsmith.isolation.lock import lock
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
_SYSCALLS: Final = ("ioctl", "wait4")
"""A graphics card is spoken to by the first; the end of the encoder is seen by the second."""
_REASON_LENGTH: Final = 240
_GRAPHICS: Final = ("/OpenGL/", "/mujoco/egl/", "/mujoco/osmesa/", "/mujoco/gl_context")
"""Parts of paths: of PyOpenGL, and of MuJoCo's ways to draw."""
NO_GRAPHICS: Final = (
    "neither EGL nor OSMesa draws on this machine. Install one, with `apt-get install libegl1` or "
    "`apt-get install libosmesa6` on Debian"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """An episode on video, or why there is none."""

    video: bytes | None
    """An MP4 file: H.264, yuv420p."""
    reason: str = ""
    """One line; empty when there is a video."""
    is_final: bool = False
    """Whether the environment cannot be drawn at all, whatever draws."""
    lacks_graphics: bool = False
    """Whether it is the machine that cannot draw."""


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
    films = []
    for backend in BACKENDS:
        film = _attempt(card, actions, seed, backend)
        if film.video is not None or film.is_final:
            return film
        films.append(film)
    if all(film.lacks_graphics for film in films):
        return Film(video=None, reason=NO_GRAPHICS, lacks_graphics=True)
    told = [film.reason for film in films if not film.lacks_graphics]
    return Film(video=None, reason="; ".join(dict.fromkeys(told)))


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
        said = f"{type(error).__name__}: {error}{place_of(error)}"[:4000]
        place.send_result({"reason": said, "lacks_graphics": _is_of_graphics(error)})
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
            openings=replace(openings_of(card), scratch=scratch),
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
        return Film(
            video=None,
            reason=line[:_REASON_LENGTH],
            is_final=bool(reply.get("is_final")),
            lacks_graphics=bool(reply.get("lacks_graphics")),
        )
    blobs = [frame.payload for frame in frames if frame.kind == ARRAYS]
    videos = [parse_arrays(blob, max_rows=MAX_BYTES) for blob in blobs]
    if len(videos) != 1 or "video" not in videos[0]:
        return Film(video=None, reason="the renderer sent no video")
    return Film(video=videos[0]["video"].tobytes())


# ------------------------------------------------------------------- the child


def _film(place: Workplace) -> bytes:
    card = load_card(str(place.request["env"]))
    actions = place.arrays()["actions"]
    if card.state.action.choices:
        actions = actions.astype(np.int64)
    env = _make(card)
    _draw_cheaply(env)
    _follow_body(env)
    env.reset(seed=int(place.request["seed"]))
    first = _picture(env)
    reel = reel_of(len(actions), card.dt)
    path = Path(tempfile.gettempdir()) / "episode.mp4"
    encoder = _encoder(path, first, reel.fps)
    lock(limits(), openings=openings(), extra_syscalls=_SYSCALLS)
    for picture in (first, *_replay(env, actions, reel.stride)):
        encoder.send(picture)
    encoder.close()
    return path.read_bytes()


def _is_of_graphics(error: Exception) -> bool:
    """Whether it came out of what loads EGL and OSMesa: it says nothing to a person then."""
    raised = traceback.extract_tb(error.__traceback__)
    return any(part in frame.filename for frame in raised for part in _GRAPHICS)


def _make(card: EnvCard) -> Env:
    """The environment, drawing small pictures if it can be asked to."""
    small = {**card.kwargs, "width": SIZE[0], "height": SIZE[1]}
    with suppress(TypeError, UsageError):
        return make_env(replace(card, kwargs=small), render_mode="rgb_array")
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


def _replay(env: Env, actions: Array, stride: int) -> Iterator[Array]:
    for number, action in enumerate(actions, start=1):
        env.step(action)
        if number % stride == 0:
            yield _picture(env)


def _picture(env: Env) -> Array:
    drawn: Any = env.render()
    if drawn is None:
        raise UsageError("its render() returns None under render_mode='rgb_array', not a picture")
    picture = np.asarray(drawn)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"the environment draws {picture.dtype} pictures of {picture.shape}")
    return np.ascontiguousarray(picture)


def _encoder(path: Path, picture: Array, fps: float) -> Generator[None, Array | None]:
    """Takes pictures like `picture` and writes them to `path`, in a process of its own."""
    import imageio_ffmpeg

    height, width = picture.shape[:2]
    target = f"{SIZE[0]}:{SIZE[1]}"
    fitted = f"scale={target}:force_original_aspect_ratio=decrease,pad={target}:-1:-1"
    encoder: Generator[None, Array | None] = imageio_ffmpeg.write_frames(
        str(path),
        (width, height),
        fps=fps,
        codec="libx264",
        pix_fmt_out="yuv420p",
        macro_block_size=1,
        output_params=["-vf", fitted, "-movflags", "+faststart"],
    )
    encoder.send(None)
    return encoder


if __name__ == "__main__":
    main()
