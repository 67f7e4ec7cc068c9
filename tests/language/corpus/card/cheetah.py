# state: cheetah
# original: numpy step
def reward(state, action, previous):
    import numpy as np
    forward = state.x_velocity
    ctrl = np.mean(np.square(action))
    bounce = np.abs(state.z_velocity)
    info = {
        'forward_reward': 1.5 * forward if forward > 0 else 0.5 * forward,
        'control_cost': -0.05 * ctrl,
        'bounce_cost': -0.1 * bounce,
        'flip_cost': -1.0 * (np.abs(state.pitch) > 1.2),
    }
    reward = 0
    for value in info.values():
        reward += value
    return reward, info
