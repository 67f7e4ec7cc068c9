"""Recorded episodes as an `.npz` without pickle.

Members are called `<episode>/<part>[/<name>]`. Equal trajectories give equal bytes. Reading
checks the sizes that the archive declares before anything is unpacked, so that a small file
cannot fill the memory.
"""

import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from rewardsmith.errors import StoreError
from rewardsmith.messages import Trajectory

MAX_UNPACKED_BYTES = 2**30
MAX_MEMBERS = 20_000

_KINDS = "biuf"
"""Array kinds that a trajectory may hold: booleans and numbers."""


def pack(trajectories: Sequence[Trajectory]) -> bytes:
    """The bytes of `trajectories.npz`."""
    arrays: dict[str, np.ndarray] = {}
    for index, trajectory in enumerate(trajectories):
        arrays |= {f"{index}/{name}": array for name, array in _parts(trajectory).items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(blob: bytes) -> tuple[Trajectory, ...]:
    """The trajectories in the bytes of `trajectories.npz`, in order.

    Raises:
        StoreError: The archive is damaged, too large when unpacked, or holds something else.
    """
    try:
        _check_sizes(blob)
        episodes: defaultdict[int, dict[str, np.ndarray]] = defaultdict(dict)
        with np.load(io.BytesIO(blob), allow_pickle=False) as archive:
            for member in archive.files:
                episode, _, name = member.partition("/")
                episodes[int(episode)][name] = _checked(archive[member])
        return tuple(_trajectory(episodes[index]) for index in sorted(episodes))
    # Archives fail in many ways: an unknown compression, a password, an array larger than memory.
    except Exception as error:
        raise StoreError(
            f"Recorded episodes cannot be read: {error}. Restore trajectories.npz from a copy."
        ) from error


def _parts(trajectory: Trajectory) -> dict[str, np.ndarray]:
    parts = {
        "seed": np.asarray(trajectory.seed, dtype=np.int64),
        "terminated": np.asarray(trajectory.terminated, dtype=np.bool_),
        "actions": trajectory.actions,
    }
    parts |= {f"field/{name}": array for name, array in trajectory.fields.items()}
    parts |= {f"component/{name}": array for name, array in trajectory.components.items()}
    if trajectory.rewards is not None:
        parts["rewards"] = trajectory.rewards
    return {name: _checked(np.asarray(array)) for name, array in parts.items()}


def _trajectory(parts: Mapping[str, np.ndarray]) -> Trajectory:
    return Trajectory(
        seed=int(parts["seed"]),
        terminated=bool(parts["terminated"]),
        actions=parts["actions"],
        fields=_below("field/", parts),
        components=_below("component/", parts),
        rewards=parts.get("rewards"),
    )


def _below(prefix: str, parts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {n.removeprefix(prefix): array for n, array in parts.items() if n.startswith(prefix)}


def _checked(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in _KINDS:
        raise ValueError(f"an array of {array.dtype} is no part of a trajectory")
    return array


def _check_sizes(blob: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(blob)) as archive:
        members = archive.infolist()
    n_bytes = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or n_bytes > MAX_UNPACKED_BYTES:
        raise ValueError(f"{len(members)} members of {n_bytes} bytes are too much")
