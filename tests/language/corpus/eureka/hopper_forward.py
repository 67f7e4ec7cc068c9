# state: hopper
# original: torch batch
from typing import Tuple, Dict
import torch


def reward(state, action: torch.Tensor, terminated: torch.Tensor) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
    velocity_temp: float = 1.5
    pitch_temp: float = 0.1

    velocity_reward = 1.0 - torch.exp(-torch.clamp(state.x_velocity, 0.0, 4.0) / velocity_temp)
    pitch_reward = torch.exp(-(state.pitch ** 2) / pitch_temp)
    alive_reward = torch.where(terminated, torch.tensor(0.0), torch.tensor(1.0))
    action_penalty = -torch.sum(action ** 2, dim=-1) * 1e-3

    total_reward = velocity_reward * pitch_reward + alive_reward + action_penalty
    reward_dict = {
        "velocity_reward": velocity_reward,
        "pitch_reward": pitch_reward,
        "alive_reward": alive_reward,
        "action_penalty": action_penalty,
    }
    return total_reward, reward_dict
