# state: drawer
# original: torch batch
import torch


def reward(state, action, previous, initial):
    # keep the opening speed near its target while the wrist stays aligned
    target_rate = 0.02
    rate = state.opening - previous.opening
    rate_reward = torch.exp(-torch.abs(rate - target_rate) / 0.01)
    align = torch.abs(torch.sum(state.hand_quat * state.handle_quat, dim=-1))
    align_reward = torch.pow(align, 4)
    drift = torch.norm(state.hand[:, :2] - initial.hand[:, :2], dim=-1)
    drift_penalty = -torch.clamp(drift - 0.3, min=0.0)
    return rate_reward * align_reward + drift_penalty, {
        "rate": rate_reward, "align": align_reward, "drift": drift_penalty}
