"""Tells how long environments take: in CPU time, which a busy machine does not disturb.

One that waits for a simulator in another process, or for a robot, computes next to nothing; of such
a one the time that passes counts.
"""

import time

WAITS = 0.05
"""Share of the time that passes below which a process mostly waits; a busy machine leaves more."""


class Stopwatch:
    """Counts from when it is made."""

    def __init__(self) -> None:
        self._cpu_s = time.process_time()
        self._wall_s = time.monotonic()

    def seconds(self) -> float:
        """CPU-seconds so far; seconds on the wall where it mostly waited."""
        cpu_s, wall_s = time.process_time() - self._cpu_s, time.monotonic() - self._wall_s
        return wall_s if cpu_s < WAITS * wall_s else cpu_s
