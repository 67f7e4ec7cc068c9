# state: quadruped
# original: torch batch
from typing import Tuple, Dict
import torch


def reward(state, action: torch.Tensor) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
    device = action.device
    upright_temperature = 0.3
    height_temperature = 0.05
    target_height = torch.tensor(0.3, device=device)

    up = -state.projected_gravity[..., 2]
    upright_reward = torch.exp((up - 1.0) / upright_temperature)

    height_error = torch.abs(state.position[:, 2] - target_height)
    height_reward = torch.exp(-height_error / height_temperature)

    joint_deviation = torch.mean(torch.abs(state.joint_angles - state.default_angles), dim=-1)
    posture_penalty = -torch.clamp(joint_deviation, max=1.0)

    energy = torch.sum(torch.abs(state.torques * state.joint_velocities), dim=-1)
    energy_penalty = -0.001 * energy

    total = upright_reward + height_reward + posture_penalty + energy_penalty
    return total, {
        "upright_reward": upright_reward,
        "height_reward": height_reward,
        "posture_penalty": posture_penalty,
        "energy_penalty": energy_penalty,
    }
