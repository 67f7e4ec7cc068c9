# state: drone
# original: torch batch
import torch


def reward(state, action, step, terminated):
    # uprightness first; speed limits only after the first second
    up = state.rotation[:, 2, 2].clamp(-1.0, 1.0)
    upright = 0.5 * (1.0 + up)
    rates = state.angular_velocity.norm(p=2, dim=-1)
    settled = torch.exp(-rates)
    late = (step > 50).float()
    sink = torch.minimum(state.velocity[:, 2], torch.zeros_like(up))
    return {
        "upright": upright,
        "settled": upright * settled,
        "sink": sink * late,
        "alive": (~terminated).float(),
        "effort": -torch.mean(torch.abs(action), dim=-1),
    }
