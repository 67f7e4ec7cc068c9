# state: drawer
# original: torch batch
from typing import Tuple, Dict
import torch
import torch.nn.functional as F


@torch.jit.script
def compute_reward(state, action: torch.Tensor) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
    reach_temp = 0.1
    open_temp = 0.05

    to_handle = state.handle - state.hand
    hand_to_handle = torch.norm(to_handle, dim=-1)
    reach_reward = torch.exp(-hand_to_handle / reach_temp)

    # Move towards the handle
    direction = F.normalize(to_handle, dim=-1)
    approach = torch.sum(direction * state.hand_velocity, dim=-1)
    approach_reward = torch.clamp(approach, -1.0, 1.0)

    open_amount = torch.clamp(state.opening / state.max_opening, 0.0, 1.0)
    open_reward = 1 - torch.exp(-open_amount / open_temp)

    success = (state.opening >= 0.9 * state.max_opening)
    success_bonus = success.float() * 10.0

    total_reward = 0.5 * reach_reward + 0.2 * approach_reward + 2.0 * open_reward + success_bonus
    return total_reward, {"reach_reward": reach_reward, "approach_reward": approach_reward,
                          "open_reward": open_reward, "success_bonus": success_bonus}
