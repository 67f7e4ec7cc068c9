# state: cheetah
# original: torch batch
import torch


def reward(state, action, previous_action):
    rew: Dict[str, torch.Tensor] = {}
    # Ground speed, saturating at 6 m/s
    speed_scale = 6.0
    rew["speed"] = torch.tanh(state.x_velocity / speed_scale)
    # Alternate front and back foot
    front, back = state.foot_contacts[:, 0], state.foot_contacts[:, 1]
    rew["alternate"] = (front ^ back).float()
    # Keep the torso level
    rew["level"] = torch.exp(-3.0 * state.pitch.abs())
    # Quiet joints: mean absolute velocity of the hind leg and the fore leg
    hind = state.joint_velocities[:, 0:3].abs().mean(dim=-1)
    fore = state.joint_velocities[:, 3:6].abs().mean(dim=-1)
    rew["quiet"] = -0.02 * torch.maximum(hind, fore)
    rew["symmetry"] = -0.05 * torch.abs(hind - fore)
    rew["smooth"] = -0.1 * torch.mean((action - previous_action) ** 2, dim=-1)
    return rew
