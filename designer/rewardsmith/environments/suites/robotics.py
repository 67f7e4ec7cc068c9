"""Gymnasium-Robotics' environments, made as a card asks and refused where they would crash.

Dynamics, observations, reward and success are the package's. What is added: a clear line where the
installed simulator is too new for it, and mazes that leave no files behind.
"""

import contextlib
import io
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rewardsmith.environments.factory import Env, make_bare
from rewardsmith.environments.suites.packages import package
from rewardsmith.errors import UsageError

TOO_NEW = (3, 12)
"""First version of MuJoCo with which some environments of the package crash; tried with 1.4.2."""
_FRAGILE = ("Fetch", "Hand", "FrankaKitchen")
"""Starts of the ids that look up joints by a type that later versions compare differently."""


def make_robot(*, name: str, render_mode: str | None = None, **options: Any) -> Env:
    """Make one environment of the package.

    Args:
        name: Its id: `FetchReach-v4`, `PointMaze_UMaze-v3`.
        render_mode: As Gymnasium's.
        options: For the package's own constructor, as in `reward_type="dense"`.

    Raises:
        UsageError: The package is missing, has no such id, or the simulator is too new for it.
    """
    with contextlib.redirect_stderr(io.StringIO()):  # its notice is on the card of AdroitHandDoor
        package("gymnasium_robotics", name)
    insist_on_simulator(name, version("mujoco"))
    if render_mode is not None:
        options["render_mode"] = render_mode
    env = make_bare(f"gymnasium_robotics:{name}", code=None, ref=name, kwargs=options)
    _clear_away(env)
    return env


def insist_on_simulator(name: str, installed: str) -> None:
    """Refuse a version of MuJoCo with which the environment crashes.

    Args:
        name: The environment's id.
        installed: The version, as in `3.3.0`.

    Raises:
        UsageError: It is too new for this environment.
    """
    release = tuple(int(part) for part in installed.split(".")[:2])
    if name.startswith(_FRAGILE) and release >= TOO_NEW:
        raise UsageError(
            f"{name} crashes on mujoco {installed}: Fetch, Hand and FrankaKitchen of "
            "gymnasium-robotics tell joints apart by a type that mujoco compares differently since "
            '3.12. `pip install "rewardsmith[robotics]"` installs a version that works.'
        )


def _clear_away(env: Env) -> None:
    """Remove the model that a maze has written for itself, and never removes."""
    model = getattr(env.unwrapped, "tmp_xml_file_path", None)
    if model is not None:
        Path(model).unlink(missing_ok=True)
