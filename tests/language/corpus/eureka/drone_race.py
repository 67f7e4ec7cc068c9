# state: drone
# original: torch batch
import torch


def reward(state, previous, action, xp):
    gate_dists = torch.norm(state.gates - state.position.unsqueeze(1), dim=-1)
    nearest_gate = torch.min(gate_dists, dim=1).values
    gate_reward = torch.exp(-2.0 * nearest_gate)

    before = torch.norm(previous.position - previous.target, dim=-1)
    now = torch.norm(state.position - state.target, dim=-1)
    progress = (before - now) * 10.0

    to_target = (state.target - state.position) / (now.unsqueeze(-1) + 1e-6)
    heading = torch.sum(to_target * state.velocity, dim=-1)
    speed_reward = torch.max(heading, torch.zeros_like(heading))

    low = torch.logical_or(state.position[:, 2] < 0.1, state.battery < 0.05)
    safety = torch.where(low, -1.0, 0.0)

    return {"gate": gate_reward, "progress": progress, "speed": speed_reward, "safety": safety}
