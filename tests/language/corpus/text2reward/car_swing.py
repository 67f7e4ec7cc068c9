# state: car
# original: numpy step
import numpy as np


def reward(state, action, previous, step):
    # energy-like shaping: potential plus kinetic
    height = np.sin(3 * state.position) * 0.45 + 0.55
    energy = height + 100.0 * state.velocity ** 2
    old_height = np.sin(3 * previous.position) * 0.45 + 0.55
    old_energy = old_height + 100.0 * previous.velocity ** 2
    push = 0.0
    if action == 2 and state.velocity > 0:
        push = 0.1
    elif action == 0 and state.velocity < 0:
        push = 0.1
    goal = 0.0
    if state.position >= state.goal_position:
        goal = 100.0 * (1.0 - step / 200.0)
    return {"energy": energy - old_energy, "push": push, "goal": goal}
