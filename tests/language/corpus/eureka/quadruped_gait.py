# state: quadruped
# original: torch batch
import torch

WEIGHTS = {"trot": 1.0, "forward": 2.0, "stability": 0.5, "limits": 0.1}


def reward(state, action):
    # Diagonal feet should be in the air together
    contacts = state.foot_contacts.to(torch.float32)
    diag_a = contacts[:, 0] * contacts[:, 3]
    diag_b = contacts[:, 1] * contacts[:, 2]
    trot = torch.abs(diag_a - diag_b)

    forward_temp = 2.0
    forward = torch.tanh(state.linear_velocity[:, 0] / forward_temp)

    # Variation of the foot heights around their mean
    spread = torch.std(state.feet[:, :, 2], dim=1)
    stability = torch.exp(-5.0 * spread) * (state.projected_gravity[:, 2] < -0.8).float()

    # Joint limits
    over = torch.clamp(torch.abs(state.joint_angles) - 1.2, min=0.0)
    limits = -over.sum(dim=-1)

    return {"trot": trot, "forward": forward, "stability": stability, "limits": limits}
