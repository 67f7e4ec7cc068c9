# state: cheetah
# original: numpy step
import numpy as np
from typing import Any, Dict


def reward(state: Any, action: np.ndarray, xp: Any, step: int) -> Dict[str, float]:
    """
    Reward for a steady gallop.

    Args:
        state: the state after the action
        action: torques

    Returns:
        the components
    """
    components: dict[str, float] = {}

    # 1) speed, with a target of 4 m/s
    target_speed = 4.0
    speed_error = abs(state.x_velocity - target_speed) / target_speed
    components["speed"] = float(max(0.0, 1.0 - speed_error))

    # 2) warm-up: be lenient at first
    warmup = min(step / 100, 1.0)
    components["upright"] = float(warmup * np.cos(state.pitch))

    # 3) joint limits
    limits = np.array([1.0, 0.8, 0.8, 1.0, 1.0, 0.6])
    excess = np.maximum(np.abs(state.joint_angles) - limits, 0.0)
    components["limits"] = -float(np.sum(excess))

    # 4) energy
    power = np.dot(np.abs(action), np.abs(state.joint_velocities))
    components["energy"] = -1e-3 * float(power)
    return components
