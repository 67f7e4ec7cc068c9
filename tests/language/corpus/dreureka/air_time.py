# state: quadruped
# original: numpy step
import numpy as np

CONTRACT = 1
MEMORY = {"air_time": [0.0, 0.0, 0.0, 0.0], "last_contacts": [0.0, 0.0, 0.0, 0.0]}
WEIGHTS = {"air_time": 1.0, "tracking": 1.5}


def reward(state, action, memory):
    contact = state.foot_forces > 1.0
    filtered = np.logical_or(contact, memory.last_contacts > 0.5)
    first_contact = (memory.air_time > 0.0) & filtered
    air_time = memory.air_time + state.dt
    paid = np.sum((air_time - 0.5) * first_contact)
    paid *= np.linalg.norm(state.command[:2]) > 0.1
    tracking = np.exp(-np.sum(np.square(state.command[:2] - state.linear_velocity[:2])) / 0.25)
    air_time = air_time * ~filtered
    return {"air_time": paid, "tracking": tracking}, {
        "air_time": air_time, "last_contacts": contact.astype(np.float32)}
