# state: drone
# original: torch batch
from typing import Tuple, Dict
import torch


def reward(state, action: torch.Tensor) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
    roll_rate = state.angular_velocity[:, 0]
    flip_reward = torch.tanh(torch.abs(roll_rate) / 8.0)

    target_dist = torch.linalg.norm(state.target - state.position, dim=-1)
    stay_reward = 1.0 / (1.0 + target_dist * target_dist)

    # world z axis seen from the body
    z_axis = state.rotation[:, :, 2]
    upright = z_axis[:, 2]
    altitude_ok = torch.gt(state.position[:, 2], 0.5).float()
    bottom_penalty = torch.where(state.position[:, 2] < 0.3, -2.0 * torch.ones_like(upright), torch.zeros_like(upright))
    thrust = torch.sum(action, dim=-1) / 4.0
    thrust_cost = -0.05 * thrust ** 2
    total = flip_reward * altitude_ok + stay_reward + bottom_penalty + thrust_cost
    return total, {"flip": flip_reward * altitude_ok, "stay": stay_reward, "upright": upright,
                   "bottom": bottom_penalty, "thrust": thrust_cost}
