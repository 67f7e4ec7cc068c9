# state: quadruped
# original: torch batch
import torch

CONTRACT = 1
TOTAL = "product"
PARAMS = {"speed": 2.0, "speed_temp": 1.0, "height": 0.34, "height_temp": 0.1, "rate_temp": 4.0}
WEIGHTS = {"velocity": 1.0, "height": 1.0, "upright": 1.0, "smooth": 1.0, "limits": 1.0}


def reward(state, action, previous_action, params):
    # ideal forward velocity in the base frame
    velocity = torch.exp(-torch.abs(state.linear_velocity[:, 0] - params.speed) / params.speed_temp)
    height = torch.exp(-torch.abs(state.position[:, 2] - params.height) / params.height_temp)
    upright = torch.exp(-torch.norm(state.projected_gravity[:, :2], dim=1))
    smooth = torch.exp(-torch.norm(action - previous_action, dim=-1) / params.rate_temp)
    low, high = -1.5, 1.5
    violations = (state.joint_angles < low) | (state.joint_angles > high)
    limits = 1.0 - violations.float().mean(dim=-1)
    return {"velocity": velocity, "height": height, "upright": upright, "smooth": smooth, "limits": limits}
