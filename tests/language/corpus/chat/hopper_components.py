# state: hopper
# original: numpy step
"""Reward for hopping forward without falling."""
import math

FORWARD_SCALE = 2.0
HEALTHY_Z = (0.8, 1.7)
MAX_PITCH = 0.3


def bounded(value, limit):
    """Squash a value into [-1, 1]."""
    return math.tanh(value / limit)


def reward(state, action, previous):
    # --- forward progress -------------------------------------------------
    forward = bounded(state.x_velocity, FORWARD_SCALE)

    # --- posture ----------------------------------------------------------
    low, high = HEALTHY_Z
    is_healthy = low < state.z < high and abs(state.pitch) < MAX_PITCH
    posture = 1.0 if is_healthy else 0.0

    # --- effort -----------------------------------------------------------
    effort = 0.0
    for torque in action:
        effort += torque ** 2

    components = {
        "forward": forward,
        "posture": posture,
        "effort": -0.001 * effort,
    }
    total = sum(components.values())
    return total, components
