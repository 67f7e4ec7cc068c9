# state: quadruped
# original: torch batch
from typing import Tuple, Dict
import torch
from torch import Tensor


@torch.jit.script
def compute_reward(state, action: Tensor, previous_action: Tensor) -> Tuple[Tensor, Dict[str, Tensor]]:
    # Temperature parameters for the exponential transformations
    lin_vel_temp: float = 0.25
    ang_vel_temp: float = 0.25
    action_rate_temp: float = 8.0

    # Track the commanded planar velocity
    lin_vel_error = torch.sum(torch.square(state.command[:, :2] - state.linear_velocity[:, :2]), dim=1)
    lin_vel_reward = torch.exp(-lin_vel_error / lin_vel_temp)

    # Track the commanded yaw rate
    ang_vel_error = torch.square(state.command[:, 2] - state.angular_velocity[:, 2])
    ang_vel_reward = torch.exp(-ang_vel_error / ang_vel_temp)

    # Keep consecutive actions close to each other
    action_rate = torch.norm(action - previous_action, p=2, dim=-1)
    smoothness = torch.exp(-action_rate / action_rate_temp)

    total_reward = lin_vel_reward + 0.5 * ang_vel_reward + 0.1 * smoothness

    reward_components = {
        "lin_vel_reward": lin_vel_reward,
        "ang_vel_reward": ang_vel_reward,
        "smoothness": smoothness,
    }
    return total_reward, reward_components
