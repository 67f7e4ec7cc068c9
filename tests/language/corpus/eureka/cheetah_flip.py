# state: cheetah
# original: torch batch
import torch
import math


def reward(state, previous, action):
    spin_temp = 5.0
    # Backward rotation of the torso
    spin = -state.pitch_velocity
    spin_reward = torch.sigmoid(spin / spin_temp)

    # Progress in the unwrapped angle
    delta = state.pitch - previous.pitch
    delta = torch.remainder(delta + math.pi, 2 * math.pi) - math.pi
    turn_reward = -delta / math.pi

    airborne = torch.logical_not(state.foot_contacts).all(dim=-1)
    height_reward = torch.clip(state.height - 0.5, 0.0, 1.0) * airborne

    drift = torch.abs(state.x_velocity)
    drift_penalty = -0.1 * torch.minimum(drift, torch.full_like(drift, 5.0))

    return spin_reward + turn_reward + height_reward + drift_penalty, {
        "spin": spin_reward, "turn": turn_reward, "height": height_reward, "drift": drift_penalty}
