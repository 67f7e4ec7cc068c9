# state: quadruped
# original: torch batch
from typing import Tuple, Dict
import torch


def reward(state, action) -> Tuple[torch.Tensor, Dict[str, torch.Tensor]]:
    """Lift the feet while walking and do not let them slip."""
    clearance_temp = 0.02
    slip_temp = 0.5

    foot_heights = state.feet[:, :, 2]
    swing = ~state.foot_contacts
    target_clearance = 0.08
    clearance_error = torch.sum(torch.square(foot_heights - target_clearance) * swing.float(), dim=1)
    clearance_reward = torch.exp(-clearance_error / clearance_temp)

    foot_speed = torch.norm(state.feet_velocity[:, :, :2], dim=-1)
    slip = torch.sum(foot_speed * state.foot_contacts.float(), dim=-1)
    slip_reward = torch.exp(-slip / slip_temp)

    max_force, _ = torch.max(state.foot_forces, dim=-1)
    impact_penalty = -torch.relu(max_force - 60.0) / 100.0

    any_contact = torch.any(state.foot_contacts, dim=1)
    contact_bonus = torch.where(any_contact, torch.ones_like(slip), torch.zeros_like(slip))

    reward = clearance_reward + slip_reward + impact_penalty + 0.1 * contact_bonus
    return reward, {"clearance": clearance_reward, "slip": slip_reward,
                    "impact": impact_penalty, "contact": contact_bonus}
