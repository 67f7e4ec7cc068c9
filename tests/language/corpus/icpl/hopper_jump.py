# state: hopper
# original: torch batch
from typing import Tuple, Dict
import torch


def reward(state, previous, action: torch.Tensor) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
    # The person preferred high jumps with a soft landing
    torso_height = state.z
    baseline: float = 1.25
    jump_height = torch.relu(torso_height - baseline)
    height_scale: float = 4.0
    height_reward = torch.exp(height_scale * jump_height) - 1.0

    up_vel = torch.clamp(state.z_velocity, min=0.0)
    vel_reward = 1.0 - torch.exp(-0.5 * up_vel)

    landing = (previous.foot_contact == False) & state.foot_contact
    landing_cost = torch.where(landing, -torch.abs(previous.z_velocity), torch.zeros_like(up_vel))

    leg_rate = torch.stack([state.thigh_velocity, state.leg_velocity, state.foot_velocity], dim=-1)
    smooth = -0.001 * torch.sum(leg_rate ** 2, dim=-1)
    rew = height_reward + vel_reward + 0.2 * landing_cost + smooth
    return rew, {"height_reward": height_reward, "vel_reward": vel_reward,
                 "landing_cost": landing_cost, "smooth": smooth}
