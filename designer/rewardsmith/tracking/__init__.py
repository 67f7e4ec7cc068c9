"""Experiment trackers that a run reports to while it goes: fed by the driver, never by a worker."""
