# state: reacher
# original: torch batch
from typing import Tuple, Dict
import torch
from torch import Tensor


def reward(state, action: Tensor) -> Tuple[Tensor, Dict[str, Tensor]]:
    # Distance from the fingertip to the target
    dist_temp = torch.tensor([0.1])
    fingertip_dist = torch.norm(state.fingertip - state.target, p=2, dim=-1)
    dist_reward = torch.exp(-fingertip_dist / dist_temp)

    # Bonus for being very close
    close_bonus = torch.where(fingertip_dist < 0.02, 1.0, 0.0)

    # Penalise fast joints near the target
    speed = torch.linalg.norm(state.joint_velocities, dim=-1)
    settle = -(fingertip_dist < 0.05).float() * torch.tanh(speed)

    control_cost = -0.05 * action.pow(2).sum(-1)
    reward = dist_reward + close_bonus + settle + control_cost
    return reward, {
        "dist_reward": dist_reward,
        "close_bonus": close_bonus,
        "settle": settle,
        "control_cost": control_cost,
    }
