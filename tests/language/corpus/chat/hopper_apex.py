# state: hopper
# original: numpy step
import numpy as np

PARAMS = {"apex_height": 1.5}
MEMORY = {"best": 0.0, "hops": 0}


def reward(state, action, previous, memory, params):
    """Reward each new personal best in height, and every hop."""
    rising = previous.z_velocity > 0
    falling = state.z_velocity <= 0
    apex = rising and falling and not state.foot_contact
    new_best = max(memory.best, state.z)
    improvement = new_best - memory.best
    hops = memory.hops + 1 if apex else memory.hops
    components = {"improvement": improvement, "apex": 0.0, "near": 0.0}
    if apex:
        components["apex"] = 1.0 + min(state.z / params.apex_height, 1.0)
    components["near"] = np.exp(-((state.z - params.apex_height) / 0.2) ** 2)
    return components, {"best": new_best, "hops": hops}
