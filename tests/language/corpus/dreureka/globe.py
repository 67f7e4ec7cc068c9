# state: quadruped
# original: torch batch
import torch

WEIGHTS = {"height": 1.0, "balance": 1.0, "smooth_actions": 0.5, "penalize_limits": 0.25}


def reward(state, action, previous_action):
    return {
        "height": _reward_height(state),
        "balance": _reward_balance(state),
        "smooth_actions": _reward_smooth_actions(action, previous_action),
        "penalize_limits": _reward_penalize_limits(state),
    }


def _reward_height(state):
    """Stay on top of the ball."""
    difference = state.position[:, 2] - torch.mean(state.feet[:, :, 2], dim=1)
    return torch.exp(-10.0 * torch.square(difference - 0.3))


def _reward_balance(state):
    tilt = torch.sum(torch.square(state.projected_gravity[:, :2]), dim=1)
    return 1.0 / (1.0 + 5.0 * tilt)


def _reward_smooth_actions(action, previous_action):
    return -torch.sum(torch.square(action - previous_action), dim=1)


def _reward_penalize_limits(state):
    below = -(state.joint_angles + 1.0).clip(max=0.0)
    above = (state.joint_angles - 1.0).clip(min=0.0)
    return -torch.sum(below + above, dim=1)
