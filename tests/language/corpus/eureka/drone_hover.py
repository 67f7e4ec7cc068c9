# state: drone
# original: torch batch
from typing import Tuple, Dict
import torch


def reward(state, action: torch.Tensor, previous_action: torch.Tensor) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
    # position
    pos_error = torch.norm(state.position - state.target, dim=1)
    pos_temp = 0.8
    position_reward = 1.0 / (1.0 + pos_error ** 2 / pos_temp)

    # attitude: third column of the rotation matrix is the body's z axis
    up_z = state.rotation[:, 2, 2]
    up_reward = ((up_z + 1.0) / 2.0) ** 2

    # spin
    spin = torch.norm(state.angular_velocity, dim=1)
    spin_reward = torch.exp(-spin * 0.5)

    # hovering effort per rotor, and its imbalance
    rotor_mean = state.rotor_speeds.mean(dim=1, keepdim=True)
    imbalance = torch.var(state.rotor_speeds, dim=1, unbiased=False) + 0.0 * rotor_mean.squeeze(-1)
    imbalance_penalty = -torch.log1p(imbalance)

    rate = (action - previous_action).abs().max(dim=-1)[0]
    rate_penalty = -rate

    crash_penalty = -state.crashed.float()

    reward = position_reward + position_reward * (up_reward + spin_reward)
    reward = torch.where(state.crashed, -torch.ones_like(reward), reward)
    return reward, {
        "position": position_reward,
        "upright": up_reward,
        "spin": spin_reward,
        "imbalance": imbalance_penalty,
        "rate": rate_penalty,
        "crash": crash_penalty,
    }
