# state: drawer
# original: torch batch
import torch


def quat_conj(q: torch.Tensor) -> torch.Tensor:
    return torch.stack([q[..., 0], -q[..., 1], -q[..., 2], -q[..., 3]], dim=-1)


def quat_multiply(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    return torch.stack([
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    ], dim=-1)


def reward(state, action):
    rot_temp = 0.5
    dist_temp = 0.15
    quat_diff = quat_multiply(state.hand_quat, quat_conj(state.handle_quat))
    rot_dist = 2.0 * torch.asin(torch.clamp(torch.norm(quat_diff[:, 1:4], p=2, dim=-1), max=1.0))
    rot_reward = torch.exp(-rot_dist / rot_temp)
    dist = torch.norm(state.hand - state.handle, p=2, dim=-1)
    dist_reward = torch.exp(-dist / dist_temp)
    grasp_reward = torch.where(state.is_grasped, torch.ones_like(dist), dist_reward * (1.0 - state.gripper_opening))
    return rot_reward + dist_reward + grasp_reward, {
        "rotation": rot_reward, "distance": dist_reward, "grasp": grasp_reward}
