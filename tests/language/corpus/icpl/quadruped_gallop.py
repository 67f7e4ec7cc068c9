# state: quadruped
# original: torch batch
from typing import Tuple, Dict
import torch
from torch import Tensor


def reward(state, action: Tensor) -> Tuple[Tensor, Dict[str, Tensor]]:
    # front feet: 0, 1; hind feet: 2, 3
    contacts = state.foot_contacts.float()
    front = contacts[:, :2].sum(dim=1)
    hind = contacts[:, 2:].sum(dim=1)
    bound_reward = torch.abs(front - hind) / 2.0

    forward_speed = state.linear_velocity[:, 0]
    speed_temp = 3.0
    speed_reward = torch.clamp(forward_speed / speed_temp, -1.0, 1.5)

    lateral = torch.abs(state.linear_velocity[:, 1])
    lateral_penalty = -0.5 * lateral

    # stride: distance between the front and the hind feet
    front_mid = state.feet[:, :2].mean(dim=1)
    hind_mid = state.feet[:, 2:].mean(dim=1)
    stride = torch.norm(front_mid - hind_mid, dim=-1)
    stride_reward = torch.exp(-torch.square(stride - 0.5) / 0.1)

    tracking = 0.5 * bound_reward + speed_reward + stride_reward
    fallen = state.projected_gravity[:, 2] > -0.3
    total = torch.where(fallen, torch.full_like(tracking, -1.0), tracking + lateral_penalty)
    return total, {"bound": bound_reward, "speed": speed_reward, "lateral": lateral_penalty,
                   "stride": stride_reward, "fallen": -fallen.float()}
