# state: pendulum
# original: torch batch
from typing import Tuple, Dict
import torch


def reward(state, action: torch.Tensor) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
    angle_temp: float = 0.5
    vel_temp: float = 2.0
    upright = (torch.cos(state.angle) + 1.0) / 2.0
    angle_reward = torch.exp((upright - 1.0) / angle_temp)
    vel_reward = torch.exp(-torch.abs(state.angular_velocity) / vel_temp) * upright
    torque_cost = -0.01 * torch.square(action[:, 0] / state.torque_limit)
    total_reward = angle_reward + 0.3 * vel_reward + torque_cost
    return total_reward, {"angle": angle_reward, "velocity": vel_reward, "torque": torque_cost}
